"""Which subscriptions a collection is about."""

from __future__ import annotations

import difflib
import re

import msgspec

from aumdoctor.azure import arm
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.session import Session
from aumdoctor.azure.wire.base import Malformed
from aumdoctor.azure.wire.subscriptions import descendant_subscription
from aumdoctor.azure.wire.subscriptions import subscription as decode_subscription
from aumdoctor.errors import UsageError
from aumdoctor.model import ids
from aumdoctor.model.estate import Subscription

_MACHINE = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/"
    r"(Microsoft\.Compute/virtualMachines|Microsoft\.HybridCompute/machines)/[^/]+",
    re.IGNORECASE,
)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class ScopeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for. Subscriptions by id or name, machines by id or name, tags as `name=value`."""

    subscriptions: tuple[str, ...] = ()
    management_groups: tuple[str, ...] = ()
    all_subscriptions: bool = False
    resource_groups: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()


async def subscriptions_in_scope(session: Session, request: ScopeRequest) -> list[Subscription]:
    """The subscriptions of a request, in the order of their ids.

    One that was named by id and that the caller cannot list is kept: reading it will tell why. Raises UsageError for a
    name that no subscription has, for two of one name, and where nothing at all can be listed; ReadFailure where the
    list itself cannot be read.
    """
    try:
        listed = await _listed(session)
    except ReadFailure as failure:
        # Who may read one subscription need not be allowed to list them all.
        if failure.status in (None, 401) or not (request.subscriptions or request.machines):
            raise
        listed = {}
    chosen: dict[str, Subscription] = {}
    for machine in request.machines:
        owner = ids.subscription_of(machine)
        if machine.startswith("/") and not _MACHINE.fullmatch(machine.rstrip("/")):
            raise UsageError(
                f"{machine!r} is no machine's id",
                advice="an id ends in .../providers/Microsoft.Compute/virtualMachines/NAME or "
                ".../providers/Microsoft.HybridCompute/machines/NAME; a name alone will do as well",
            )
        if owner:
            chosen[owner] = listed.get(owner) or Subscription(id=owner)
    for wanted in request.subscriptions:
        found = _named(wanted, listed)
        chosen[found.id] = found
    for group in request.management_groups:
        for subscription_id in await _below(session, group):
            chosen[subscription_id] = listed.get(subscription_id) or Subscription(id=subscription_id)
    if request.all_subscriptions or not chosen:
        if not listed:
            raise UsageError(
                "the credential sees no subscription at all",
                advice="sign in to the right tenant (--tenant, az login --tenant), or ask for Reader on a subscription",
            )
        chosen |= listed
    return [chosen[subscription_id] for subscription_id in sorted(chosen)]


async def _listed(session: Session) -> dict[str, Subscription]:
    listed = {}
    async for row in arm.subscriptions(session):
        try:
            found = decode_subscription(row)
        except Malformed:
            continue
        listed[found.id] = found
    return listed


def _named(wanted: str, listed: dict[str, Subscription]) -> Subscription:
    plain = wanted.strip().removeprefix("/subscriptions/").lower()
    if plain in listed:
        return listed[plain]
    if _GUID.fullmatch(plain):
        return Subscription(id=plain)
    same_name = [found for found in listed.values() if found.name.lower() == plain]
    if len(same_name) == 1:
        return same_name[0]
    if same_name:
        several = ", ".join(found.id for found in same_name)
        raise UsageError(f"{len(same_name)} subscriptions are named {wanted!r}: {several}", advice="give the id")
    near = difflib.get_close_matches(wanted, [found.name for found in listed.values()], n=3)
    raise UsageError(
        f"no subscription that the credential sees has the id or name {wanted!r}",
        advice=f"did you mean {' or '.join(map(repr, near))}?" if near else "az account list shows the ones it sees",
    )


async def _below(session: Session, group: str) -> list[str]:
    name = ids.name_of(group)
    if not re.fullmatch(r"[\w().-]{1,90}", name):
        raise UsageError(f"{group!r} is no management group id", advice="letters, digits, - _ ( ) . and at most 90")
    found = []
    try:
        async for row in arm.management_group_descendants(session, name):
            try:
                subscription_id = descendant_subscription(row)
            except Malformed:
                continue
            if subscription_id:
                found.append(subscription_id)
    except ReadFailure as failure:
        if failure.status in (403, 404):
            raise UsageError(
                f"the management group {group!r} cannot be read: {failure.message}",
                advice="give its id (not its display name); it takes Management Group Reader or Reader on the group",
            ) from failure
        raise
    if not found:
        raise UsageError(f"the management group {group!r} holds no subscription", advice="check its id")
    return found
