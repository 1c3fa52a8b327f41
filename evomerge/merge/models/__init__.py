"""Models as files: where they lie, what they say of themselves, what stays in memory."""
