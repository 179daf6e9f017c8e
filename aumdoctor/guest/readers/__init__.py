"""Readers of artefacts, one kind a file."""
