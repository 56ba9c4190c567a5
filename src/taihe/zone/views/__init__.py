"""Views of the zone site: they gather, presenters format, templates show."""
