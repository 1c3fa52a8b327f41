"""Whether models, recipes, tasks and memory fit, before anything is loaded."""
