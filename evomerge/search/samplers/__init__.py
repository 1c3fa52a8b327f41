"""What proposes recipes."""
