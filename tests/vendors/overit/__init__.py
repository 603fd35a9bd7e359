"""Tests of the OverIT vendor."""
