"""Delivery: the worker that takes accepted writes to the vendors, finds out what became of them, and watches the orders."""
