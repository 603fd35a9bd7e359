"""The vendor contract: one body of tests, run for every vendor in the registry."""
