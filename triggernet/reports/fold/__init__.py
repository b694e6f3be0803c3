"""The smallest design that a budget allows."""
