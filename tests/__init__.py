"""Orderbridge's tests; `make test` runs all of them, on SQLite and on a PostgreSQL that the suite starts itself."""
