"""`python -m evomerge` is the command line."""

from evomerge.cli import main

main()
