"""What stands behind the login."""
