"""What needs more than Python: run by `make test-system`, which installs it."""
