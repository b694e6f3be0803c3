"""What a trigger allows, and the verdict on a design."""
