"""nanoPELICAN (Bogatskiy, Hoffman, Offermann 2023)."""
