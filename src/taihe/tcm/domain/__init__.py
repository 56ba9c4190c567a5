"""What TCM decides, as pure functions: facts and rule rows in, findings and verdicts out."""
