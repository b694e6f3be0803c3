"""nanopelican."""
