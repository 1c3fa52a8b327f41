"""Every private name of mergekit that evomerge relies on."""
