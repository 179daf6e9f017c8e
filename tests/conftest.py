"""For all tests: property-based ones run as long as they need, on a machine that may be busy. With
`--hypothesis-profile thorough` they look at ten times as many examples.

Coverage is measured of `checks/` and `azure/`, and only by the tests that are there to show what these do. What another
test runs on its way is not counted, which also spares those tests the price of being traced.
"""

from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent
COUNTED = {"azure", "checks", "scenarios"}

settings.register_profile("aumdoctor", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("aumdoctor")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(TESTS).parts[0] not in COUNTED:
            item.add_marker(pytest.mark.no_cover)
