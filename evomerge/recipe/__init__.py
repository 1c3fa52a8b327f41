"""A recipe: one point of a space, a mergekit configuration without holes."""
