"""Migrations of insight."""
