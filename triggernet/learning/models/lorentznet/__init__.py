"""lorentznet."""
