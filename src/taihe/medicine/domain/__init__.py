"""Prescriptions without a database: what one holds, what is wrong with it, its states."""
