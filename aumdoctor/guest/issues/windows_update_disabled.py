"""AUM026: Windows Update is switched off on the machine, by its service or by a policy."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.hresults import codes_in, failures_with, weigh_failures
from aumdoctor.guest.issues.verdicts import Judgement, known_issue
from aumdoctor.guest.issues.weighing import Ground, Weight, best_of, differential, observed, texts, weigh
from aumdoctor.guest.issues.windows_policy import (
    ASK_FOR_POLICY,
    ASK_FOR_SERVICE,
    POLICY,
    is_one,
    number_in,
    update_source,
)
from aumdoctor.model.guest import Differential, Likelihood, Missing, RegistryValue, Service, State

_CODES = frozenset({"0x8024002E", "0x80070422", "0x80240025", "0x8024002F"})
_OF_SERVICE = frozenset({"0x80070422"})
_OF_POLICY = frozenset({"0x80240025", "0x8024002F"})
_SERVICE_KEY = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\wuauserv"
_NEEDED = ("bits", "cryptsvc", "rpcss", "usosvc", "trustedinstaller")
"""Services that Windows Update calls; a disabled one gives 0x80070422 too."""


@known_issue(
    id="AUM026",
    name="windows-update-disabled",
    title="Windows Update is switched off on the machine",
    source="Azure Update Manager troubleshooting: HRESULT table; windows-itpro-docs: Windows Update error reference; "
    "Troubleshoot Windows Update error 0x8024002E",
    seed="§8 HRESULT 0x8024002E, 0x80070422",
    explains=("AUM008", "AUM130", "AUM131"),
    remedies=("enable-windows-update-service", "restart-update-service", "assess-now"),
    verification=(
        "sc qc wuauserv shows another start type than DISABLED.",
        "DisableWindowsUpdateAccess is absent or 0.",
        "A new assessment succeeds.",
    ),
)
def windows_update_disabled(evidence: Evidence) -> Judgement | None:
    """The service Windows Update (`wuauserv`) is disabled, or a policy forbids access to the update source.

    ## Why it matters
    The patch extension installs nothing itself, it asks this service. The service need not run all the time, but it
    must be startable, and no policy may forbid it to look for updates.

    ## What to do
    0x80070422, or a start type of disabled: set the service's start type back to manual. 0x8024002E mostly comes from
    the policy that turns off access to all Windows Update features (`DisableWindowsUpdateAccess`), or from one that
    forbids Microsoft's servers where no WSUS server is named: lift it in the group policy.

    ## When it is wrong
    0x80070422 may come from a service that Windows Update calls (BITS, Cryptographic Services). A service that is
    stopped is no fault: Windows starts it when it is needed.
    """
    found = failures_with(evidence, _CODES)
    phrases = texts(
        evidence, "the service cannot be started, either because it is disabled", says="the service cannot be started"
    )
    service, policy = tuple(_service_grounds(evidence)), tuple(_policy_grounds(evidence))
    weighed = best_of(
        weigh_failures(
            evidence,
            found,
            "Windows Update says that it is switched off",
            _service_counters(evidence) if all(_OF_SERVICE.issuperset(each.hresults) for each in found) else (),
        ),
        weigh(phrases),
        weigh(service, _service_counters(evidence)),
        weigh(policy, observed(evidence, "update-access", State.OK, says="no policy forbids Windows Update")),
    )
    if weighed is None:
        return None
    codes = codes_in(weighed, found)
    told = f"{' and '.join(codes)}: Windows Update is switched off by its start type or by a policy"
    said = weighed.said(told if codes else f"Windows Update is switched off: {weighed.grounds[0].says}")
    if weighed.likelihood is Likelihood.RULED_OUT:
        return Judgement(likelihood=weighed.likelihood, said=said, evidence=weighed.quotes(evidence))
    by_service = differential(
        evidence,
        "service disabled",
        "the start type of wuauserv is disabled",
        (*service, *_of_code(evidence, _OF_SERVICE, "the code says that a service is disabled")),
        _service_counters(evidence) if not service else (),
        otherwise="the start type of wuauserv is not known"
        if evidence.service("wuauserv") is None
        else "wuauserv is not disabled",
        missing=(ASK_FOR_SERVICE,),
    )
    by_policy = differential(
        evidence,
        "policy",
        "a policy forbids access to Windows Update",
        (*policy, *_of_code(evidence, _OF_POLICY, "the code says that a policy forbids it")),
        _policy_counters(evidence),
        otherwise="whether a policy forbids Windows Update is not known"
        if not any(_policy_counters(evidence))
        else "no policy forbids Windows Update",
        missing=(ASK_FOR_POLICY,),
    )
    others = (by_service, by_policy, _needed_service(evidence))
    is_cause_known = any(each.state is Likelihood.CONFIRMED for each in others)
    missing = () if is_cause_known else tuple(dict.fromkeys(one for each in others for one in each.missing))
    return Judgement(
        likelihood=weighed.likelihood,
        said=said,
        evidence=weighed.quotes(evidence),
        missing=missing,
        differentials=others,
        details={"hresult": codes[0] if codes else ""},
    )


def _service_grounds(evidence: Evidence) -> Iterator[Ground]:
    service = evidence.service("wuauserv")
    if service is not None and (service.start.lower() == "disabled" or not service.exists):
        says = "wuauserv is disabled" if service.exists else "there is no service wuauserv"
        yield Ground(record=service, says=says)
    start = evidence.registry(_SERVICE_KEY, "Start")
    if start is not None and number_in(start) == 4:
        yield Ground(record=start, says="the start type of wuauserv is 4: disabled")
    yield from observed(evidence, "update-service", says="the Windows Update service is disabled")
    for event in evidence.events("Service Control Manager", 7040):
        # A localised message: only what the event names counts, and the last change may have been another one.
        values = (*event.values, *event.data.values())
        if "wuauserv" in (each.lower() for each in values) and any("disabled" in each.lower() for each in values[2:3]):
            yield Ground(record=event, says="the start type of wuauserv was set to disabled", weight=Weight.SIGN)


def _service_counters(evidence: Evidence) -> Iterator[Ground]:
    service = evidence.service("wuauserv")
    if service is not None and service.exists and service.start and service.start.lower() != "disabled":
        yield Ground(record=service, says=f"the start type of wuauserv is {service.start}")
    yield from observed(evidence, "update-service", State.OK, says="the Windows Update service can start")


def _policy_grounds(evidence: Evidence) -> Iterator[Ground]:
    access = evidence.registry(POLICY, "DisableWindowsUpdateAccess")
    if is_one(access) and access is not None:
        yield Ground(record=access, says="a policy turns off access to Windows Update")
    internet = evidence.registry(POLICY, "DoNotConnectToWindowsUpdateInternetLocations")
    if is_one(internet) and internet is not None and update_source(evidence).uses_wsus is False:
        yield Ground(record=internet, says="a policy forbids Microsoft's servers, and no WSUS server is used")
    for sign in evidence.signs("windows-agent-settings"):
        if sign.values.get("access_disabled", "").strip().lower() in ("yes", "true", "1"):
            yield Ground(record=sign, says="the update agent says that access is disabled")
    yield from observed(evidence, "update-access", says="a policy forbids access to Windows Update")


def _policy_counters(evidence: Evidence) -> Iterator[Ground]:
    access = evidence.registry(POLICY, "DisableWindowsUpdateAccess")
    if isinstance(access, RegistryValue) and not is_one(access):
        yield Ground(record=access, says="the policy DisableWindowsUpdateAccess is not set")
    yield from observed(evidence, "update-access", State.OK, says="no policy forbids Windows Update")


def _of_code(evidence: Evidence, codes: frozenset[str], says: str) -> Iterator[Ground]:
    for failure in failures_with(evidence, codes)[-1:]:
        yield Ground(record=failure.record, says=says, weight=Weight.SIGN, at=failure.at)


def _needed_service(evidence: Evidence) -> Differential:
    services = [each for each in (evidence.service(name) for name in _NEEDED) if each is not None]
    return differential(
        evidence,
        "another service",
        "a service that Windows Update calls is disabled",
        (
            Ground(record=each, says=f"{each.name} is disabled")
            for each in services
            if isinstance(each, Service) and each.start.lower() == "disabled"
        ),
        otherwise="the start types of BITS and Cryptographic Services are not known"
        if not services
        else "none of the services that were looked at is disabled",
        missing=(Missing(what="the start types of the services it calls", command="sc qc bits & sc qc cryptsvc"),),
    )
