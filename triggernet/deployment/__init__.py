"""From a trained model to a project, its executors, and their agreement."""
