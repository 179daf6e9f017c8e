"""AUM008, AUM110, AUM111, AUM113, AUM115, AUM116: what codes of Windows Update tell beside the well known causes."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from aumdoctor.guest.envelope import member
from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.hresults import (
    Failure,
    codes_in,
    failures,
    failures_with,
    weigh_failures,
)
from aumdoctor.guest.issues.operations import ASSESSMENT, family_of, newest
from aumdoctor.guest.issues.verdicts import Judgement, known_issue, no_surer_than
from aumdoctor.guest.issues.weighing import (
    Ground,
    Weight,
    differential,
    newest_observation,
    observed,
    quotes_of,
)
from aumdoctor.guest.issues.windows_update_unreachable import NETWORK, proxy_differential
from aumdoctor.knowledge.error_codes import entry_for
from aumdoctor.model.guest import Differential, Likelihood, Missing, State

_REFERENCE = "windows-itpro-docs: Windows Update error reference"

_STORE = frozenset(
    {"0x8007000D", "0x80073712", "0x80073701", "0x800736CC", "0x800F0982", "0x80070490", "0x80242006", "0x800F081F"}
)
_STORE_FAMILIES = ("0x80246", "0x80248")
_RECOVERY = ("KB5034439", "KB5034440", "KB5034441", "KB5042320", "KB5048239")
"""Updates of the recovery environment, known to fail where its partition is too small."""

_UNATTENDED = frozenset({"0x80240020", "0x8024200A", "0x80240023", "0x80240033"})
_TLS = frozenset({"0x80072F8F", "0x80072F7D", "0x80072F05", "0x80072F06", "0x80072F0D"})
ASK_FOR_TLS = r'reg query "HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols" /s'
_TOLD_ELSEWHERE = (
    NETWORK
    | _STORE
    | _UNATTENDED
    | _TLS
    | {"0x8024002E", "0x80070422", "0x80240025", "0x8024002F", "0x80072EE6", "0x80244011", "0x80070005", "0x80246017"}
    | {"0x8024001E", "0x8024A10A", "0x80070070", "0x80240016", "0x80242014", "0x80070BC9", "0x80070BC2", "0x80240042"}
)
"""Codes that have an issue of their own."""


@known_issue(
    id="AUM008",
    name="not-assessed",
    title="Windows Update fails with a code that has no known cause of its own",
    source="Azure Update Manager troubleshooting: HRESULT table; " + _REFERENCE,
    seed="§8 Exception from HRESULT: 0x……C, other generic exceptions",
    explains=("AUM130", "AUM131"),
    remedies=("read-guest-log", "assess-now"),
    verification=("Windows Update searches without an error on the machine itself.", "A new assessment succeeds."),
)
def not_assessed(evidence: Evidence) -> Judgement | None:
    """Windows Update fails with a code that none of the other known issues explains, or without a code.

    ## Why it matters
    Azure Update Manager only asks the update agent of the machine. Where that agent is not well, the machine cannot be
    assessed, whatever is set up in Azure.

    ## What to do
    Run Windows Update on the machine itself. Where that fails too, the cause is the machine's own update configuration;
    `aumdoctor explain CODE` decodes the code, and Get-WindowsUpdateLog shows what came before it.

    ## When it is wrong
    A code that passes by itself, such as a time-out, is no issue once an assessment has succeeded after it.
    """
    found = [each for each in failures_with(evidence, is_told_nowhere) if each.phase != "install"]
    weighed = weigh_failures(evidence, found, "Windows Update failed with this code")
    if weighed is not None:
        codes = codes_in(weighed, found)
        entry = entry_for(int(codes[0], 16))
        means = f": {entry.means}" if entry is not None and weighed.likelihood is not Likelihood.RULED_OUT else ""
        return Judgement(
            likelihood=weighed.likelihood,
            said=weighed.said(f"Windows Update failed with {' and '.join(codes[:3])}") + means,
            evidence=weighed.quotes(evidence),
            missing=(
                Missing(what="the update agent's own log around that time", command="Get-WindowsUpdateLog"),
                Missing(
                    what="whether Windows Update works on the machine itself",
                    command="(New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher()"
                    ".Search('IsInstalled=0').Updates.Count",
                ),
            )
            if weighed.likelihood is not Likelihood.RULED_OUT
            else (),
            details={"hresult": codes[0]},
        )
    assessed = newest(evidence, ASSESSMENT)
    if assessed is None or not assessed.failed or family_of(evidence) != "windows" or any(failures(evidence)):
        return None
    return Judgement(
        likelihood=Likelihood.CONFIRMED,
        said="the newest assessment failed, and its status names no code",
        evidence=quotes_of(evidence, (assessed.ground("the assessment failed"),)),
        missing=(
            Missing(
                what="the extension's log WindowsUpdateExtension.log",
                command=r"Get-ChildItem C:\WindowsAzure\Logs\Plugins\*PatchExtension -Recurse",
            ),
        ),
    )


def is_told_nowhere(code: str) -> bool:
    """Whether a code has no issue of its own."""
    return code not in _TOLD_ELSEWHERE and not code.startswith(_STORE_FAMILIES) and code != "0x80070643"


@known_issue(
    id="AUM110",
    name="winre-partition-too-small",
    title="The recovery partition is too small for an update of Windows RE",
    source="Microsoft support: KB5034439, KB5034440, KB5034441; " + _REFERENCE,
    explains=("AUM131",),
    remedies=("read-guest-log",),
    verification=("reagentc /info shows a recovery partition with 250 MB free.", "The update installs."),
)
def winre_partition_too_small(evidence: Evidence) -> Judgement | None:
    """An update of the recovery environment fails with 0x80070643, most often for want of room in its partition.

    ## Why it matters
    The update stays pending and makes every installation fail, though all others are installed.

    ## What to do
    Look at the size of the recovery partition and make it larger by hand, or, where the machine has no recovery
    environment (many virtual machines do not need one), exclude the update.

    ## When it is wrong
    0x80070643 is the code of any installer that failed. Where the update is another one, this is not the cause.
    """
    found = [each for each in failures_with(evidence, {"0x80070643"}) if is_of_recovery(each)]
    weighed = weigh_failures(
        evidence,
        (structs.replace(each, weight=Weight.SIGN) for each in found),
        "an update of the recovery environment fails",
    )
    if weighed is None:
        return None
    names = " and ".join(dict.fromkeys(each.kb for each in found if each.kb)) or "an update of the recovery environment"
    return Judgement(
        likelihood=no_surer_than(Likelihood.LIKELY, weighed.likelihood),
        said=weighed.said(f"{names} fails with 0x80070643"),
        evidence=weighed.quotes(evidence),
        missing=(Missing(what="the size of the recovery partition and what is free on it", command="reagentc /info"),),
        details={"kb": names, "hresult": "0x80070643"},
    )


def is_of_recovery(failure: Failure) -> bool:
    """Whether it was an update of the recovery environment that failed."""
    lowered = failure.title.lower()
    return failure.kb in _RECOVERY or any(
        name in lowered for name in ("windows re ", "winre", "recovery environment", "回復環境")
    )


@known_issue(
    id="AUM111",
    name="driver-or-interactive-updates",
    title="An update wants a person, so that it cannot be installed unattended",
    source="azure-docs: update-manager/support-matrix.md; " + _REFERENCE,
    explains=("AUM131",),
    remedies=("correct-filters",),
    verification=("The update is installed by hand, or the schedule leaves it out.",),
)
def driver_or_interactive_updates(evidence: Evidence) -> Judgement | None:
    """An update asks for a sign-in, an answer, or for its licence to be accepted; drivers do.

    ## Why it matters
    Azure Update Manager installs without anybody being there. The update fails in every run, and the run with it.

    ## What to do
    Install it by hand on the machine, or exclude its KB from the schedule.

    ## When it is wrong
    Where a newer version of the update no longer asks, it passes by itself.
    """
    found = failures_with(evidence, _UNATTENDED)
    weighed = weigh_failures(evidence, found, "the update cannot be installed without a person")
    if weighed is None:
        return None
    names = " and ".join(dict.fromkeys(each.kb for each in found if each.kb)) or "an update"
    codes = codes_in(weighed, found)
    return Judgement(
        likelihood=weighed.likelihood,
        said=weighed.said(f"{names} cannot be installed unattended ({' and '.join(codes)})"),
        evidence=weighed.quotes(evidence),
        details={"kb": names, "hresult": codes[0]},
    )


@known_issue(
    id="AUM113",
    name="superseded-or-defender-definitions",
    title="Only definitions of Defender are pending, which come anew several times a day",
    source="azure-docs: update-manager; Microsoft Defender: security intelligence updates (KB2267602)",
    remedies=(),
    verification=("No other update is pending.",),
)
def superseded_or_defender_definitions(evidence: Evidence) -> Judgement | None:
    """What is pending are definitions of Microsoft Defender (KB2267602): they are replaced several times a day.

    ## Why it matters
    It is no fault. A report that counts them never comes to zero, whatever is installed.

    ## What to do
    Leave definitions to Defender itself, and do not count them as missing patches.

    ## When it is wrong
    Definitions that are days old are a fault of Defender's own updating.
    """
    assessed = newest(evidence, ASSESSMENT)
    patches = member(assessed.summary.body, "patches") if assessed is not None and assessed.succeeded else None
    if assessed is None or not isinstance(patches, list) or not patches:
        return None
    definitions = [each for each in patches if "2267602" in _named(each)]
    if not definitions or len(definitions) < len(patches):
        return None
    return Judgement(
        likelihood=Likelihood.CONFIRMED,
        said="all that the newest assessment found pending are definitions of Microsoft Defender (KB2267602)",
        evidence=quotes_of(evidence, (assessed.ground("the list of pending updates"),)),
    )


def _named(patch: object) -> str:
    return " ".join(str(member(patch, name) or "") for name in ("patchId", "name", "kbId", "patchName"))


@known_issue(
    id="AUM115",
    name="wu-corrupt-store",
    title="The update client's store, or the component store, is damaged",
    source=_REFERENCE + "; Azure support scripts: windows-vm-wureset-tool",
    explains=("AUM008", "AUM130", "AUM131"),
    remedies=("reset-windows-update-store", "assess-now"),
    verification=("DISM /Online /Cleanup-Image /ScanHealth finds no corruption.", "A new installation succeeds."),
)
def wu_corrupt_store(evidence: Evidence) -> Judgement | None:
    """Windows Update reports damaged data: its own store, a download, or the component store.

    ## Why it matters
    It does not heal by itself: the same update fails in each window until the store is repaired or made anew.

    ## What to do
    Codes that begin with 0x80248 are of the store of Windows Update, and 0x80246 of its downloads: reset
    `SoftwareDistribution` and `catroot2`. 0x80073712, 0x800F0982 and 0x8007000D are of the component store: repair it
    with DISM and sfc first.

    ## When it is wrong
    A damaged download may be the work of a filter on the way, and a full disk leaves damaged stores behind: look at
    both before the store is thrown away.
    """
    found = failures_with(evidence, lambda code: code in _STORE or code.startswith(_STORE_FAMILIES))
    weighed = weigh_failures(evidence, found, "Windows Update reports damaged data")
    if weighed is None:
        return None
    codes = codes_in(weighed, found)
    is_out = weighed.likelihood is Likelihood.RULED_OUT
    others = () if is_out else tuple(_beside_the_store(evidence, frozenset(codes)))
    return Judgement(
        likelihood=weighed.likelihood,
        said=weighed.said(f"{' and '.join(codes[:3])}: the store of Windows Update or of the components is damaged"),
        evidence=weighed.quotes(evidence),
        missing=tuple(one for each in others for one in each.missing),
        differentials=others,
        details={"hresult": codes[0]},
    )


def _beside_the_store(evidence: Evidence, codes: frozenset[str]) -> Iterator[Differential]:
    of_components = frozenset(code for code in codes if code.startswith(("0x8007", "0x800F")))
    yield differential(
        evidence,
        "component store",
        "the component store (WinSxS) is damaged",
        (each.ground("the code is one of the component store") for each in failures_with(evidence, of_components)),
        otherwise="no code is one of the component store",
        missing=(Missing(what="the state of the component store", command="DISM /Online /Cleanup-Image /ScanHealth"),),
    )
    yield differential(
        evidence,
        "disk full",
        "the system drive has too little room",
        observed(evidence, "disk-space", State.BAD, State.WARNING, says="little is left on the system drive"),
        observed(evidence, "disk-space", State.OK, says="there is room on the system drive"),
        missing=(Missing(what="how much is free on the system drive", command="Get-Volume -DriveLetter C"),),
    )


@known_issue(
    id="AUM116",
    name="clock-or-root-ca",
    title="The TLS connection of Windows Update is not trusted or not made",
    source="windows-itpro-docs: Windows Update error reference; Azure Arc: network requirements",
    explains=("AUM008", "AUM025", "AUM130", "AUM131"),
    remedies=("correct-clock", "enable-tls12", "open-windows-update-endpoints", "assess-now"),
    verification=("w32tm /stripchart shows less than a minute of difference.", "A new assessment succeeds."),
)
def clock_or_root_ca(evidence: Evidence) -> Judgement | None:
    """Windows Update could not make or trust the TLS connection: clock, root certificates, TLS 1.2 or inspection.

    ## Why it matters
    Every source of updates speaks TLS. A clock that is days off, a root certificate that is missing because
    `ctldl.windowsupdate.com` is closed, or a proxy that opens the connection stops them all.

    ## What to do
    Compare the clock first, then look whether TLS 1.2 is switched off, then at the root certificates and at devices
    that inspect TLS.

    ## When it is wrong
    A WSUS server with a certificate of its own that the machine does not trust gives the same code.
    """
    found = failures_with(evidence, _TLS)
    weighed = weigh_failures(evidence, found, "the TLS connection was not made or not trusted")
    if weighed is None:
        return None
    codes = codes_in(weighed, found)
    said = weighed.said(f"{' and '.join(codes)}: the TLS connection to the update source failed")
    if weighed.likelihood is Likelihood.RULED_OUT:
        return Judgement(likelihood=weighed.likelihood, said=said, evidence=weighed.quotes(evidence))
    drift = evidence.events("Time-Service", 34, 36, 47, 50, 52)
    tls = newest_observation(evidence, "tls12")
    others = (
        differential(
            evidence,
            "clock",
            "the clock is not synchronised",
            (
                *observed(evidence, "clock", says="the clock is off"),
                *(
                    Ground(record=each, says="the time service has no good source", weight=Weight.HINT)
                    for each in drift
                ),
            ),
            observed(evidence, "clock", State.OK, says="the clock agrees with its source"),
            missing=(
                Missing(
                    what="how far the clock is off",
                    command="w32tm /stripchart /computer:time.windows.com /samples:1 /dataonly",
                ),
            ),
        ),
        differential(
            evidence,
            "TLS 1.2 switched off",
            "TLS 1.2 cannot be used",
            observed(evidence, "tls12", says="TLS 1.2 cannot be used"),
            observed(evidence, "tls12", State.OK, says="TLS 1.2 can be used") if tls is not None else (),
            missing=(
                Missing(
                    what="whether TLS 1.2 is switched off",
                    command=ASK_FOR_TLS,
                ),
            ),
        ),
        differential(
            evidence,
            "root certificates or inspection",
            "the certificate that came back is not trusted",
            (
                each.ground("the code says that the certificate is not trusted")
                for each in failures_with(evidence, {"0x80072F0D", "0x80072F05", "0x80072F06"})
            ),
            missing=(
                Missing(
                    what="whether the root certificates can be fetched",
                    command="Test-NetConnection ctldl.windowsupdate.com -Port 80",
                ),
            ),
        ),
        proxy_differential(evidence, frozenset()),
    )
    return Judgement(
        likelihood=weighed.likelihood,
        said=said,
        evidence=weighed.quotes(evidence),
        missing=tuple(dict.fromkeys(one for each in others for one in each.missing)),
        differentials=others,
        details={"hresult": codes[0]},
    )
