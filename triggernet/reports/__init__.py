"""What a design costs, what is allowed, and the report on it."""
