"""What is known beyond the checks: dated data files with their sources, and the loaders that validate them."""
