"""The HTTP API: routes, the edge that every request passes, and what OpenAPI says of both."""
