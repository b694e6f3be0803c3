"""Flavour tagging: jets with tracks."""
