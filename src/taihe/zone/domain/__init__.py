"""What decides about projects and figures: no Django, no database, no clock."""
