"""The command line: options in, exit code out. The one room that prints."""
