"""AUM139: Azure refused reads of this scan because there were too many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Gap
from aumdoctor.model.finding import Severity

_TOO_MANY_REQUESTS = 429


@check(
    id="AUM139",
    name="throttled",
    severity=Severity.LOW,
    applies_to=Subject.ESTATE,
    needs=(),
    remedies=("scan-slower",),
    source="Microsoft Learn: Understand how Azure Resource Manager throttles requests; "
    "Guidance for throttled requests in Azure Resource Graph",
)
def throttled(estate: Estate, context: Context) -> Iterator[Observation]:
    """Azure refused reads of this scan with 429 (too many requests) until the scan gave up on them.

    ## Why it matters
    What was not read is unknown: findings may be missing. The limits count for everybody who signs in as the same
    principal, so that this scan may also slow down others, or be slowed down by them.

    ## What to do
    Scan again with a lower `--concurrency`, at another time, or a part of the subscriptions at once. Where other tools
    sign in with the same identity, give the scan one of its own.

    ## When it is wrong
    A refusal that was waited out leaves no gap and is not told here. That one part was not read says nothing about
    whether it is healthy.
    """
    refused: dict[str, list[Gap]] = defaultdict(list)
    for gap in estate.gaps:
        if gap.status == _TOO_MANY_REQUESTS:
            subscription = ids.subscription_of(gap.scope)
            refused[ids.subscription_scope(subscription) if subscription else gap.scope].append(gap)
    for scope, gaps in refused.items():
        known = estate.subscriptions_by_id.get(ids.subscription_of(scope))
        where = f"subscription {known.name or known.id}" if known is not None else "the tenant"
        yield observe(
            f"Azure refused what was asked about {where} as too many requests: "
            f"{', '.join(dict.fromkeys(gap.operation for gap in gaps))}; what it would have told is unknown",
            *(
                sign(f"gaps[?operation == '{gap.operation}'].status", gap.status, 200, fact=gap.fact or Fact.MACHINE)
                for gap in gaps
            ),
            resource_id=scope,
            machines=(),
            scope=scope,
        )
