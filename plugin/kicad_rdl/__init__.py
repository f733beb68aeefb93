"""From a die's bump map to a finished package layout in KiCad."""

__version__ = "0.1.0"
