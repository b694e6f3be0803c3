"""Training and judging models: recipes, run folders, metrics."""
