"""AUM029: the update service, or Windows itself, was shutting down while the extension asked."""

from __future__ import annotations

from datetime import timedelta

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.hresults import codes_in, failures_with, weigh_failures
from aumdoctor.guest.issues.verdicts import Judgement, known_issue
from aumdoctor.guest.issues.weighing import Ground, Weight, differential, seconds_of
from aumdoctor.model.guest import Event, Likelihood, Missing

_CODES = frozenset({"0x8024001E", "0x8024A10A"})
_NEAR = timedelta(minutes=15)


@known_issue(
    id="AUM029",
    name="windows-update-shutting-down",
    title="Windows Update was shutting down",
    source="Azure Update Manager troubleshooting: HRESULT table; windows-itpro-docs: Windows Update error reference",
    seed="§8 HRESULT 0x8024001E",
    explains=("AUM008", "AUM130", "AUM131"),
    remedies=("assess-now", "restart-update-service"),
    verification=("An assessment that is made when the machine is up again succeeds.",),
)
def windows_update_shutting_down(evidence: Evidence) -> Judgement | None:
    """The update service or the system was shutting down, so that the operation did not end.

    ## Why it matters
    Nothing is broken by it, but that assessment or installation gave nothing. Where it comes back, somebody restarts
    the machine, or its update service, at the time when Azure Update Manager works.

    ## What to do
    Assess again when the restart is over. If it happens in every window, find out who restarts the machine or the
    service then: another updater, a task, a second schedule.

    ## When it is wrong
    A service that crashes looks alike; the Service Control Manager's events 7031 and 7034 tell it.
    """
    found = failures_with(evidence, _CODES)
    weighed = weigh_failures(evidence, found, "the update service was shutting down")
    if weighed is None:
        return None
    said = weighed.said(f"{' and '.join(codes_in(weighed, found))}: the update service or Windows was shutting down")
    if weighed.likelihood is Likelihood.RULED_OUT:
        return Judgement(likelihood=weighed.likelihood, said=said, evidence=weighed.quotes(evidence))
    shutdowns = (
        *evidence.events("User32", 1074),
        *evidence.events("EventLog", 6006),
        *evidence.events("Kernel-General", 13),
    )
    crashes = tuple(
        event
        for event in evidence.events("Service Control Manager", 7031, 7034)
        if any(name in " ".join((*event.values, *event.data.values(), event.text)).lower() for name in _NAMES)
    )
    others = (
        differential(
            evidence,
            "restart of the machine",
            "the machine was shut down at that time",
            _near(weighed.grounds, shutdowns, "the machine was shut down within 15 minutes of it"),
            missing=(
                Missing(
                    what="restarts of the machine at that time",
                    command="Get-WinEvent -FilterHashtable @{LogName='System';Id=1074,6006,6008,13}",
                ),
            ),
        ),
        differential(
            evidence,
            "service crashed",
            "the update service ended unexpectedly",
            _near(weighed.grounds, crashes, "the service ended unexpectedly within 15 minutes of it"),
            missing=(
                Missing(
                    what="whether the service ended unexpectedly",
                    command="Get-WinEvent -FilterHashtable @{LogName='System';Id=7031,7034}",
                ),
            ),
        ),
    )
    return Judgement(
        likelihood=weighed.likelihood,
        said=said,
        evidence=weighed.quotes(evidence),
        missing=tuple(one for each in others for one in each.missing),
        differentials=others,
        details={"hresult": codes_in(weighed, found)[0]},
    )


_NAMES = ("wuauserv", "windows update", "usosvc")


def _near(grounds: tuple[Ground, ...], events: tuple[Event, ...], says: str) -> list[Ground]:
    """The events that lie close to a failure; times of different kinds are not compared."""
    times = [each.time for each in grounds if each.time is not None]
    found = []
    for event in events:
        for time in times[:100]:
            if event.at is None or (event.at.utcoffset() is None) != (time.utcoffset() is None):
                continue
            if abs(seconds_of(event.at) - seconds_of(time)) <= _NEAR.total_seconds():
                found.append(Ground(record=event, says=says, weight=Weight.SIGN))
                break
    return found
