"""医药: the catalogue, and one prescription's way from a desk to the pharmacy."""
