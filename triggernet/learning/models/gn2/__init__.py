"""GN2: a transformer on the tracks of a jet."""
