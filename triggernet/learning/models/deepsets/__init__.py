"""deepsets."""
