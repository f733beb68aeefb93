"""What came out? Reports of layouts, boards and forecasts as JSON data, and in words. Same input, same bytes."""
