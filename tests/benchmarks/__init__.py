"""The measuring programs work, on the smallest sizes, and what went wrong cannot pass for a figure that holds."""
