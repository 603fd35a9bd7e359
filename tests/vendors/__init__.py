"""Tests of the vendors, one folder each."""
