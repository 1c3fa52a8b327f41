"""YAML in, a space out, every mistake at once."""
