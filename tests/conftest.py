"""For all tests: property-based ones run as long as they need, on a machine that may be busy. With
`--hypothesis-profile thorough` they look at many more examples.
"""

import gc

from hypothesis import settings

settings.register_profile("aumdoctor", deadline=None, max_examples=60)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("aumdoctor")


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not look at it after every few objects of a test."""
    gc.set_threshold(50_000, 20, 100)
