"""Each known issue alone, on the only machine of a subscription: it is found, and nothing that does not follow."""

from collections import defaultdict
from datetime import UTC, datetime

from aumdoctor.demo.estate import add_arc, add_vm, empty_estate, plant
from aumdoctor.demo.plants import FOLLOWS, PLANTS
from aumdoctor.demo.plants.recipe import LINUX_ARC, LINUX_VM, VMS
from aumdoctor.model import ids
from tests.scenarios.conftest import Serve

ARC_COSTS = "AUM127"
"""Told of every subscription with Arc-enabled servers."""


def test_an_issue_alone_is_found_with_what_follows_from_it(serve: Serve) -> None:
    state = empty_estate(datetime.now(UTC).replace(microsecond=0), subscriptions=len(PLANTS))
    planted = dict(zip(PLANTS, state.subscriptions, strict=True))
    for check, subscription in planted.items():
        for shape in PLANTS[check].shapes:
            add = add_vm if shape in VMS else add_arc
            os_type = "Linux" if shape in (LINUX_VM, LINUX_ARC) else "Windows"
            plant(state, check, add(state, subscription=subscription, name=f"{check}-{shape}", os_type=os_type))

    examination = serve(estate=state).examine()

    found = {(finding.check, ids.key(finding.resource_id)) for finding in examination.findings}
    assert state.truth - found == set()
    beside = defaultdict(set)
    for check, resource in found - state.truth - {(ARC_COSTS, f"/subscriptions/{at}") for at in state.subscriptions}:
        beside[ids.subscription_of(resource)].add(check)
    not_following = {
        check: beside[subscription] - FOLLOWS.get(check, frozenset()) for check, subscription in planted.items()
    }
    assert {check: findings for check, findings in not_following.items() if findings} == {}
    assert examination.unknowns == ()
