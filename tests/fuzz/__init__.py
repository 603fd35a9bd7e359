"""The API attacked by its own contract: `make fuzz` for long, tests/system for a short while."""
