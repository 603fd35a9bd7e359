"""Orderbridge: one JSON API for work orders, whatever system the client runs."""
