"""AUM028: Windows Update was refused access; four causes to look at."""

from __future__ import annotations

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.hresults import failures_with, weigh_failures
from aumdoctor.guest.issues.verdicts import Judgement, known_issue
from aumdoctor.guest.issues.weighing import Ground, Weight, best_of, differential, observed, texts, weigh
from aumdoctor.guest.issues.windows_policy import ASK_FOR_POLICY, POLICY, is_one
from aumdoctor.guest.issues.windows_update_unreachable import proxy_differential
from aumdoctor.model.guest import Differential, Likelihood, Missing, RegistryValue, State

_CODES = frozenset({"0x80070005", "0x80246017"})

ASK_FOR_DISK = Missing(what="how much is free on the system drive", command="Get-Volume -DriveLetter C")


@known_issue(
    id="AUM028",
    name="windows-update-access-denied",
    title="Windows Update was refused access to something that it needs",
    source="Azure Update Manager troubleshooting: HRESULT table; windows-itpro-docs: Windows Update error reference",
    seed="§8 HRESULT 0x80070005",
    explains=("AUM008", "AUM130", "AUM131"),
    remedies=("repair-update-access", "assess-now"),
    verification=("A new assessment or installation ends without 0x80070005.",),
)
def windows_update_access_denied(evidence: Evidence) -> Judgement | None:
    """Windows Update reports 0x80070005, or SYSTEM has no full control of the folder that updates are kept in.

    ## Why it matters
    Searching, downloading or installing stops at a door that is closed. Azure's documentation names four causes:
    malware, wrong Windows Update settings, permissions of `%WinDir%\\SoftwareDistribution`, and a full drive C.

    ## What to do
    Go through the differentials, the cheapest first: free space, permissions, settings, then a scan for malware. A
    proxy that refuses the connection can bring the same code.

    ## When it is wrong
    A single update that fails with this code while others install points at that update's own installer, and at
    security software that guards files against it.
    """
    found = failures_with(evidence, _CODES)
    folder = tuple(
        observed(evidence, "software-distribution", says="SYSTEM has no full control of SoftwareDistribution")
    )
    folder_is_good = tuple(
        observed(evidence, "software-distribution", State.OK, says="SYSTEM has full control of SoftwareDistribution")
    )
    failed = weigh_failures(evidence, found, "Windows Update says that access was denied")
    weighed = best_of(
        failed,
        weigh(texts(evidence, "E_ACCESSDENIED", says="access was denied")),
        weigh(
            (Ground(record=each.record, says=each.says, weight=_at_most_sign(each.weight)) for each in folder),
            folder_is_good,
        ),
    )
    if weighed is None:
        return None
    what = "0x80070005" if failed is not None else "the permissions of SoftwareDistribution"
    said = weighed.said(f"{what}: Windows Update is refused access")
    if weighed.likelihood is Likelihood.RULED_OUT:
        return Judgement(likelihood=weighed.likelihood, said=said, evidence=weighed.quotes(evidence))
    disk = differential(
        evidence,
        "disk full",
        "the system drive has too little room",
        (
            *observed(evidence, "disk-space", says="the system drive is full"),
            *(
                Ground(record=each.record, says=each.says, weight=Weight.SIGN)
                for each in observed(evidence, "disk-space", State.WARNING, says="little is left on the system drive")
            ),
            *(each.ground("the code says that the disk is full") for each in failures_with(evidence, {"0x80070070"})),
        ),
        observed(evidence, "disk-space", State.OK, says="there is room on the system drive"),
        missing=(ASK_FOR_DISK,),
    )
    permissions = differential(
        evidence,
        "permissions of SoftwareDistribution",
        "SYSTEM has no full control of %WinDir%\\SoftwareDistribution",
        folder,
        folder_is_good,
        missing=(
            Missing(what="who may write the folder of updates", command='icacls "%WinDir%\\SoftwareDistribution" /q'),
        ),
    )
    others = (disk, permissions, _settings(evidence), _malware(evidence), proxy_differential(evidence, frozenset()))
    remedies = ["repair-update-access"]
    if disk.state in (Likelihood.CONFIRMED, Likelihood.LIKELY):
        remedies.insert(0, "free-disk-space")
    return Judgement(
        likelihood=weighed.likelihood,
        said=said,
        evidence=weighed.quotes(evidence),
        missing=tuple(dict.fromkeys(one for each in others for one in each.missing)),
        differentials=others,
        remedies=(*remedies, "assess-now"),
        details={"hresult": "0x80070005"} if failed is not None else {},
    )


def _settings(evidence: Evidence) -> Differential:
    values = [evidence.registry(POLICY, name) for name in ("DisableWindowsUpdateAccess", "SetDisableUXWUAccess")]
    looked = [each for each in values if isinstance(each, RegistryValue)]
    return differential(
        evidence,
        "settings of Windows Update",
        "a policy takes access to Windows Update away",
        (
            *(Ground(record=each, says=f"{each.name} is 1") for each in looked if is_one(each)),
            *observed(evidence, "update-access", says="a policy forbids access to Windows Update"),
        ),
        (
            *(Ground(record=each, says=f"{each.name} is not set") for each in looked if not is_one(each)),
            *observed(evidence, "update-access", State.OK, says="no policy forbids access"),
        ),
        missing=(ASK_FOR_POLICY,),
    )


def _malware(evidence: Evidence) -> Differential:
    found = evidence.events("Windows Defender", 1006, 1008, 1015, 1116, 1118, 1119)
    return differential(
        evidence,
        "malware",
        "Defender found malware on the machine",
        (Ground(record=each, says="Defender reports malware", weight=Weight.SIGN) for each in found),
        missing=(
            Missing(
                what="whether malware was found on the machine",
                command="Get-MpThreatDetection; Start-MpScan -ScanType QuickScan",
            ),
        ),
    )


def _at_most_sign(weight: Weight) -> Weight:
    return Weight.SIGN if weight is Weight.PROOF else weight
