"""What insight decides: facts of a resource, small cells, words of the morning."""
