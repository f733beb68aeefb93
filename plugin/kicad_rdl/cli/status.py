"""The exit status of the commands."""

CLEAN, PROBLEMS, UNUSABLE, BUG, STOPPED, READER_GONE = 0, 1, 2, 3, 130, 141
