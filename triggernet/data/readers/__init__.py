"""Files of jets, recognised by their content."""
