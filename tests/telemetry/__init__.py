"""What a gateway tells of itself: metrics, traces, log lines, and what is shipped to watch and run it."""
