"""The ledger: idempotency keys, operations, attempts, orders, holds and events, and every query on them.

One table set for SQLite and PostgreSQL. Work on it is written as units (`sql.py`), which a store runs in one transaction.
"""
