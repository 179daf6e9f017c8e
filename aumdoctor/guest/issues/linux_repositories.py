"""AUM024, AUM092, AUM103: the repositories that a Linux machine takes its updates from."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

import msgspec

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.operations import ASSESSMENT, CORE_LOG, newest, operations, successes
from aumdoctor.guest.issues.verdicts import Judgement, judged, known_issue
from aumdoctor.guest.issues.weighing import (
    Ground,
    Weighed,
    Weight,
    best_of,
    differential,
    observed,
    sign_ground,
    texts,
    weigh,
)
from aumdoctor.model.guest import Differential, Likelihood, LogSign, Missing, Observation, Proxy, State

FETCH_SIGNS = ("apt-fetch-failed", "yum-fetch-failed", "zypper-fetch-failed")
_OTHER_SIGNS = (
    "repository-metadata-failed",
    "repositories-ignored",
    "repositories-none",
    "repository-has-no-release-file",
    "repository-release-changed",
    "repository-release-expired",
    "repository-key-missing",
    "repository-key-expired",
    "repository-signature-bad",
    "repository-hash-mismatch",
    "apt-source-malformed",
    "apt-index-ignored",
)
_KNOWN_OTHERWISE = (
    "dpkg-interrupted",
    "dpkg-database-broken",
    "rpm-database-broken",
    "package-manager-locked",
    "apt-source-unknown-type",
    "disk-full",
    "unmet-dependencies",
    "package-script-failed",
    "package-install-failed",
    "installation-blocked-by-assessment",
)
"""Signs that explain a bare return code of the package manager in another way."""

_REFRESHING = ("refresh", "check-update", "makecache", "list-updates", "updateinfo")

_ASK = Missing(
    what="what the package manager says when it refreshes its lists",
    command="sudo apt-get update || sudo dnf -v makecache || sudo zypper refresh",
)


class _Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a repository is not read: the reasons of fetches and the signs that tell it, and how to ask."""

    name: str
    said: str
    reasons: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    remedy: str = "open-linux-repositories"
    command: str = ""


_REASONS = (
    _Reason(
        name="name resolution",
        said="the name of the repository is not resolved",
        reasons=("dns",),
        phrases=("could not resolve '", "temporary failure resolving", "could not resolve host"),
        command="resolvectl status; getent hosts <repository>",
    ),
    _Reason(
        name="no connection",
        said="the connection to the repository is refused, reset or not answered",
        reasons=("refused", "timeout", "unreachable", "reset"),
        phrases=("connection refused", "connection timed out", "timeout was reached", "network is unreachable"),
        command="curl -sv --max-time 10 <repository> -o /dev/null",
    ),
    _Reason(
        name="proxy",
        said="the proxy does not answer, or does not let the request through",
        reasons=("proxy", "proxy-auth"),
        signs=("proxy-failed", "proxy-authentication-required"),
        remedy="correct-proxy",
        command="env | grep -i proxy; grep -rhi proxy /etc/apt/apt.conf* /etc/dnf/dnf.conf /etc/yum.conf",
    ),
    _Reason(
        name="TLS",
        said="the certificate of the repository, or of what stands before it, is not trusted",
        reasons=("tls", "tls-untrusted"),
        phrases=("certificate verification failed", "ssl certificate problem", "certificate is not trusted"),
        command="openssl s_client -connect <repository>:443 -servername <repository> </dev/null",
    ),
    _Reason(
        name="client certificate",
        said="the repository refuses the machine's own certificate (RHUI)",
        reasons=("tls-client-expired",),
        signs=("repository-client-certificate-expired",),
        remedy="repair-package-manager",
        command="openssl x509 -noout -enddate -in /etc/pki/rhui/product/content.crt",
    ),
    _Reason(
        name="not there",
        said="the repository answers that the file does not exist, or forbids it",
        reasons=("http-",),
        signs=("repository-has-no-release-file",),
        remedy="repair-package-manager",
        command="grep -rhE '^(deb|URIs|baseurl|mirrorlist)' /etc/apt/sources.list* /etc/yum.repos.d",
    ),
    _Reason(
        name="signature or index",
        said="the signature or the index of the repository is not accepted",
        signs=(
            "repository-release-changed",
            "repository-release-expired",
            "repository-key-missing",
            "repository-key-expired",
            "repository-signature-bad",
            "repository-hash-mismatch",
        ),
        remedy="repair-package-manager",
        command="sudo apt-get update; timedatectl",
    ),
    _Reason(
        name="source list",
        said="the list of repositories is empty or cannot be read",
        signs=("apt-source-malformed", "repositories-none"),
        remedy="repair-package-manager",
        command="grep -rn . /etc/apt/sources.list /etc/apt/sources.list.d; dnf repolist; zypper lr -u",
    ),
)


@known_issue(
    id="AUM024",
    name="linux-repositories-unreachable",
    title="The package manager does not get the lists of its repositories",
    source="Azure Update Manager troubleshooting: Linux repositories aren't accessible; Azure/LinuxPatchExtension",
    seed="§22 Linux repositories aren't accessible",
    explains=("AUM130", "AUM131", "GST001"),
    remedies=("open-linux-repositories", "assess-now"),
    verification=(
        "`apt-get update`, `dnf makecache` or `zypper refresh` ends without a line that begins with Err, W or E.",
        "A new assessment succeeds, and its log has no failed fetch.",
    ),
)
def linux_repositories_unreachable(evidence: Evidence) -> Judgement | None:
    """The machine's package manager cannot fetch the lists of the repositories that it is configured with.

    ## Why it matters
    Updates come from the public or private repositories in the machine's own configuration, never from Azure Update
    Manager. With apt a repository that is not reached may go unnoticed: apt warns, ends with success, and works with
    old lists or none.

    ## What to do
    Take the reason that the differentials name: name resolution, connection, proxy, TLS, a repository that is gone, its
    signature. Red Hat's RHUI servers answer only to addresses of Azure's datacentres.

    ## When it is wrong
    That a port answers does not prove that lists come through, nor the other way round behind a proxy. Microsoft's
    troubleshooter calls repositories in the deb822 form unreachable though they are read; its answer alone only hints.
    """
    fetches = evidence.signs(*FETCH_SIGNS)
    weighed = best_of(*_weighed_fetches(evidence, fetches), _weighed_rest(evidence))
    if weighed is None:
        return None
    reasons = {reason.name: list(_of_reason(evidence, reason)) for reason in _REASONS}
    named = [reason for reason in _REASONS if reasons[reason.name]]
    hosts = _hosts(weighed)
    of = f" of {', '.join(hosts[:4])}" if hosts else ""
    why = f": {named[0].said}" if named else ""
    said = weighed.said(f"the package manager does not get the lists{of}{why}")
    if weighed.likelihood is Likelihood.RULED_OUT:
        return Judgement(likelihood=weighed.likelihood, said=said, evidence=weighed.quotes(evidence))
    missing = () if weighed.likelihood is Likelihood.CONFIRMED and named else (_ASK, CORE_LOG)
    return Judgement(
        likelihood=weighed.likelihood,
        said=said,
        evidence=weighed.quotes(evidence),
        missing=missing,
        differentials=tuple(_differentials(evidence, reasons)),
        remedies=(*dict.fromkeys(reason.remedy for reason in named or _REASONS[:1]), "assess-now"),
        details={"hosts": ", ".join(hosts[:10]), "reason": ", ".join(reason.name for reason in named)},
    )


def _weighed_fetches(evidence: Evidence, fetches: Iterable[LogSign]) -> Iterator[Weighed | None]:
    """Failed fetches, by the command that met them: only the same command, when it runs well later, heals. With apt an
    assessment that succeeded proves nothing."""
    by_command: dict[tuple[bool, str], list[Ground]] = {}
    for sign in fetches:
        key = (sign.sign == "apt-fetch-failed", _command(sign))
        by_command.setdefault(key, []).append(sign_ground(sign, _said_of_fetch(sign)))
    if not by_command:
        return
    refreshed: dict[str, list[Ground]] = {}
    for sign in evidence.signs("repository-refreshed"):
        refreshed.setdefault(_command(sign), []).append(sign_ground(sign, "the lists were fetched"))
    good = tuple(successes(evidence, ASSESSMENT, says="an assessment has succeeded"))
    for (is_apt, command), grounds in by_command.items():
        again = [*refreshed.get(command, ()), *(refreshed.get("", ()) if command else ())]
        yield weigh(grounds, (*again, *(() if is_apt else good)))


def _weighed_rest(evidence: Evidence) -> Weighed | None:
    refreshed = [sign_ground(sign, "the lists were fetched") for sign in evidence.signs("repository-refreshed")]
    by_sign = weigh(
        (sign_ground(sign, "a repository is not read") for sign in evidence.signs(*_OTHER_SIGNS)),
        refreshed,
    )
    by_tool = weigh(observed(evidence, "repository", says="a repository is not reached from the machine"))
    by_code = None
    if not evidence.signs(*_KNOWN_OTHERWISE):
        by_code = weigh(_return_codes(evidence), successes(evidence, ASSESSMENT, says="an assessment has succeeded"))
    return best_of(by_sign, by_tool, by_code)


def _return_codes(evidence: Evidence) -> Iterator[Ground]:
    """A package manager that ended with an error while it fetched lists, and gave no reason."""
    says = "the package manager ended with an error while it fetched its lists"
    for sign in evidence.signs("package-manager-failed"):
        words = sign.values.get("command", "").lower().split()
        # `yum update` and `zypper update` install.
        if any(word in words for word in _REFRESHING) or ("update" in words and "apt-get" in words):
            yield sign_ground(sign, says, Weight.SIGN)
    for each in operations(evidence, ASSESSMENT):
        text = " ".join(each.texts).lower()
        if each.failed and "from package manager" in text and "dpkg --configure" not in text:
            yield each.ground(says, Weight.SIGN)


def _of_reason(evidence: Evidence, reason: _Reason) -> Iterator[Ground]:
    for sign in evidence.signs(*FETCH_SIGNS):
        if _is_refused_by_proxy(sign):
            if reason.name == "proxy":
                yield sign_ground(sign, f"{sign.values.get('peer', 'another address')} was dialled: a proxy")
        elif _tells(sign, reason):
            yield sign_ground(sign, reason.said)
    for sign in evidence.signs(*reason.signs):
        yield sign_ground(sign, reason.said)


def _is_refused_by_proxy(sign: LogSign) -> bool:
    """Whether it was another address than the repository's that did not answer."""
    not_answered = ("refused", "timeout", "unreachable", "dns", "reset")
    return sign.values.get("proxy") == "yes" and sign.values.get("reason") in not_answered


def _tells(sign: LogSign, reason: _Reason) -> bool:
    why = sign.values.get("reason", "")
    if not why:
        return any(phrase in sign.text.lower() for phrase in reason.phrases)
    return any(why == one or (one.endswith("-") and why.startswith(one)) for one in reason.reasons)


def _differentials(evidence: Evidence, reasons: dict[str, list[Ground]]) -> Iterator[Differential]:
    is_told = any(reasons.values())
    for reason in _REASONS:
        found = reasons[reason.name]
        if found or not is_told:
            yield differential(
                evidence, reason.name, reason.said, found, missing=(Missing(what=reason.said, command=reason.command),)
            )
        else:
            yield Differential(
                name=reason.name,
                state=Likelihood.RULED_OUT,
                said="the package manager names another reason",
            )
    set_proxies = [each for each in evidence.of(Proxy) if each.address]
    if set_proxies and not reasons["proxy"]:
        yield Differential(
            name="a proxy is set",
            state=Likelihood.POSSIBLE,
            said="a proxy is set on the machine, and may stand in the way",
            evidence=evidence.quotes(set_proxies, "a proxy is set", most=3),
        )


def _said_of_fetch(sign: LogSign) -> str:
    host, why = sign.values.get("host", ""), sign.values.get("reason", "")
    return f"a list{f' of {host}' if host else ''} was not fetched{f' ({why})' if why else ''}"


def _hosts(weighed: Weighed) -> list[str]:
    """The hosts that the grounds name, or the repositories where they name no host."""
    found: dict[str, dict[str, None]] = {"host": {}, "repository": {}}
    for ground in weighed.grounds:
        values = ground.record.values if isinstance(ground.record, LogSign | Observation) else {}
        for name, held in found.items():
            if values.get(name):
                held[values[name]] = None
    return list(found["host"] or found["repository"])


def _command(sign: LogSign) -> str:
    return " ".join(sign.values.get("command", "").split())


@known_issue(
    id="AUM092",
    name="rhui-unreachable-or-cert-expired",
    title="Red Hat's update infrastructure in Azure (RHUI) is not reached, or refuses the machine's certificate",
    source="azure-compute-docs: workloads/redhat/redhat-rhui.md; Azure/LinuxPatchExtension: YumPackageManager",
    seed="§22 Linux repositories aren't accessible",
    explains=("AUM024", "AUM130", "AUM131"),
    remedies=("open-linux-repositories", "repair-package-manager", "assess-now"),
    verification=("`sudo yum clean all; sudo yum makecache` ends without an error.", "A new assessment succeeds."),
)
def rhui_unreachable_or_cert_expired(evidence: Evidence) -> Judgement | None:
    """A pay-as-you-go Red Hat machine gets nothing from RHUI: its certificate expired, or the way there is closed.

    ## Why it matters
    The client certificate comes in the package `rhui-azure-*` and expires where the machine was not updated for long:
    then it cannot be updated at all. RHUI answers only to public addresses of Azure: traffic that leaves through a
    company's own network is refused.

    ## What to do
    Expired: update the package `rhui-azure-*` with all other repositories disabled. Not reached: let TCP 443 to
    rhui4-1.microsoft.com out of Azure directly, not through a tunnel.

    ## When it is wrong
    The patch extension writes "expired SSL certs" on every failed download of yum, time-outs too: the number of curl's
    error decides, 58 is the certificate, 28 a time-out, 6 a name. The label alone proves nothing.
    """
    expired = [
        sign_ground(each, "the server refused the machine's certificate as expired")
        for each in evidence.signs("repository-client-certificate-expired")
    ]
    fetches = [each for each in evidence.signs("yum-fetch-failed") if _is_of_rhui(each.values, each.text)]
    expired += [
        sign_ground(each, "the server refused the machine's certificate as expired")
        for each in fetches
        if each.values.get("reason") == "tls-client-expired" or each.values.get("curl") == "58"
    ]
    away = [
        sign_ground(each, _said_of_fetch(each))
        for each in fetches
        if each.values.get("reason") != "tls-client-expired" and each.values.get("curl") != "58"
    ]
    away += [
        Ground(record=each, says="RHUI is not reached", weight=Weight.HINT if each.weak else Weight.PROOF)
        for each in evidence.observations("repository")
        if each.state is State.BAD and _is_of_rhui(each.values, each.text)
    ]
    label = [
        *(
            sign_ground(each, "the extension's label, which it writes on every failed download", Weight.HINT)
            for each in evidence.signs("extension-label-expired-certificates")
        ),
        *texts(
            evidence,
            "expired SSL certs",
            says="the extension's label, which it writes on every failed download",
            weight=Weight.HINT,
        ),
    ]
    if not (expired or away) and evidence.signs("yum-fetch-failed"):
        # The log names what failed, and it is no RHUI.
        return None
    weighed = weigh(
        (*expired, *away, *label),
        (
            *successes(evidence, ASSESSMENT, says="an assessment has succeeded"),
            *(sign_ground(each, "the lists were fetched") for each in evidence.signs("repository-refreshed")),
        ),
    )
    if weighed is None:
        return None
    if expired:
        what = "RHUI refuses the machine's client certificate: it has expired"
    elif away:
        what = "RHUI is not reached from the machine; its certificate is not the reason"
    else:
        what = "yum could not fetch its lists, and the extension's label speaks of expired certificates"
    said = weighed.said(what)
    if weighed.likelihood is Likelihood.RULED_OUT:
        return Judgement(likelihood=weighed.likelihood, said=said, evidence=weighed.quotes(evidence))
    certificate = Missing(
        what="until when the machine's RHUI certificate is valid",
        command="sudo openssl x509 -noout -enddate -in /etc/pki/rhui/product/content.crt",
    )
    way = Missing(
        what="whether RHUI is reached, and from which address",
        command="curl -sv --max-time 10 https://rhui4-1.microsoft.com/ -o /dev/null",
    )
    others = (
        differential(evidence, "certificate expired", "the client certificate expired", expired, missing=(certificate,))
        if expired or not away
        else Differential(
            name="certificate expired",
            state=Likelihood.RULED_OUT,
            said="the connection failed before any certificate was shown",
        ),
        differential(evidence, "not reached", "RHUI is not reached", away, missing=(way,)),
    )
    return Judgement(
        likelihood=weighed.likelihood,
        said=said,
        evidence=weighed.quotes(evidence),
        missing=() if expired or away else (CORE_LOG, certificate, way),
        differentials=others,
        remedies=("repair-package-manager", "assess-now") if expired else None,
        details={"reason": "certificate" if expired else "network" if away else "unknown"},
    )


def _is_of_rhui(values: dict[str, str], text: str) -> bool:
    named = f"{values.get('host', '')} {values.get('repository', '')} {values.get('url', '')}".lower()
    return "rhui" in (named if named.strip() else text.lower())


@known_issue(
    id="AUM103",
    name="unsupported-repo-only",
    title="All repositories are private, and nothing that they offer is classified",
    source="azure-docs: update-manager/support-matrix.md, query-logs.md",
    explains=("AUM065", "AUM135"),
    remedies=("select-classifications",),
    verification=("An assessment classifies updates as security, or the schedule selects Other too.",),
)
def unsupported_repo_only(evidence: Evidence) -> Judgement | None:
    """The machine has only private repositories, and every pending update is of the class Other.

    ## Why it matters
    A mirror without the distribution's security data leaves updates unclassified. A schedule for critical and security
    updates then installs nothing, and the machine looks patched.

    ## What to do
    Mirror the security data too (updateinfo, the security suite), or let the schedule install the class Other as well.

    ## When it is wrong
    It may be that really no security update is missing. Only hosts that are plainly private (an address of a private
    network, a name without a public ending) count as private.
    """
    assessed = newest(evidence, ASSESSMENT)
    if assessed is None or not assessed.succeeded:
        return None
    other, critical = assessed.count("otherPatchCount"), assessed.count("criticalAndSecurityPatchCount")
    if not other or critical != 0:
        return None
    seen = [each for each in evidence.observations("repository") if each.values.get("host")]
    if not seen or not all(_is_private(each.values["host"]) for each in seen):
        return None
    return judged(
        evidence,
        f"all {other} pending updates are unclassified, and all repositories are private",
        (
            assessed.ground("no pending update is classified as critical or security", Weight.HINT),
            *(Ground(record=each, says="a private repository", weight=Weight.HINT) for each in seen),
        ),
    )


_PRIVATE = (".local", ".internal", ".corp", ".lan", ".intra", ".intranet", ".home.arpa", ".private", ".localdomain")


def _is_private(host: str) -> bool:
    name = host.strip().strip("[]").lower().rstrip(".")
    try:
        return ipaddress.ip_address(name).is_private
    except ValueError:
        return bool(name) and ("." not in name or name.endswith(_PRIVATE))
