"""Tests of NexusFS: the adapter and, apart from it, the simulator."""
