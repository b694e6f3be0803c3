"""Questions that are asked of several runs."""
