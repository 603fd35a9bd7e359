"""The vendors, one folder each. To add a fifth:

1. Make `app/vendors/<slug>/` with `settings.py` (its `[backends.*]` section), `tables.py` (codes and workflow, as data),
   `translate.py` (pure functions between its words and ours), `adapter.py` (the VendorAdapter of `app/domain/ports.py`),
   `simulator.py` (a real HTTP server by the vendor's documents, importing none of the others) and `__init__.py` with
   `VENDOR = Vendor(...)`.
2. Add one import and one line to `registry.py`.
3. Add `tests/vendors/<slug>/` with the vendor's documented messages. The contract suite picks the vendor up by itself.

What any vendor needs stands beside the folders: `transport.py` (one request, one answer: an `exchange.py`), `tokens.py` (one
log-in for all), `replies.py` and `json_bodies.py` (reading an answer), `meanings.py` (what it comes to), `status_csv.py`,
`reasons.py`, `status_proof.py`, `findings.py`; and for simulators `simulation.py` and `simulation_*.py`. A folder imports these,
and never another folder.

Nothing else changes: settings, routes, openapi.yaml, migrations and CI know vendors only through the registry.
"""
