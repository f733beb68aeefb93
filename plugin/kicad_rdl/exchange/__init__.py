"""What other programs exchange: bump maps and ball maps, as tables, AIF and 3Dblox."""
