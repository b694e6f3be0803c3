"""jedilinear."""
