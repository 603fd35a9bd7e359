"""What Orderbridge is measured against: the same job written by hand, in Python and in Node (see README.md here)."""
