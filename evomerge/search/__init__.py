"""The search: ask, dispatch, tell, then judge what was found."""
