"""The scripts, oldest first by their dates."""
