"""What changed between two bump maps: an ECO list as a value, and its forms."""
