"""AUM027 and AUM106: the WSUS server that a policy points the machine at."""

from __future__ import annotations

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.hresults import codes_in, failures_with, weigh_failures
from aumdoctor.guest.issues.operations import ASSESSMENT, family_of, newest
from aumdoctor.guest.issues.verdicts import Judgement, known_issue, no_surer_than
from aumdoctor.guest.issues.weighing import Ground, Weighed, Weight, newest_observation, quotes_of, weigh
from aumdoctor.guest.issues.windows_policy import ASK_FOR_POLICY, update_source, winhttp_proxy
from aumdoctor.guest.issues.windows_update_unreachable import NETWORK, proxy_differential
from aumdoctor.model.guest import Likelihood, Missing, Proxy, State

_ALWAYS = frozenset({"0x80072EE6", "0x80244011"})
"""The address is no URL, and: a WSUS server is to be used but none is named."""

_ASKED_OF_SERVER = "whether the WSUS server answers the machine"


@known_issue(
    id="AUM027",
    name="wsus-misconfigured",
    title="The WSUS server of the machine's policy is wrong, missing or does not answer",
    source="Azure Update Manager troubleshooting: HRESULT table; windows-itpro-docs: Windows Update error reference",
    seed="§8 HRESULT 0x8024402C with WSUS",
    explains=("AUM008", "AUM025", "AUM130", "AUM131"),
    remedies=("correct-wsus-pointer", "clear-wsus-pointer", "assess-now"),
    verification=(
        "The machine gets an answer from <WUServer>/ClientWebService/client.asmx.",
        "A new assessment succeeds.",
    ),
)
def wsus_misconfigured(evidence: Evidence) -> Judgement | None:
    """The machine takes its updates from a WSUS server whose address is wrong, missing, or does not answer.

    ## Why it matters
    A machine that a policy points at WSUS asks nobody else. It can neither be assessed nor patched until the server
    answers, however open the way to Microsoft's own servers is. A pointer that was left over from an earlier tool has
    the same effect.

    ## What to do
    Compare `WUServer` and `WUStatusServer` below `HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate` with the
    server's address, including `http://` or `https://` and the port, and correct them where they come from, mostly a
    group policy. Where no WSUS server is meant to be used any more, take the pointer off.

    ## When it is wrong
    A network error on a machine that uses WSUS may also be the fault of a proxy, and then the pointer is right. The
    addresses count only where `UseWUServer` is 1; that is looked at first. With a WinHTTP proxy a direct connection to
    the server that fails proves nothing: the machine asks it through the proxy.
    """
    always = failures_with(evidence, _ALWAYS)
    weighed = weigh_failures(evidence, always, "the code only comes from a wrong or missing WSUS address")
    source = update_source(evidence)
    details = {"wsus": source.server, "wsus_status": source.status_server}
    if weighed is not None and weighed.likelihood is Likelihood.CONFIRMED:
        codes = codes_in(weighed, always)
        return Judgement(
            likelihood=weighed.likelihood,
            said=weighed.said(f"Windows Update reports {' and '.join(codes)}: the address of the WSUS server is wrong"),
            evidence=(*weighed.quotes(evidence), *quotes_of(evidence, source.grounds("the policy"), most=3)),
            missing=() if source.uses_wsus is not None else (ASK_FOR_POLICY,),
            details={**details, "hresult": codes[0]},
        )
    network = failures_with(evidence, NETWORK)
    failed = weigh_failures(evidence, network, "an error of the connection to the update source")
    if source.uses_wsus is None:
        if failed is None or failed.likelihood is Likelihood.RULED_OUT:
            return None
        return Judgement(
            likelihood=Likelihood.INSUFFICIENT,
            said=failed.said(
                f"{' and '.join(codes_in(failed, network))} comes from the update source, and whether that is a WSUS "
                "server is not known"
            ),
            evidence=failed.quotes(evidence),
            missing=(ASK_FOR_POLICY,),
        )
    if source.uses_wsus is False:
        if failed is None or failed.likelihood is Likelihood.RULED_OUT:
            return None
        return Judgement(
            likelihood=Likelihood.RULED_OUT,
            said="no policy makes the machine use a WSUS server, so that the error is not one of WSUS",
            evidence=(*quotes_of(evidence, source.grounds("no WSUS server is used"), most=2), *failed.quotes(evidence)),
        )
    return _pointed(evidence)


def _pointed(evidence: Evidence) -> Judgement | None:
    """The judgement of a machine that uses WSUS: by the pointer, by the server, by the errors."""
    source = update_source(evidence)
    server = source.server or "(none)"
    details = {"wsus": source.server, "wsus_status": source.status_server}
    network = failures_with(evidence, NETWORK)
    failed = weigh_failures(evidence, network, "an error of the connection to the update source")
    ask = Missing(
        what=_ASKED_OF_SERVER,
        command=f"Invoke-WebRequest -UseBasicParsing {source.server.rstrip('/')}/ClientWebService/client.asmx",
    )
    pointer = tuple(source.grounds("this is where a policy sends the machine for updates"))
    seen = newest_observation(evidence, "wsus")
    if source.faults:
        is_certain = not all(fault.endswith("differ") for fault in source.faults)
        agrees = failed is not None and failed.likelihood is not Likelihood.RULED_OUT
        return Judgement(
            likelihood=Likelihood.CONFIRMED if is_certain or agrees else Likelihood.LIKELY,
            said=f"the WSUS pointer is wrong: {'; '.join(source.faults)}",
            evidence=(*quotes_of(evidence, pointer, most=3), *(failed.quotes(evidence) if agrees and failed else ())),
            missing=() if is_certain or agrees else (ask,),
            details=details,
        )
    if seen is not None and seen.state is State.BAD:
        proxy = winhttp_proxy(evidence)
        weighed = weigh(
            (
                Ground(
                    record=seen,
                    says="the WSUS server does not answer",
                    weight=Weight.HINT if seen.weak or proxy is not None else Weight.PROOF,
                ),
                *(failed.current if failed is not None else ()),
            )
        )
        if weighed is not None and proxy is not None:
            return _past_the_proxy(evidence, weighed, proxy)
        if weighed is not None:
            return Judgement(
                likelihood=weighed.likelihood,
                said=weighed.said(f"the WSUS server {server} does not answer the machine"),
                evidence=(*weighed.quotes(evidence), *quotes_of(evidence, pointer, most=2)),
                details=details,
            )
    if failed is None:
        return None
    if failed.likelihood is Likelihood.RULED_OUT:
        return Judgement(
            likelihood=failed.likelihood,
            said=failed.said(f"the WSUS server {server} did not answer"),
            evidence=failed.quotes(evidence),
        )
    codes = codes_in(failed, network)
    if seen is not None and seen.state is State.OK and not seen.weak:
        return Judgement(
            likelihood=Likelihood.POSSIBLE,
            said=failed.said(f"{' and '.join(codes)} with the WSUS server {server}")
            + "; when it was looked at, that server answered",
            evidence=(*failed.quotes(evidence), evidence.quote(seen, "the WSUS server answers")),
            missing=(ask,),
            differentials=(proxy_differential(evidence, frozenset(codes)),),
            details=details,
        )
    return Judgement(
        likelihood=Likelihood.LIKELY if failed.is_ordered else Likelihood.POSSIBLE,
        said=failed.said(f"{' and '.join(codes)}: a policy sends the machine to {server}, and it gets no update list"),
        evidence=(*failed.quotes(evidence), *quotes_of(evidence, pointer, most=3)),
        missing=(ask,),
        differentials=(proxy_differential(evidence, frozenset(codes)),),
        details={**details, "hresult": codes[0] if codes else ""},
    )


def _past_the_proxy(evidence: Evidence, weighed: Weighed, proxy: Proxy) -> Judgement:
    """A server that does not answer directly, on a machine that asks it through a proxy: its pointer is not to be taken
    off for that."""
    source = update_source(evidence)
    return Judgement(
        likelihood=no_surer_than(Likelihood.POSSIBLE, weighed.likelihood),
        said=weighed.said(f"the WSUS server {source.server or '(none)'} does not answer a direct connection")
        + f"; through the WinHTTP proxy {proxy.address}, which Windows Update uses, it may",
        evidence=(*weighed.quotes(evidence), evidence.quote(proxy, "Windows Update goes through this proxy")),
        missing=(
            Missing(
                what="whether the WSUS server answers through the proxy",
                command="Invoke-WebRequest -UseBasicParsing -Proxy http://<the WinHTTP proxy> "
                f"{source.server.rstrip('/')}/ClientWebService/client.asmx",
            ),
        ),
        differentials=(proxy_differential(evidence, frozenset()),),
        remedies=("correct-wsus-pointer", "assess-now"),
        details={"wsus": source.server, "wsus_status": source.status_server},
    )


@known_issue(
    id="AUM106",
    name="wsus-unapproved-updates",
    title="The machine only sees what is approved on its WSUS server",
    source="azure-docs: update-manager/configure-wu-agent.md",
    explains=("AUM135",),
    remedies=("clear-wsus-pointer", "correct-wsus-pointer"),
    verification=("After the approval on the WSUS server, or without the pointer, an assessment lists the updates.",),
)
def wsus_unapproved_updates(evidence: Evidence) -> Judgement | None:
    """An assessment on a machine that uses WSUS succeeded and found nothing: perhaps nothing is approved there.

    ## Why it matters
    Azure Update Manager sees and installs only what the WSUS server offers to the machine. Updates that nobody approved
    there, or that the server has not synchronised, do not exist for it: the machine looks patched.

    ## What to do
    Look at the WSUS console for the approvals of the machine's group and for the last synchronisation; or take the
    pointer off, so that the machine asks Microsoft.

    ## When it is wrong
    A machine that is really up to date looks the same from inside. It is never more than possible until the server's
    approvals are compared.
    """
    source = update_source(evidence)
    assessed = newest(evidence, ASSESSMENT)
    if not source.uses_wsus or assessed is None or not assessed.succeeded or family_of(evidence) == "linux":
        return None
    if assessed.available != 0:
        return None
    return Judgement(
        likelihood=Likelihood.POSSIBLE,
        said=f"the newest assessment found no update, and it asked the WSUS server {source.server or 'of a policy'}",
        evidence=quotes_of(
            evidence,
            (assessed.ground("the assessment succeeded with 0 updates"), *source.grounds("the machine asks WSUS")),
        ),
        missing=(
            Missing(
                what="what is approved for the machine on the WSUS server, and when that last synchronised",
                command="Get-WsusUpdate -Approval Unapproved -Status FailedOrNeeded (on the WSUS server)",
            ),
        ),
        details={"wsus": source.server},
    )
