"""What claims decides: pure, without a database and without a clock."""
