"""What a model is asked for, and by what it is judged."""
