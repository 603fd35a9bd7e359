"""How it grows: what an update costs, a model of capacity from that, a simulated day that checks the model, and partitions.

`python -m benchmarks.scaling` measures, simulates, looks at the plans of the hot statements, and writes the tables of
`docs/scaling.md` anew.
"""
