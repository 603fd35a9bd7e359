"""The HTTP API as a caller meets it."""
