"""semiequivariant."""
