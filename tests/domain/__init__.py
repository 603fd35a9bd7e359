"""The domain: tables and pure checks."""
