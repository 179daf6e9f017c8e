"""aumdoctor: the doctor for Azure Update Manager."""

__version__ = "0.1.0"
