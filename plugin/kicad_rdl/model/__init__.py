"""The things: die, package, stackup, technology, layout, report. Frozen, and valid if they exist."""
