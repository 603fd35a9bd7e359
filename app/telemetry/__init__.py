"""What a gateway tells of itself: what it counts, the traces that it exports, and what its log lines are about."""
