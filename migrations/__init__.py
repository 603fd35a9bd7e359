"""The history of the ledger's tables: one for SQLite and PostgreSQL."""
