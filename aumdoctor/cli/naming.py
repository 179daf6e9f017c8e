"""From what a person calls a thing, its name or its resource id, to the thing in an estate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aumdoctor.errors import UnreadableError, UsageError
from aumdoctor.knowledge.lookup import nearest
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact

if TYPE_CHECKING:
    from aumdoctor.model.estate import Estate
    from aumdoctor.model.machine import Machine
    from aumdoctor.model.maintenance import MaintenanceConfiguration


def the_machine(estate: Estate, wanted: str) -> Machine:
    """The one machine of an estate that has a name or resource id, compared without regard to case.

    Raises UsageError where there is none or more than one, UnreadableError where there is none and not everything
    could be read.
    """
    found = _machines_named(estate, wanted)
    if len(found) == 1:
        return found[0]
    if not found and not estate.gaps:
        close = nearest(ids.name_of(wanted), tuple(dict.fromkeys(machine.name for machine in estate.machines)))
        raise UsageError(
            f"there is no machine {wanted!r}",
            advice=f"did you mean {' or '.join(close)}?" if close else "check the name, or scan again",
        )
    if not found:
        first = estate.gaps[0]
        raise UnreadableError(
            f"{wanted!r} was not found, and not all of the scope could be read: "
            f"{first.operation}: {first.code or first.status or first.message}",
            advice="give its full resource id, or see with aumdoctor scan what cannot be read",
        )
    several = ", ".join(machine.id for machine in found)
    raise UsageError(f"{len(found)} machines are named {wanted!r}: {several}", advice="give the resource id")


def _machines_named(estate: Estate, wanted: str) -> list[Machine]:
    if "/" in wanted:
        found = estate.machines_by_key.get(ids.key(wanted))
        return [found] if found is not None else []
    return [machine for machine in estate.machines if machine.name.lower() == wanted.lower()]


def the_configurations(
    estate: Estate, wanted: Sequence[str], *, alone: bool = False
) -> tuple[MaintenanceConfiguration, ...]:
    """The maintenance configurations of an estate that have one of some names or resource ids, each once, in the order
    in which they are named; of several that bear one name all are taken, unless it has to stand `alone`. Case makes no
    difference.

    Raises UsageError for a name or id that nothing bears, or that several bear alone, UnreadableError for one that may
    lie where the maintenance configurations could not be read.
    """
    found: dict[str, MaintenanceConfiguration] = {}
    for name in wanted:
        named = _configurations_named(estate, name)
        if not named:
            raise _no_configuration(estate, name)
        if alone and len(named) > 1:
            several = ", ".join(configuration.id for configuration in named)
            raise UsageError(
                f"{len(named)} maintenance configurations are named {name!r}: {several}", advice="give the resource id"
            )
        found |= {ids.key(configuration.id): configuration for configuration in named}
    return tuple(found.values())


def _configurations_named(estate: Estate, wanted: str) -> list[MaintenanceConfiguration]:
    if "/" in wanted:
        found = estate.configurations_by_key.get(ids.key(wanted))
        return [found] if found is not None else []
    return [each for each in estate.configurations if each.name.lower() == wanted.strip().lower()]


def _no_configuration(estate: Estate, wanted: str) -> UsageError | UnreadableError:
    owner = ids.subscription_of(wanted)
    if owner and owner not in estate.subscriptions_by_id:
        return UsageError(
            f"the subscription of {wanted!r} was not looked at, and no assignment names the schedule",
            advice="give that subscription as well, with --subscription",
        )
    readings = [
        estate.reading(Fact.CONFIGURATIONS, ids.subscription_scope(subscription))
        for subscription in ([owner] if owner else estate.subscriptions_by_id)
    ]
    reasons = [reading.reason or "they were not read" for reading in readings if not reading.is_known]
    reasons += [
        gap.message or gap.code or gap.operation
        for gap in estate.gaps
        if gap.fact is Fact.CONFIGURATIONS and (not owner or ids.subscription_of(gap.scope) == owner)
    ]
    if reasons:
        return UnreadableError(
            f"there is no maintenance configuration {wanted!r} among those that could be read: {reasons[0]}",
            advice="see with aumdoctor scan what cannot be read",
        )
    close = nearest(ids.name_of(wanted), tuple(dict.fromkeys(each.name for each in estate.configurations)))
    return UsageError(
        f"there is no maintenance configuration {wanted!r}",
        advice=f"did you mean {' or '.join(close)}?" if close else "check the name: aumdoctor windows has them all",
    )
