"""What is learned, from which blocks, by which recipe, and how good it is."""
