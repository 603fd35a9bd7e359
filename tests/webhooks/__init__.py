"""Webhooks: what is sent, to whom, when, and never to our own network."""
