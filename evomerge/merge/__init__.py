"""Recipe → weights, in memory or on disk, always through mergekit. Import the modules you need."""
