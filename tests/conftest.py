"""For all tests: property-based ones run as long as they need, on a machine that may be busy."""

from hypothesis import settings

settings.register_profile("aumdoctor", deadline=None)
settings.load_profile("aumdoctor")
