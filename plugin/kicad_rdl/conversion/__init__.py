"""Bump maps of any format read, written in another one, and compared: readers and writers joined."""
