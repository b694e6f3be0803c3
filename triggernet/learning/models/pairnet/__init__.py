"""The symmetric pair network: a sum over the others of free functions of each pair."""
