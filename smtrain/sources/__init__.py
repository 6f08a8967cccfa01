"""Readers of tables: files, pipes, DataFrames become typed rows, and each row knows its place for messages."""
