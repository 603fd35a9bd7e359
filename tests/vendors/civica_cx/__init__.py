"""Tests of Civica Cx: the adapter and, apart from it, the simulator."""
