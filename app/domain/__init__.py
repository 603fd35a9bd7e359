"""The nouns of the product: work orders, statuses, operations, errors and the vendor port. No I/O, no framework."""
