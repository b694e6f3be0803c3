"""JEDI-linear: linear maps of each constituent and of the sum of all."""
