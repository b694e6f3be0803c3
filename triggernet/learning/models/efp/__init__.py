"""Energy-flow polynomials and a linear classifier."""
