"""The cures, one a file: exact calls as data."""
