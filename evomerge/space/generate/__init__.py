"""Recipes that nobody has to write: shorthand written out, and generation 0."""
