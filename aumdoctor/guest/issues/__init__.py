"""Known issues that are judged on what was found inside machines, one a file."""
