"""What came out? The report of a layout as JSON data, and its summary in words. Same layout, same bytes."""
