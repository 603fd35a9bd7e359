"""A full ledger: rows as the product writes them, loaded in bulk, and what the lists and the clearing up cost on it."""
