"""All that is known about merge methods, as data."""
