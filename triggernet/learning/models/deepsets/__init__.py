"""DeepSets: one network for every constituent, their sum, one for the jet."""
