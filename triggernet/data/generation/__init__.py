"""Jets from Pythia 8, a fast detector response and fastjet."""
