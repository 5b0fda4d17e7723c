"""Checking a batch in the reader's own browser."""
