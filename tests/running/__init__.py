"""Gateways as processes of their own, several on one database: how they start, stop and take turns."""
