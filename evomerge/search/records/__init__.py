"""What a search remembers: runs, studies and trials, each change whole or not at all."""
