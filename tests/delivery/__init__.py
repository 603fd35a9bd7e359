"""Delivery: what becomes of an accepted write, on each store, in front of a vendor that has bad days."""
