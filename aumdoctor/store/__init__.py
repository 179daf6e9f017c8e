"""The doctor's own files."""
