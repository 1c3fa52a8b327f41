"""What a person reads at the end of a search: table, report, best recipe."""
