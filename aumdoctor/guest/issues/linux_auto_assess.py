"""AUM023: the daily assessment of a Linux machine does not run."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.guest.envelope import member, when
from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.operations import ASSESSMENT, CONFIGURATION, newest, operations
from aumdoctor.guest.issues.verdicts import Judgement, known_issue, no_surer_than
from aumdoctor.guest.issues.weighing import (
    Ground,
    Weighed,
    Weight,
    best_of,
    differential,
    newest_of,
    observed,
    sign_ground,
    texts,
    weigh,
)
from aumdoctor.model.guest import Differential, Likelihood, Missing, PatchRequest, Service, State

_UNITS = ("msftlinuxpatchautoassess", "azgpslinuxpatchautoassess")
"""The unit's name, and the one that a later version of the extension gives it."""

_SYSTEMD = "Systemd is not available on this system"
_ASK = Missing(
    what="the state of the daily assessment's timer and service",
    command="systemctl is-active MsftLinuxPatchAutoAssess.timer; "
    "systemctl is-enabled MsftLinuxPatchAutoAssess.service; systemctl list-timers MsftLinuxPatchAutoAssess.timer",
)
_WANTED = "the assessment mode is AutomaticByPlatform"
_NOT_WANTED = "the assessment mode is ImageDefault"
_MODES = {
    "automaticbyplatform": _WANTED,
    "enabled": _WANTED,
    "imagedefault": _NOT_WANTED,
    "disabled": _NOT_WANTED,
}
"""What a request asks for, and what the extension reports of it; another mode is none that is known."""

_ASK_FOR_MODE = Missing(
    what="whether the machine is meant to be assessed every day (AutomaticByPlatform)",
    command="az resource show --ids <id of the machine> "
    "--query properties.osProfile.linuxConfiguration.patchSettings.assessmentMode -o tsv",
)


@known_issue(
    id="AUM023",
    name="linux-auto-assess-inactive",
    title="The daily assessment of the Linux machine does not run",
    source="Azure Update Manager troubleshooting: MsftLinuxPatchAutoAssess is not running or its timer is not active; "
    "Azure/LinuxPatchExtension: core_logic/ServiceManager, TimerManager",
    seed="§21 MsftLinuxPatchAutoAssess isn't running or the timer isn't active",
    explains=("AUM129",),
    remedies=("assess-now", "restart-auto-assess-timer", "restart-machine"),
    verification=(
        "`systemctl is-active MsftLinuxPatchAutoAssess.timer` answers exactly active.",
        "`systemctl is-enabled MsftLinuxPatchAutoAssess.service` answers enabled.",
        "An assessment that the platform started appears within a day.",
    ),
)
def linux_auto_assess_inactive(evidence: Evidence) -> Judgement | None:
    """The timer that assesses the machine every day is not active, or the service that it starts is not enabled.

    ## Why it matters
    On Linux the round every 24 hours is started inside the machine, by `MsftLinuxPatchAutoAssess.timer`. Where it
    stands still the machine looks healthy while what is known of its missing updates grows old.

    ## What to do
    See first that the patch extension has succeeded: it sets the units up. Assess once, enable the timer, and where
    that does not help restart the machine.

    ## When it is wrong
    The service itself is inactive between two runs: that is how it should be. Where the assessment mode is
    ImageDefault nobody wants the timer; where the mode is not known it is never more than likely, and without units
    that were set up no more than possible. Microsoft's
    troubleshooter takes "inactive" for "active": its "passed" proves nothing.
    """
    weighed = best_of(_of_timer(evidence), _of_service(evidence), _of_extension(evidence))
    if weighed is None:
        return None
    said = weighed.said(f"the daily assessment does not run: {weighed.grounds[0].says}")
    mode = _mode(evidence)
    if weighed.likelihood is Likelihood.RULED_OUT:
        return Judgement(likelihood=weighed.likelihood, said=said, evidence=weighed.quotes(evidence))
    if mode is not None and mode.says == _NOT_WANTED:
        return Judgement(
            likelihood=Likelihood.RULED_OUT,
            said=f"the daily assessment does not run, and it is not meant to: {mode.says}",
            evidence=(*weighed.quotes(evidence), evidence.quote(mode.record, mode.says)),
        )
    others = tuple(_differentials(evidence))
    without_systemd = others[0].state is Likelihood.CONFIRMED
    is_wanted = mode is not None or without_systemd
    units = [*_units(evidence, ".timer"), *_units(evidence, ".service")]
    # Units that are there were set up once, when it was meant to run; where there are none, it may never have been.
    surest = Likelihood.POSSIBLE if units and not any(each.exists for each in units) else Likelihood.LIKELY
    asked = (*(() if is_wanted else (_ASK_FOR_MODE,)), *(() if weighed.likelihood is Likelihood.CONFIRMED else (_ASK,)))
    return Judgement(
        likelihood=no_surer_than(Likelihood.CONFIRMED if is_wanted else surest, weighed.likelihood),
        said=said if is_wanted else f"{said}; whether it is meant to run is not known",
        evidence=(*weighed.quotes(evidence), *((evidence.quote(mode.record, mode.says),) if mode is not None else ())),
        missing=asked,
        differentials=others,
        remedies=("assess-now",) if without_systemd else None,
        details={"unit": "AzGPSLinuxPatchAutoAssess" if _is_renamed(evidence) else "MsftLinuxPatchAutoAssess"},
    )


def _of_timer(evidence: Evidence) -> Weighed | None:
    timers = list(_units(evidence, ".timer"))
    bad = [
        *(
            Ground(record=each, says=f"{each.name} is {each.state if each.exists else 'not there'}")
            for each in timers
            if not each.exists or each.state.lower() not in ("active", "")
        ),
        *(
            Ground(record=each, says=f"{each.name} is {each.start}", weight=Weight.SIGN)
            for each in timers
            if each.exists and each.start.lower() in ("disabled", "masked")
        ),
        *observed(evidence, "auto-assess-timer", says="the timer of the daily assessment is not active"),
    ]
    good = [
        *(Ground(record=each, says="the timer is active") for each in timers if each.state.lower() == "active"),
        *observed(evidence, "auto-assess-timer", State.OK, says="the timer is active"),
        *_own_rounds(evidence),
    ]
    return weigh(bad, good)


def _of_service(evidence: Evidence) -> Weighed | None:
    services = list(_units(evidence, ".service"))
    bad = [
        *(
            Ground(record=each, says=f"{each.name} is {each.start if each.exists else 'not there'}")
            for each in services
            if not each.exists or each.start.lower() in ("disabled", "masked")
        ),
        *(
            # Its last run failed; the timer starts it again.
            Ground(record=each, says=f"{each.name} has failed", weight=Weight.SIGN)
            for each in services
            if each.state.lower() == "failed"
        ),
        *(
            sign_ground(each, "systemd could not run the unit", Weight.SIGN)
            for each in evidence.signs("auto-assessment-unit-failed")
        ),
        *observed(evidence, "auto-assess-service", says="the service of the daily assessment is not enabled"),
    ]
    good = [
        *(
            Ground(record=each, says="the service is enabled")
            for each in services
            if each.start.lower() == "enabled" and each.state.lower() != "failed"
        ),
        *observed(evidence, "auto-assess-service", State.OK, says="the service is enabled"),
        *_own_rounds(evidence),
    ]
    return weigh(bad, good)


def _of_extension(evidence: Evidence) -> Weighed | None:
    """What the extension itself says of the daily assessment."""
    bad = [
        *(
            sign_ground(each, "the extension was disabled or removed, and the daily assessment with it")
            for each in evidence.signs("auto-assessment-paused")
        ),
        *(
            sign_ground(each, "the extension could not set the daily assessment up")
            for each in evidence.signs("auto-assessment-not-configured", "systemd-missing")
        ),
        *texts(evidence, _SYSTEMD, says="without systemd the daily assessment cannot be set up"),
        *(
            each.ground("the extension reports an error of the daily assessment")
            for each in operations(evidence, CONFIGURATION)
            if _state(each.summary.body) == "error"
        ),
    ]
    good = [
        *(
            each.ground("the extension reports that the daily assessment is enabled")
            for each in operations(evidence, CONFIGURATION)
            if _state(each.summary.body) == "enabled"
        ),
        *_own_rounds(evidence),
    ]
    return weigh(bad, good)


def _own_rounds(evidence: Evidence) -> Iterator[Ground]:
    """Assessments that the timer made: their log has a name of its own."""
    for sign in evidence.signs("operation-ended"):
        is_good = sign.values.get("status", "").lower() in ("success", "succeeded")
        if is_good and sign.origin.file.lower().endswith(".aa.core.log"):
            yield sign_ground(sign, "a daily assessment has succeeded")


def _state(body: object) -> str:
    return str(member(member(body, "autoAssessmentStatus"), "autoAssessmentState") or "").lower()


def _units(evidence: Evidence, suffix: str) -> Iterator[Service]:
    for each in evidence.of(Service):
        lowered = each.name.lower()
        if lowered.startswith(_UNITS) and lowered.endswith(suffix):
            yield each


def _is_renamed(evidence: Evidence) -> bool:
    return any(each.name.lower().startswith(_UNITS[1]) for each in evidence.of(Service))


def _mode(evidence: Evidence) -> Ground | None:
    """What tells whether the daily assessment is wanted: the newest request that names the mode, else the newest status
    of its set-up. None where nothing does. An error there tells nothing: it may come before the mode is looked at.

    Source: Azure/LinuxPatchExtension, core_logic/ConfigurePatchingProcessor.
    """
    requests = [
        Ground(
            record=each,
            says=_MODES.get(str(member(each.settings, "assessmentMode")).lower(), ""),
            at=when(member(each.settings, "startTime")),
        )
        for each in evidence.of(PatchRequest)
        if member(each.settings, "assessmentMode")
    ]
    reported = [
        each.ground(_MODES[state])
        for each in operations(evidence, CONFIGURATION)
        if (state := _state(each.summary.body)) in _MODES
    ]
    newest_one = newest_of(requests) or newest_of(reported)
    return newest_one if newest_one is not None and newest_one.says else None


def _differentials(evidence: Evidence) -> Iterator[Differential]:
    yield differential(
        evidence,
        "no systemd",
        "the machine has no systemd, so that the daily assessment cannot be set up",
        (
            *(sign_ground(each, "there is no systemd") for each in evidence.signs("systemd-missing")),
            *texts(evidence, _SYSTEMD, says="there is no systemd"),
            *observed(evidence, "systemd", says="there is no systemd"),
        ),
        observed(evidence, "systemd", State.OK, says="systemd is there"),
        missing=(Missing(what="whether the machine runs systemd", command="systemctl is-system-running"),),
    )
    last = newest(evidence, ASSESSMENT)
    yield differential(
        evidence,
        "the extension fails",
        "the patch extension's newest operation failed, so that it does not set the timer up",
        (last.ground("the newest assessment failed", Weight.SIGN),) if last is not None and last.failed else (),
        (last.ground("the newest assessment succeeded"),) if last is not None and last.succeeded else (),
        missing=(
            Missing(
                what="whether the patch extension has succeeded",
                command="sudo sh -c 'cat /var/lib/waagent/*LinuxPatchExtension*/status/*.status'",
            ),
        ),
    )
