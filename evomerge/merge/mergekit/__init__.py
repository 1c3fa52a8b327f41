"""All that is asked of mergekit: plans, runs, folders, failures; private names in `private`."""
