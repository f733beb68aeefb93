"""KiCad's own program, where it is installed."""
