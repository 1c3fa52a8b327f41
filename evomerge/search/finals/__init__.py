"""The end of a search: who is best, and what that is worth."""
