"""LundNet: a graph network on the Lund tree of a jet."""
