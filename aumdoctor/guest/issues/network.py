"""AUM020, AUM021, AUM022: proxy, TLS 1.2 and HTTPS, as they are on the machine."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.hresults import failures_with
from aumdoctor.guest.issues.operations import ASSESSMENT, family_of, operations
from aumdoctor.guest.issues.verdicts import Judgement, judged, judged_by, known_issue
from aumdoctor.guest.issues.weighing import (
    Ground,
    Weighed,
    Weight,
    best_of,
    differential,
    observed,
    quotes_of,
    sign_ground,
    weigh,
)
from aumdoctor.guest.issues.windows_policy import ASK_FOR_PROXY, is_one, number_in
from aumdoctor.guest.issues.windows_update_errors import ASK_FOR_TLS
from aumdoctor.guest.issues.windows_update_unreachable import PROXY
from aumdoctor.model.guest import (
    Differential,
    Likelihood,
    Missing,
    Observation,
    OperatingSystem,
    Proxy,
    RegistryValue,
    State,
)

_ASK_FOR_PROXY_ON_LINUX = Missing(
    what="where a proxy is set, in all the places that are read",
    command="env | grep -i proxy; cat /etc/environment; grep -rhi proxy /etc/apt/apt.conf* /etc/yum.conf "
    "/etc/dnf/dnf.conf /etc/sysconfig/proxy /etc/waagent.conf",
)
_ASK_FOR_HTTPS = Missing(
    what="whether HTTPS to Azure works from the machine, and how it fails",
    command="curl -sS --tlsv1.2 --max-time 10 -o /dev/null -w '%{http_code} %{exitcode}' https://login.microsoftonline.com",
)
_TLS_KEY = r"\securityproviders\schannel\protocols\tls 1.2"
_WITHOUT_TLS12 = 9200
"""Windows builds below this one (2008 R2 and before) have TLS 1.2 switched off unless somebody turns it on."""

_WAYS = {
    "5": "proxy",
    "6": "name resolution",
    "7": "refused",
    "28": "no answer",
    "35": "TLS",
    "51": "certificate",
    "56": "proxy",
    "59": "TLS",
    "60": "certificate",
    "77": "certificate",
    "97": "proxy",
}
"""Exit codes of curl, and what stopped the connection (curl's manual)."""


@known_issue(
    id="AUM020",
    name="proxy-configured",
    title="A proxy is set, which may keep the machine from its updates",
    source="Azure Update Manager troubleshooting: proxy is configured; Azure/AzureUpdateManager: ProxySettingsCheck",
    seed="§18 Proxy is configured",
    explains=("AUM024", "AUM025", "AUM130", "AUM131"),
    remedies=("correct-proxy", "open-windows-update-endpoints", "open-linux-repositories"),
    verification=("An assessment succeeds, and its log has no failed fetch.",),
)
def proxy_configured(evidence: Evidence) -> Judgement | None:
    """A proxy is set on the machine, in one of the many places where it can be.

    ## Why it matters
    Updates, the agent and the person at the keyboard may each use another proxy, or none: apt, yum, dnf and zypper read
    their own files, the agent reads waagent.conf, Windows Update reads WinHTTP's setting. One of them may name a proxy
    that is gone, or that does not let the update source through.

    ## What to do
    Compare the places that are named, and let the endpoints of the update source and of Azure through the proxy.

    ## When it is wrong
    A proxy that lets everything through is no fault. It is confirmed only where something says that the proxy refused
    or did not answer, and ruled out by an assessment that got its lists after it.
    """
    settings = [each for each in evidence.of(Proxy) if each.address]
    blocked = list(_blocked(evidence))
    seen = [
        Ground(record=each, says=f"a proxy is set in {each.where}: {each.address}", weight=Weight.HINT)
        for each in settings
    ] + [
        Ground(record=each.record, says="a proxy is set", weight=Weight.HINT)
        for each in observed(evidence, "proxy", State.BAD, State.WARNING, says="a proxy is set")
    ]
    weighed = weigh(blocked or seen, _passes(evidence))
    if weighed is None:
        return None
    places = ", ".join(dict.fromkeys(each.where for each in settings))
    where = f" in {places}" if places else ""
    is_out = weighed.likelihood is Likelihood.RULED_OUT
    what = f"a proxy is set{where}, and it does not let updates through" if blocked else f"a proxy is set{where}"
    said = weighed.said(what)
    if not blocked and not is_out:
        said += "; whether it lets the update source through is not known"
    quotes = (*weighed.quotes(evidence), *(quotes_of(evidence, seen, most=3) if blocked else ()))
    linux = family_of(evidence) != "windows"
    return Judgement(
        likelihood=weighed.likelihood,
        said=said,
        evidence=quotes,
        missing=() if blocked or is_out else (_ASK_FOR_PROXY_ON_LINUX if linux else ASK_FOR_PROXY, _ASK_FOR_HTTPS),
        differentials=() if is_out else tuple(_different(settings, evidence)),
        details={"where": places, "address": ", ".join(dict.fromkeys(each.address for each in settings))},
    )


def _blocked(evidence: Evidence) -> Iterator[Ground]:
    for sign in evidence.signs("proxy-failed", "proxy-authentication-required"):
        yield sign_ground(sign, "the proxy refused, or did not answer")
    for sign in evidence.signs("apt-fetch-failed", "yum-fetch-failed", "zypper-fetch-failed"):
        reason = sign.values.get("reason", "")
        dead = sign.values.get("proxy") == "yes" and reason in ("refused", "timeout", "unreachable", "dns", "reset")
        if dead or reason in ("proxy", "proxy-auth"):
            yield sign_ground(
                sign, f"the proxy {sign.values.get('peer', '')} did not let the fetch through".replace("  ", " ")
            )
    for failure in failures_with(evidence, PROXY):
        yield failure.ground("the code comes from the proxy")
    for subject in ("https", "endpoint"):
        for each in evidence.observations(subject):
            if each.state is State.BAD and _way(each) == "proxy":
                yield Ground(
                    record=each,
                    says="the connection failed at the proxy",
                    weight=Weight.HINT if each.weak else Weight.PROOF,
                )


def _passes(evidence: Evidence) -> Iterator[Ground]:
    """What shows that the proxy does not stand in the way: lists that were fetched. On Linux an assessment that
    succeeded shows it only where it found something, for it may have gone on without lists."""
    for sign in evidence.signs("repository-refreshed"):
        yield sign_ground(sign, "the lists were fetched")
    is_windows = family_of(evidence) == "windows"
    has_failed_fetch = bool(evidence.signs("apt-fetch-failed", "apt-index-ignored"))
    for each in operations(evidence, ASSESSMENT):
        if each.succeeded and (is_windows or (each.available and not has_failed_fetch)):
            yield each.ground("an assessment has succeeded")


def _different(settings: list[Proxy], evidence: Evidence) -> Iterator[Differential]:
    addresses = {each.address.rstrip("/").lower() for each in settings}
    if len(addresses) > 1:
        yield Differential(
            name="places disagree",
            state=Likelihood.LIKELY,
            said=f"{len(addresses)} different proxies are set in {len(settings)} places",
            evidence=evidence.quotes(settings, "a proxy is set"),
        )


@known_issue(
    id="AUM021",
    name="tls12-disabled",
    title="TLS 1.2 cannot be used on the machine",
    source="Azure Update Manager troubleshooting: TLS 1.2 check failed; Windows: TLS registry settings (Schannel)",
    seed="§19 TLS 1.2 check failed",
    explains=("AUM024", "AUM025", "AUM042", "AUM130", "AUM131"),
    remedies=("enable-tls12", "assess-now"),
    verification=("curl --tlsv1.2 https://login.microsoftonline.com answers.", "A new assessment succeeds."),
)
def tls12_disabled(evidence: Evidence) -> Judgement | None:
    """TLS 1.2 is switched off, or the machine fails to make a connection with it.

    ## Why it matters
    Azure and the update sources accept no older version. The agent, the extension and the update client are all cut
    off, each with an error text of its own.

    ## What to do
    Windows: below SCHANNEL\\Protocols\\TLS 1.2 set Enabled to 1 and DisabledByDefault to 0, for Client and Server, and
    restart. Linux: update OpenSSL or GnuTLS, and look at the crypto policy.

    ## When it is wrong
    Where nothing is set in the registry the system's default counts, which is on from Windows Server 2012 on. A
    connection that fails for another reason is often taken for a TLS failure: see the HTTPS check beside it.
    """
    grounds = [*_tls_by_registry(evidence)]
    for each in evidence.observations("tls12"):
        if each.state is State.BAD:
            told = _way(each) in ("TLS", "") or "disabled" in each.values.get("reason", "").lower()
            # A tool that tries one connection takes every failure for one of TLS.
            weight = Weight.HINT if each.weak or not told else Weight.PROOF
            grounds.append(Ground(record=each, says="TLS 1.2 cannot be used", weight=weight))
        elif each.state is State.WARNING:
            grounds.append(Ground(record=each, says="TLS 1.2 is not switched on explicitly", weight=Weight.HINT))
    counters = [
        *observed(evidence, "tls12", State.OK, says="TLS 1.2 can be used"),
        *(
            Ground(record=each, says="the HTTPS connection with TLS 1.2 works")
            for each in evidence.observations("https")
            if each.state is State.OK and not each.weak
        ),
    ]

    def others(_: Weighed) -> Iterator[Differential]:
        yield differential(
            evidence,
            "no connection at all",
            "HTTPS fails for another reason than TLS",
            (
                Ground(record=each, says=f"the connection failed: {_way(each)}", weight=Weight.SIGN)
                for each in evidence.observations("https")
                if each.state is State.BAD and _way(each) not in ("TLS", "")
            ),
            missing=(_ASK_FOR_HTTPS,),
        )

    linux = family_of(evidence) == "linux"
    ask = Missing(what="whether TLS 1.2 is switched off", command=ASK_FOR_TLS)
    return judged(
        evidence,
        "TLS 1.2 cannot be used on the machine",
        grounds,
        counters,
        missing=(_ASK_FOR_HTTPS if linux else ask,),
        differentials=others,
    )


def _tls_by_registry(evidence: Evidence) -> Iterator[Ground]:
    newest: dict[tuple[str, str], RegistryValue] = {}
    for value in evidence.of(RegistryValue):
        if _TLS_KEY in value.key.lower() and value.exists:
            newest[value.key.lower().rstrip("\\"), value.name.lower()] = value
    for (key, name), value in newest.items():
        side = key.rpartition("\\")[2]
        if side not in ("client", "server"):
            continue
        # Without Client nothing on the machine can call out; Server matters to those that call it.
        weight = Weight.PROOF if side == "client" else Weight.HINT
        if name == "enabled" and number_in(value) == 0:
            yield Ground(record=value, says=f"Enabled is 0 for TLS 1.2 {side}", weight=weight)
        elif name == "disabledbydefault" and is_one(value):
            yield Ground(record=value, says=f"DisabledByDefault is 1 for TLS 1.2 {side}", weight=weight)
    if newest:
        return
    for system in evidence.of(OperatingSystem):
        if system.family == "windows" and system.build is not None and system.build < _WITHOUT_TLS12:
            yield Ground(record=system, says="this Windows has TLS 1.2 off unless it is turned on", weight=Weight.HINT)


@known_issue(
    id="AUM022",
    name="https-connectivity-failed",
    title="HTTPS from the machine to Azure does not work",
    source="Azure Update Manager troubleshooting: Https connection check failed; Azure/AzureUpdateManager: "
    "HttpsConnectionCheck, ArcRequiredEndpointsCheck",
    seed="§20 Https connection check failed",
    explains=("AUM042", "AUM117", "AUM130"),
    remedies=("correct-proxy", "open-windows-update-endpoints", "open-linux-repositories", "assess-now"),
    verification=("curl https://login.microsoftonline.com answers from the machine.",),
)
def https_connectivity_failed(evidence: Evidence) -> Judgement | None:
    """The machine does not reach an Azure endpoint over HTTPS.

    ## Why it matters
    An Arc-enabled server hears of nothing without it. An Azure VM gets its requests by way of the host, but what it
    downloads comes over HTTPS.

    ## What to do
    Take the way in which it fails: a name that is not resolved, a port that does not answer, a proxy, TLS, or a
    certificate that is not trusted. Open outbound TCP 443 to the endpoints that are named.

    ## When it is wrong
    A test that opens a port past the proxy fails where only the proxy may go out. A subnet without outbound access by
    default is meant to be closed; the update source may be open all the same.
    """
    seen = [each for name in ("https", "endpoint") for each in evidence.observations(name)]
    by_host: dict[str, tuple[list[Ground], list[Ground]]] = {}
    for each in seen:
        host = each.values.get("host", "").lower()
        bad, good = by_host.setdefault(host, ([], []))
        weight = Weight.HINT if each.weak else Weight.PROOF
        if each.state is State.BAD:
            says = f"{host or 'the endpoint'} is not reached{_by(each)}"
            bad.append(Ground(record=each, says=says, weight=weight))
        elif each.state is State.OK:
            good.append(Ground(record=each, says=f"{host or 'the endpoint'} is reached", weight=weight))
    weighed = best_of(*(weigh(bad, good) for bad, good in by_host.values()))
    failed = [each for each in seen if each.state is State.BAD]
    hosts = ", ".join(dict.fromkeys(each.values["host"] for each in failed if each.values.get("host")))

    def others(_: Weighed) -> Iterator[Differential]:
        for way in dict.fromkeys(_WAYS.values()):
            found = [
                Ground(record=each, says=f"it failed there: {way}", weight=Weight.HINT if each.weak else Weight.PROOF)
                for each in failed
                if _way(each) == way
            ]
            if found:
                yield differential(evidence, way, f"the connection failed: {way}", found)

    return judged_by(
        evidence,
        f"HTTPS to {hosts or 'Azure'} does not work from the machine",
        weighed,
        missing=(_ASK_FOR_HTTPS,),
        differentials=others,
        details={"hosts": hosts},
    )


def _way(seen: Observation) -> str:
    """What stopped a connection, by curl's exit code; "" where it is not told."""
    for name in ("code", "rc", "curl"):
        given = seen.values.get(name, "").strip()
        if given in _WAYS:
            return _WAYS[given]
    return ""


def _by(seen: Observation) -> str:
    way = _way(seen)
    return f" ({way})" if way else ""
