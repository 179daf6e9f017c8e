"""AUM090, AUM096, AUM099, AUM131: what keeps a package manager from installing."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from aumdoctor.guest.envelope import member
from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.hresults import codes_in, failures_with, weigh_failures
from aumdoctor.guest.issues.operations import (
    ASSESSMENT,
    CONFIGURATION,
    CORE_LOG,
    INSTALLATION,
    family_of,
    newest,
    operations,
    successes,
)
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
    texts,
    weigh,
)
from aumdoctor.guest.issues.windows_update_errors import is_of_recovery, is_told_nowhere
from aumdoctor.model.guest import Differential, Likelihood, Missing, Observation, PatchRequest, State

_GENERIC = "unexpected return code ("


_OTHER_REASONS = (
    "disk-full",
    "filesystem-read-only",
    "out-of-memory",
    "apt-fetch-failed",
    "yum-fetch-failed",
    "zypper-fetch-failed",
    "package-not-found",
)


class _Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault of the package manager: its signs, the texts and answers that tell it, and what to do. `passes` where an
    assessment that succeeds shows that it is over."""

    name: str
    said: str
    signs: tuple[str, ...]
    phrases: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    passes: bool = False
    command: str = ""


_FAULTS = (
    _Fault(
        name="interrupted",
        said="an installation was interrupted, and dpkg wants it finished",
        signs=("dpkg-interrupted",),
        phrases=("Package manager on machine is not healthy", "dpkg was interrupted", "dpkg --configure -a"),
        subjects=("package-state",),
        command="sudo dpkg --audit",
    ),
    _Fault(
        name="locked",
        said="another program holds the package manager's lock",
        signs=("package-manager-locked",),
        phrases=("System management is locked by the application with pid", "Could not get lock"),
        subjects=("package-locks",),
        passes=True,
        command="sudo fuser -v /var/lib/dpkg/lock-frontend /var/run/zypp.pid /var/lib/rpm/.rpm.lock",
    ),
    _Fault(
        name="database",
        said="the database of installed packages cannot be read",
        signs=("rpm-database-broken", "dpkg-database-broken"),
        command="sudo rpm --verifydb || sudo dpkg --audit",
    ),
    _Fault(
        name="dependencies",
        said="packages depend on others that cannot be installed",
        signs=("unmet-dependencies",),
        command="sudo apt-get -s dist-upgrade || sudo dnf check || sudo zypper verify",
    ),
    _Fault(
        name="script or files",
        said="a package's own script failed, or two packages have the same file",
        signs=("package-script-failed", "package-files-conflict"),
        command="sudo tail -n 200 /var/log/apt/term.log /var/log/dnf.log",
    ),
)


@known_issue(
    id="AUM090",
    name="linux-package-manager-unhealthy",
    title="The Linux package manager is not in order",
    source="Azure/LinuxPatchExtension: src/core package_managers; messages of apt, dpkg, dnf, zypper",
    explains=("AUM024", "AUM130", "AUM131"),
    remedies=("repair-package-manager", "assess-now", "install-on-demand"),
    verification=("`dpkg --audit` (or `rpm --verifydb`, `dnf check`) says nothing.", "A new installation succeeds."),
)
def linux_package_manager_unhealthy(evidence: Evidence) -> Judgement | None:
    """dpkg was interrupted, the database is damaged, a lock is held, or packages cannot be put together.

    ## Why it matters
    Nothing is installed until somebody repairs it, and mostly nothing is assessed either; every window fails.

    ## What to do
    See which fault it is. Interrupted: `dpkg --configure -a`, then `apt-get -f install`. Locked: find who holds the
    lock and when; it is mostly another updater at the same time, and passes. A damaged database is rebuilt, and a
    package that does not fit is removed or held.

    ## When it is wrong
    A lock that was gone when the extension tried again did no harm. A bare return code of the package manager says that
    something is wrong, not what.
    """
    found = {fault.name: list(_of_fault(evidence, fault)) for fault in _FAULTS}
    weighed = best_of(*(weigh(found[fault.name], _healed(evidence, fault)) for fault in _FAULTS))
    if weighed is None:
        return _bare(evidence)
    newest_record = weighed.grounds[0].record
    named = [fault for fault in _FAULTS if any(each.record is newest_record for each in found[fault.name])]
    said = weighed.said(f"the package manager is not in order: {named[0].said if named else ''}".rstrip(": "))
    if weighed.likelihood is Likelihood.RULED_OUT:
        return Judgement(likelihood=weighed.likelihood, said=said, evidence=weighed.quotes(evidence))
    others = tuple(
        differential(
            evidence,
            fault.name,
            fault.said,
            found[fault.name],
            _healed(evidence, fault) if found[fault.name] else (),
            otherwise="nothing in the logs that were given says so",
            missing=(Missing(what=fault.said, command=fault.command),),
        )
        for fault in _FAULTS
    )
    return Judgement(
        likelihood=weighed.likelihood,
        said=said,
        evidence=weighed.quotes(evidence),
        differentials=others,
        missing=() if weighed.likelihood is Likelihood.CONFIRMED else (CORE_LOG,),
        details=_details(evidence),
    )


def _of_fault(evidence: Evidence, fault: _Fault) -> Iterator[Ground]:
    for sign in evidence.signs(*fault.signs):
        yield sign_ground(sign, fault.said)
    yield from texts(evidence, *fault.phrases, says=fault.said) if fault.phrases else ()
    for subject in fault.subjects:
        yield from observed(evidence, subject, says=fault.said)


def _healed(evidence: Evidence, fault: _Fault) -> Iterator[Ground]:
    yield from _good_installations(evidence)
    if fault.passes:
        yield from successes(evidence, ASSESSMENT, says="an assessment has succeeded")
        for sign in evidence.signs("repository-refreshed"):
            yield sign_ground(sign, "the package manager worked")
    for subject in fault.subjects:
        yield from observed(evidence, subject, State.OK, says="a look at the machine found it in order")


def _good_installations(evidence: Evidence) -> Iterator[Ground]:
    for each in operations(evidence, INSTALLATION):
        if each.succeeded and each.count("installedPatchCount") and not each.count("failedPatchCount"):
            yield each.ground("an installation has succeeded")


def _bare(evidence: Evidence) -> Judgement | None:
    """A package manager that ended with an error while it installed, and gave no reason that is known."""
    if evidence.signs(*_OTHER_REASONS):
        return None
    says = "the package manager ended with an error, and the reason is not among what was given"
    grounds = [
        each.ground(says, Weight.HINT)
        for each in operations(evidence, INSTALLATION)
        if each.failed and any(_GENERIC in text.lower() for text in each.texts)
    ]
    grounds += [
        sign_ground(each, says, Weight.HINT)
        for each in evidence.signs("package-manager-failed")
        if " install" in each.values.get("command", "") or "upgrade" in each.values.get("command", "")
    ]
    return judged(
        evidence,
        "the package manager ended with an error while it installed",
        grounds,
        _good_installations(evidence),
        missing=(CORE_LOG,),
    )


def _details(evidence: Evidence) -> dict[str, str]:
    names = ("package", "pid", "holder", "path")
    found: dict[str, str] = {}
    for sign in evidence.signs(*(name for fault in _FAULTS for name in fault.signs)):
        found.update({name: sign.values[name] for name in names if sign.values.get(name)})
    return found


@known_issue(
    id="AUM131",
    name="installation-failed",
    title="Packages or updates could not be installed",
    source="Azure/LinuxPatchExtension: PatchInstaller; azure-docs: update-manager/workflow-update-manager.md",
    remedies=("read-guest-log", "install-on-demand"),
    verification=("The next installation's failedPatchCount is 0.",),
)
def installation_failed(evidence: Evidence) -> Judgement | None:
    """Packages, or updates of Windows, could not be installed, and no other known issue says why.

    ## Why it matters
    One that fails makes the whole run fail, whatever else was installed.

    ## What to do
    Read in the log what the package manager, or the update's installer, said of it, and install it by hand once.

    ## When it is wrong
    One that a later run installed is no issue any more.
    """
    if family_of(evidence) == "windows":
        return _updates_failed(evidence)
    signs = evidence.signs("package-install-failed")
    last = newest(evidence, INSTALLATION)
    grounds = [sign_ground(each, f"{each.values.get('package') or 'a package'} was not installed") for each in signs]
    if last is not None and last.count("failedPatchCount"):
        grounds.append(last.ground(f"{last.count('failedPatchCount')} package(s) failed"))
    names = list(dict.fromkeys(each.values["package"] for each in signs if each.values.get("package")))
    if not names and last is not None:
        names = list(_failed_packages(last.summary.body))
    shown = ", ".join(names[:5]) or "some packages"

    def others(_: Weighed) -> Iterator[Differential]:
        yield differential(
            evidence,
            "out of memory",
            "the machine had too little memory",
            (sign_ground(each, "memory ran out", Weight.SIGN) for each in evidence.signs("out-of-memory")),
            otherwise="nothing in the logs that were given says so",
        )
        yield differential(
            evidence,
            "not in the repositories",
            "a package is in no repository",
            (sign_ground(each, "the package was not found") for each in evidence.signs("package-not-found")),
            otherwise="nothing in the logs that were given says so",
        )

    return judged(
        evidence,
        f"{shown} could not be installed",
        grounds,
        _good_installations(evidence),
        missing=(CORE_LOG,),
        differentials=others,
        details={"package": ", ".join(names[:10])},
    )


def _updates_failed(evidence: Evidence) -> Judgement | None:
    """The same on Windows: updates whose code is told by no other issue."""
    found = [
        each
        for each in failures_with(evidence, lambda code: is_told_nowhere(code) or code == "0x80070643")
        if each.phase == "install" and not is_of_recovery(each)
    ]
    weighed = weigh_failures(evidence, found, "the update was not installed")
    if weighed is None:
        return None
    codes = codes_in(weighed, found)
    names = list(dict.fromkeys(each.kb for each in found if each.kb))
    return judged_by(
        evidence,
        f"{', '.join(names[:5]) or 'an update'} could not be installed ({' and '.join(codes[:3])})",
        weighed,
        missing=(
            Missing(what="what the installer said", command="Get-WindowsUpdateLog"),
            Missing(what="the log of the servicing of components", command=r"Get-Content C:\Windows\Logs\CBS\CBS.log"),
        ),
        details={"kb": ", ".join(names[:10]), "hresult": codes[0]},
    )


def _failed_packages(body: object) -> Iterator[str]:
    patches = member(body, "patches")
    for patch in patches if isinstance(patches, list) else ():
        if str(member(patch, "patchInstallationState") or "").lower() == "failed":
            yield str(member(patch, "name") or member(patch, "patchId") or "")


@known_issue(
    id="AUM099",
    name="disk-full",
    title="There is too little room on a disk",
    source="Azure Update Manager troubleshooting: 0x80070005; messages of apt, dnf, zypper and Windows Update",
    seed="§8 HRESULT 0x80070005: not enough room on drive C",
    explains=("AUM008", "AUM017", "AUM028", "AUM130", "AUM131"),
    remedies=("free-disk-space", "assess-now"),
    verification=("2 GB are free on /var and / (Linux), 10 GB on C: (Windows).", "A new installation succeeds."),
)
def disk_full(evidence: Evidence) -> Judgement | None:
    """A file system was full, or is nearly so, or can only be read.

    ## Why it matters
    Lists cannot be fetched, packages not unpacked, and the extension cannot write its status: the errors look
    like many other things. Old kernels that fill /boot are the usual case on Linux.

    ## What to do
    Make room: remove old kernels and the caches of the package manager, clean the component store on Windows, or make
    the disk larger. A file system that became read-only wants a look at the kernel's log first.

    ## When it is wrong
    Room that was missing for a moment, while a large package was unpacked, may be there again.
    """
    found = failures_with(evidence, {"0x80070070", "0x80240036"})
    full = [sign_ground(each, "there was no room left") for each in evidence.signs("disk-full")]
    full += texts(evidence, "No space left on device", "enough free space in", says="there was no room left")
    read_only = [
        sign_ground(each, "the file system can only be read") for each in evidence.signs("filesystem-read-only")
    ]
    rooms = [*observed(evidence, "disk-space", says="there is too little room")]
    tight = [
        Ground(record=each.record, says=each.says, weight=Weight.HINT)
        for each in observed(evidence, "disk-space", State.WARNING, says="there is little room")
    ]
    places = {path for each in (*full, *read_only) if (path := getattr(each.record, "values", {}).get("path"))}
    good = [
        *_good_installations(evidence),
        *(
            each
            for each in observed(evidence, "disk-space", State.OK, says="there is room now")
            if isinstance(each.record, Observation) and each.record.values.get("path", "") in {"", *places}
        ),
    ]
    weighed = best_of(
        weigh_failures(evidence, found, "Windows says that the disk is full"),
        weigh((*full, *read_only), good),
        weigh((*rooms, *tight)),
    )
    if weighed is None:
        return None
    values = [each.values for each in evidence.signs("disk-full", "filesystem-read-only")]
    values += [each.values for each in _bad_rooms(evidence)]
    paths = dict.fromkeys(each["path"] for each in values if each.get("path"))
    where = f" on {', '.join([*paths][:4])}" if paths else ""
    what = f"a file system can only be read{where}" if read_only and not full else f"there is too little room{where}"
    return judged_by(
        evidence,
        what,
        weighed,
        missing=(
            Missing(
                what="how much is free on each file system",
                command="Get-Volume" if family_of(evidence) == "windows" else "df -m; df -i; findmnt -no OPTIONS /",
            ),
        ),
        details={"path": ", ".join(paths)},
    )


def _bad_rooms(evidence: Evidence) -> list[Observation]:
    return [each for each in evidence.observations("disk-space") if each.state in (State.BAD, State.WARNING)]


_SERVICES = (
    "unattended-upgrades.service",
    "apt-daily-upgrade.timer",
    "yum-cron.service",
    "dnf-automatic.timer",
    "dnf-automatic-install.timer",
    "dnf5-automatic.timer",
    "packagekit.service",
    "yast2-online-update.timer",
    "transactional-update.timer",
)


@known_issue(
    id="AUM096",
    name="auto-updates-services-conflict",
    title="The Linux system updates itself beside Azure Update Manager",
    source="azure-compute-docs: automatic-vm-guest-patching.md; Azure/LinuxPatchExtension: disable_auto_os_update",
    explains=("AUM135",),
    remedies=("stop-automatic-updates",),
    verification=("systemctl is-active unattended-upgrades dnf-automatic.timer packagekit answers inactive.",),
)
def auto_updates_services_conflict(evidence: Evidence) -> Judgement | None:
    """unattended-upgrades, dnf-automatic, yum-cron or PackageKit is on though the platform patches the machine.

    ## Why it matters
    Two updaters hold the lock against each other, and updates come outside of every window. The extension switches
    these services off, PackageKit excepted.

    ## What to do
    Stop and mask the service that is named; on Red Hat PackageKit too.

    ## When it is wrong
    Where the patch mode is ImageDefault the system is meant to update itself. `unattended-upgrades.service` runs on
    every Ubuntu, for shutdowns too, and installs nothing where its timer is off.
    """
    if family_of(evidence) == "windows":
        return None
    grounds = [
        sign_ground(each, "the extension could not switch the system's own updates off")
        for each in evidence.signs("auto-update-not-disabled")
    ]
    grounds += texts(
        evidence,
        "Could not disable one or more automatic OS update services",
        says="the extension could not switch the system's own updates off",
    )
    wanted = [each for each in evidence.of(PatchRequest) if _mode(each) == "automaticbyplatform"]
    weight = Weight.SIGN if wanted else Weight.HINT
    for name in _SERVICES:
        service = evidence.service(name, name.rpartition(".")[0])
        if service is not None and service.exists and service.state.lower() in ("active", "running"):
            # On Ubuntu this one is always active.
            own = Weight.HINT if name == "unattended-upgrades.service" else weight
            grounds.append(Ground(record=service, says=f"{service.name} is {service.state}", weight=own))
    for each in operations(evidence, CONFIGURATION):
        if str(member(each.summary.body, "automaticOSPatchState") or "").lower() == "enabled" and wanted:
            grounds.append(each.ground("the extension reports that the system updates itself", Weight.SIGN))
    grounds += observed(evidence, "auto-update", State.BAD, State.WARNING, says="the system installs updates by itself")
    found = judged(
        evidence,
        "the system updates itself beside Azure Update Manager",
        grounds,
        (
            *(
                each.ground("the extension reports that the system's own updates are off")
                for each in operations(evidence, CONFIGURATION)
                if str(member(each.summary.body, "automaticOSPatchState") or "").lower() == "disabled"
            ),
            *observed(evidence, "auto-update", State.OK, says="the system does not update itself"),
        ),
        missing=(
            Missing(
                what="which updaters of the system are on",
                command="systemctl is-active unattended-upgrades apt-daily-upgrade.timer dnf-automatic.timer "
                "packagekit; apt-config dump APT::Periodic",
            ),
        ),
    )
    if found is None or not wanted:
        return found
    return msgspec.structs.replace(
        found, evidence=(*found.evidence, *quotes_of(evidence, (Ground(record=wanted[-1], says="the patch mode"),)))
    )


def _mode(request: PatchRequest) -> str:
    return str(member(request.settings, "patchMode") or "").lower()
