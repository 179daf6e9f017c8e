"""For all tests: property-based ones run as long as they need, on a machine that may be busy. With
`--hypothesis-profile thorough` they look at ten times as many examples.

Coverage is measured of `checks/` and `azure/`, and only by the tests that are there to show what these do. What another
test runs on its way is not counted, which also spares those tests the price of being traced.
"""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent
COUNTED = {"azure", "checks", "scenarios"}

settings.register_profile("aumdoctor", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("aumdoctor")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Pause coverage around what does not count. (pytest-cov's `no_cover` does nothing in a worker of pytest-xdist:
    coverage is started twice there, and to pause the one resumes the other.)"""
    if item.path.relative_to(TESTS).parts[0] in COUNTED and item.get_closest_marker("uncounted") is None:
        return (yield)
    trace, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(trace)
        threading.settrace(of_threads)
