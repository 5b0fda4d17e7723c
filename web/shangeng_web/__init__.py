"""The application: settings, pages, console, API and the command line."""
