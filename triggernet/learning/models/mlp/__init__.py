"""Dense layers on the leading constituents."""
