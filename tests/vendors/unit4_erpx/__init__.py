"""Tests of Unit4 ERPx: the adapter, and the simulator by raw requests."""
