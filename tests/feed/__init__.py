"""Tests of the event feed, its stream, the timeline and the evidence document."""
