"""The documentation: its commands run as they stand, its site, and the pages that are made from the code."""
