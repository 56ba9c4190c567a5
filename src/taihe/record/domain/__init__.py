"""What the record decides without a database and without a clock."""
