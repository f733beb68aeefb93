"""What other programs exchange: ball maps."""
