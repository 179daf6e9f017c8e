"""Decodes what Azure sends, straight from bytes, into the model; one file per family of answers."""
