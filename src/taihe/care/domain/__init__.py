"""What care decides without a database and a clock."""
