"""What the gateway costs: measuring programs, canned vendors, and the same job as others would write it; `make bench`.

`python -m benchmarks --list` names the figures. A figure's module has `FIGURES` and `async def measure(lab)`; it starts what it
needs on the lab (`lab.py`): vendors (`vendors/`), gateways (`gateway.py`), load (`load.py`), anything else (`Lab.start`). Each
of them is a process of its own, so that what one costs is not counted with another.
"""
