"""Drawings as data: line icons and the sketch map of the nine counties."""
