"""Tests of the capacity model, of the simulation that checks it, and of what partitions the ledger's statements touch."""
