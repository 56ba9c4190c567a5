"""What chronic care decides, as pure functions: facts and rule rows in, results out."""
