"""triggernet takes jet taggers from simulated collisions to verified trigger firmware."""

# The one place that states the version: pyproject.toml reads it from here.
__version__ = "0.1.0"
