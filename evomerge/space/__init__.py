"""A search space: YAML with holes in, recipes out. Reading one needs no torch."""
