"""The registry half of the console, over HTTP."""
