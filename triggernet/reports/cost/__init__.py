"""What a design costs: figures, how they were obtained, and how far off they may be."""
