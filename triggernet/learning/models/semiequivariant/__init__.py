"""SemiEquivariantNet: message passing of scalars, four-vectors and hidden features."""
