"""Chaos: gateways killed in mid-work, vendors behind faulty wires, races, dead databases; the vendors' effects are the witness.

- `plan.py`: what a gateway process is started with: hurried timings, a failpoint, planted bugs (`planted.py`).
- `gateway_process.py`, `vendor_process.py`: real processes that serve real HTTP, started in 0.3 s, killed with SIGKILL.
- `proxy.py`, `wire_faults.py`: the faulty wire between a gateway and a vendor's simulator; every fault is counted by kind.
- `trades.py`, `clients.py`, `history.py`: what the callers write, and what they were told (ok, fail, info).
- `evidence.py`, `checker.py`: what the ledger and the vendors say afterwards, and the rules that all three have to keep.
- `world.py`, `run.py`, `report.py`: it all together; kill loops; floors, figures, the table at the end.
- `races.py`, `dead_database.py`: same keys fifty wide; PostgreSQL killed and started again under load.
- `stage.py`, `staged.py`: one caller and gateways that may die, stand still or have a wrong clock, for the single scenes of
  `test_failpoints.py` (`worst_moments.py`), `test_zombie.py` and `test_clocks.py`.
- `planted*.py`, `patching.py`: bugs, each switched on alone; `hunts.py`: which of the `scenes*.py` catches which.

`pytest tests/chaos` is the short tier, part of `make test`; `make chaos` is the long one (`python -m tests.chaos --help`).
"""
