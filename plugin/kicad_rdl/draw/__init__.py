"""Drawings of a layout, as SVG text for people: copper by layer, openings, and all of it together."""
