"""AUM025: the Windows Update agent does not get through to its update source, as the machine tells it."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.hresults import codes_in, failures_with, weigh_failures
from aumdoctor.guest.issues.verdicts import Judgement, judged, known_issue
from aumdoctor.guest.issues.weighing import Ground, Weight, differential, newest_observation, observed
from aumdoctor.guest.issues.windows_policy import (
    ASK_FOR_POLICY,
    ASK_FOR_PROXY,
    UpdateSource,
    update_source,
    winhttp_proxy,
)
from aumdoctor.model.guest import Differential, Likelihood, Missing, Proxy, State

NAMES = frozenset({"0x8024402C", "0x80072EE7"})
"""A name is not resolved: that of the server, or that of the proxy."""

PROXY = frozenset({"0x8024401B", "0x80240030", "0x80072F86"})
"""The proxy wants a sign-in, its setting is no address."""

FILTER = frozenset({"0x8024402F", "0x80072EE2", "0x80072EFD", "0x80072EFE", "0x80072EFF", "0x80D02002", "0x80200053"})

SERVER = frozenset({"0x8024401C", "0x80244018", "0x80244019", "0x8024401F", "0x80244021", "0x80244022", "0x80244023"})
"""The server, or something on the way that speaks for it, answered with an HTTP error."""

NETWORK = NAMES | PROXY | FILTER | SERVER | {"0x8024001F", "0x80240438", "0x00002EFE", "0x80244015", "0x8024402B"}
"""The codes of Azure Update Manager's troubleshooting article, and their kin in the Windows Update error reference."""

_ASK_FOR_NAME = Missing(
    what="whether the names of the update source are resolved on the machine",
    command="Resolve-DnsName fe2.update.microsoft.com; Resolve-DnsName download.windowsupdate.com",
)
_ASK_FOR_WAY = Missing(
    what="whether the machine reaches the update source",
    command="Test-NetConnection fe2.update.microsoft.com -Port 443; "
    "Test-NetConnection download.windowsupdate.com -Port 80",
)


@known_issue(
    id="AUM025",
    name="windows-update-unreachable",
    title="Windows Update does not get through to its update source",
    source="Azure Update Manager troubleshooting: HRESULT table; windows-itpro-docs: Windows Update error reference",
    seed="§8 HRESULT 0x8024402C, 0x8024401C, 0x8024402F, 0x80072EE2",
    explains=("AUM008", "AUM130", "AUM131"),
    remedies=("open-windows-update-endpoints", "read-guest-log", "assess-now"),
    verification=(
        "A new assessment succeeds.",
        "ReportingEvents.log has a row 147 of `Azure VM Guest Patching` that is newer than the last row 148.",
    ),
)
def windows_update_unreachable(evidence: Evidence) -> Judgement | None:
    """Windows Update on the machine reports a network error, or its endpoints are not reached from the machine.

    ## Why it matters
    Without a way to Windows Update, or to the WSUS server that the machine is pointed at, nothing can be assessed,
    downloaded or installed.

    ## What to do
    Look at the differentials in turn: a WSUS server that a policy names is asked instead of Microsoft, a WinHTTP proxy
    is used by Windows Update though nobody sees it in the browser, and only then the network is at fault. Cure the one
    that the evidence speaks for, then assess again.

    ## When it is wrong
    A short outage leaves the same code. A success that is newer than the failure rules it out. That a port answers
    does not prove that a filter lets the content through (0x8024402F).
    """
    found = failures_with(evidence, NETWORK)
    source = update_source(evidence)
    weighed = weigh_failures(evidence, found, "Windows Update reports an error of the network")
    if weighed is None:
        if source.uses_wsus:
            return None
        seen = tuple(observed(evidence, "update-endpoint", says="an endpoint of Windows Update is not reached"))
        return judged(
            evidence,
            "the endpoints of Windows Update are not reached from the machine",
            seen,
            observed(evidence, "update-endpoint", State.OK, says="the endpoints are reached"),
            missing=(_ASK_FOR_WAY,),
            differentials=lambda _: _differentials(evidence, frozenset(), source),
        )
    codes = codes_in(weighed, found)
    said = weighed.said(f"Windows Update reports {' and '.join(codes)}: it does not get through to its update source")
    if weighed.likelihood is Likelihood.RULED_OUT:
        return Judgement(likelihood=weighed.likelihood, said=said, evidence=weighed.quotes(evidence))
    others = tuple(_differentials(evidence, frozenset(codes), source))
    return Judgement(
        likelihood=weighed.likelihood,
        said=said,
        evidence=weighed.quotes(evidence),
        missing=tuple(dict.fromkeys(each for other in others for each in other.missing)),
        differentials=others,
        remedies=_remedies(others),
        details={"hresult": codes[0] if codes else "", "wsus": source.server},
    )


def _differentials(evidence: Evidence, codes: frozenset[str], source: UpdateSource) -> Iterator[Differential]:
    yield wsus_differential(evidence, codes, source)
    yield differential(
        evidence,
        "name resolution",
        "a name is not resolved: that of the update server or that of the proxy",
        _by_code(evidence, codes, NAMES, "the code says that a name was not resolved"),
        _reached(evidence) if not codes & NAMES else (),
        otherwise="" if codes & NAMES else "no code speaks of a name that is not resolved",
        missing=(_ASK_FOR_NAME,),
    )
    yield proxy_differential(evidence, codes)
    yield differential(
        evidence,
        "firewall or filter",
        "a firewall, a route or a filter on the way stops the connection or changes what is downloaded",
        (
            *_by_code(evidence, codes, FILTER, "the code says that the connection was not made, or broke"),
            *observed(evidence, "update-endpoint", says="an endpoint is not reached from the machine"),
        ),
        missing=(_ASK_FOR_WAY,),
    )
    yield differential(
        evidence,
        "the server itself",
        "the server, or a proxy in its name, answers with an HTTP error",
        _by_code(evidence, codes, SERVER, "the code is an HTTP error of the server"),
        missing=(),
        otherwise="no code is an HTTP error of the server",
    )


def wsus_differential(evidence: Evidence, codes: frozenset[str], source: UpdateSource) -> Differential:
    """Whether the WSUS pointer is the cause of an error of the network."""
    name = "WSUS pointer"
    if source.uses_wsus is False:
        return differential(
            evidence,
            name,
            "",
            counters=source.grounds("no policy makes the machine use a WSUS server"),
            otherwise="no policy makes the machine use a WSUS server",
        )
    if source.uses_wsus is None:
        return differential(
            evidence,
            name,
            "",
            otherwise="whether a policy points the machine at a WSUS server is not known",
            missing=(ASK_FOR_POLICY,),
        )
    said = f"a policy points the machine at the WSUS server {source.server or '(none)'}"
    if source.faults:
        said = f"{said}, and the pointer is wrong: {'; '.join(source.faults)}"
    observation = newest_observation(evidence, "wsus")
    if observation is not None and observation.state is State.OK:
        return differential(
            evidence,
            name,
            said,
            counters=(Ground(record=observation, says="the WSUS server answers"),),
            otherwise=f"{said}, and that server answers",
        )
    weight = Weight.PROOF if source.faults else Weight.SIGN
    grounds = [*source.grounds("this is where the machine looks for updates", weight)]
    if observation is not None:
        grounds.append(
            Ground(
                record=observation,
                says="the WSUS server does not answer",
                weight=Weight.HINT if observation.weak or winhttp_proxy(evidence) is not None else Weight.PROOF,
            )
        )
    ask = Missing(
        what="whether the WSUS server answers",
        command=f"Invoke-WebRequest -UseBasicParsing {source.server.rstrip('/')}/ClientWebService/client.asmx"
        if source.server
        else "",
    )
    return differential(evidence, name, said, grounds, missing=(ask,))


def proxy_differential(evidence: Evidence, codes: frozenset[str]) -> Differential:
    """Whether a proxy is the cause of an error of the network."""
    # Windows Update does not look at the variables of the environment.
    proxies = [each for each in evidence.of(Proxy) if each.where.lower() != "environment"]
    seen = evidence.observations("proxy")
    grounds = [
        *_by_code(evidence, codes, PROXY, "the code comes from a proxy", Weight.PROOF),
        *(
            Ground(record=each, says=f"a proxy is set: {each.address}", weight=Weight.SIGN)
            for each in proxies
            if each.address
        ),
        *(
            Ground(record=each, says="a proxy is set", weight=Weight.HINT)
            for each in seen
            if each.state in (State.BAD, State.WARNING)
        ),
    ]
    direct = [Ground(record=each, says="the machine connects directly") for each in proxies if not each.address]
    return differential(
        evidence,
        "proxy",
        "a proxy stands between the machine and the update source",
        grounds,
        direct if not grounds else (),
        otherwise="the machine connects directly, without a proxy" if direct else "whether a proxy is set is not known",
        missing=(ASK_FOR_PROXY,),
    )


def _by_code(
    evidence: Evidence, codes: frozenset[str], wanted: frozenset[str], says: str, weight: Weight = Weight.SIGN
) -> Iterator[Ground]:
    if codes & wanted:
        for failure in failures_with(evidence, codes & wanted):
            yield Ground(record=failure.record, says=says, weight=weight, at=failure.at)
            return


def _reached(evidence: Evidence) -> Iterator[Ground]:
    yield from observed(evidence, "update-endpoint", State.OK, says="the endpoints are reached by their names")


def _remedies(others: tuple[Differential, ...]) -> tuple[str, ...]:
    states = {other.name: other.state for other in others}
    sure = (Likelihood.CONFIRMED, Likelihood.LIKELY)
    chosen: list[str] = []
    if states["WSUS pointer"] in sure:
        chosen += ["correct-wsus-pointer", "clear-wsus-pointer"]
    if states["proxy"] in sure:
        chosen.append("correct-proxy")
    if states["WSUS pointer"] not in sure:
        chosen.append("open-windows-update-endpoints")
    return (*chosen, "read-guest-log", "assess-now")
