"""An example of a model family outside triggernet."""
