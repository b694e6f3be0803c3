"""DIPS: DeepSets on the tracks of a jet."""
