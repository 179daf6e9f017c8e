"""Issues of Linux machines that one text or one answer tells: AUM043, AUM054, AUM066, AUM091, AUM093 to AUM095, AUM097,
AUM098, AUM100, AUM102, AUM137."""

from __future__ import annotations

from aumdoctor.guest.issues.operations import ASSESSMENT, CORE_LOG, INSTALLATION
from aumdoctor.guest.issues.symptoms import Symptom, symptom
from aumdoctor.model.guest import Missing

_LPE = "Azure/LinuxPatchExtension"


@symptom(
    id="AUM043",
    name="vm-agent-outdated",
    title="The VM agent is too old for patching",
    source=_LPE + ": bootstrap, agent version check",
    explains=("AUM130", "AUM131"),
    remedies=("read-guest-log",),
    verification=("waagent --version shows 2.2.53.1 or later.", "A new assessment succeeds."),
)
def vm_agent_outdated() -> Symptom:
    """The patch extension refuses to work: the Azure Linux agent is older than it needs.

    ## Why it matters
    No assessment and no installation begins on the machine.

    ## What to do
    Update the package (`walinuxagent` on Ubuntu and Debian, `WALinuxAgent` elsewhere), switch `AutoUpdate.Enabled` on,
    restart the agent, and assess.

    ## When it is wrong
    A newer assessment that succeeded shows that it was updated since.
    """
    return Symptom(
        said="the VM agent is too old for the patch extension",
        signs=("agent-too-old",),
        phrases=("Unsupported older Azure Linux Agent",),
        healed_by=(ASSESSMENT,),
        missing=(Missing(what="the version of the agent", command="waagent --version"),),
    )


@symptom(
    id="AUM054",
    name="linux-end-of-life",
    title="Updates of this release need Ubuntu Pro, or are not made any more",
    source=_LPE + ": UA_ESM_REQUIRED; Ubuntu: Expanded Security Maintenance",
    explains=("AUM132",),
    remedies=("attach-ubuntu-pro", "upgrade-linux-release"),
    verification=("`pro status` says that the machine is attached and esm-infra enabled.",),
)
def linux_end_of_life() -> Symptom:
    """Security updates are there for customers of Ubuntu Pro only: the release is out of its standard support.

    ## Why it matters
    The updates stay pending with the version `UA_ESM_Required` whatever is scheduled, and the machine stays open.

    ## What to do
    Attach the machine to Ubuntu Pro (on Azure by its licence type, without a new machine), or upgrade the release.

    ## When it is wrong
    Some updates of a supported release, in the component universe, are for Ubuntu Pro as well.
    """
    return Symptom(
        said="updates of this machine are for Ubuntu Pro only",
        signs=("ubuntu-pro-required",),
        phrases=("UA_ESM_Required", "requires Ubuntu Pro for Infrastructure"),
        codes=("UA_ESM_REQUIRED",),
        circumstances=(),
        missing=(Missing(what="whether the machine is attached to Ubuntu Pro", command="pro status"),),
        values=("number",),
    )


@symptom(
    id="AUM066",
    name="linux-classification-combination",
    title="The classifications of the request cannot be combined on Linux",
    source=_LPE + ": package_managers",
    explains=("AUM131",),
    remedies=("select-classifications",),
    verification=("A run with the classifications Critical and Security together succeeds.",),
)
def linux_classification_combination() -> Symptom:
    """The request asks for Other and Critical without Security, or the like, which the extension refuses.

    ## Why it matters
    The run ends before anything is installed.

    ## What to do
    Select Critical and Security together in the maintenance configuration.

    ## When it is wrong
    A newer installation that succeeded shows that the configuration was changed.
    """
    return Symptom(
        said="the classifications that the request asks for cannot be combined on Linux",
        signs=("classification-combination-invalid",),
        phrases=("Invalid classification combination selection detected",),
        healed_by=(INSTALLATION,),
    )


@symptom(
    id="AUM091",
    name="apt-deb822-unsupported",
    title="The source lists are in the deb822 form, which is not understood",
    source=_LPE + " issue 262; azure-docs: update-manager/overview-arc-enabled-vm-extensions.md",
    seed="§22 Linux repositories aren't accessible",
    explains=("AUM015", "AUM024", "AUM130", "AUM131"),
    remedies=("delete-arc-extension", "assess-now"),
    verification=("The extension is 1.0.55.0 or later on Arc.", "A new assessment succeeds."),
)
def apt_deb822_unsupported() -> Symptom:
    """The extension copies a deb822 source list (`*.sources`) to a file of the old form, and apt refuses it.

    ## Why it matters
    Ubuntu 24.04 and Debian 12 come with such lists: with an old extension every assessment fails with code 100.

    ## What to do
    Bring the extension to a newer version: on Arc delete it and assess. Until then the lists can be rewritten in the
    old form.

    ## When it is wrong
    A list that a person misspelled gives the same error; the name of the file in the message tells which it is.
    """
    return Symptom(
        said="apt does not understand a source list: it is in the deb822 form",
        signs=("apt-source-unknown-type",),
        phrases=("Type 'Types:' is not known", "Type 'Suites:' is not known", "Type 'URIs:' is not known"),
        healed_by=(ASSESSMENT,),
        missing=(CORE_LOG,),
        values=("path", "line", "type"),
    )


@symptom(
    id="AUM093",
    name="python-missing",
    title="There is no Python that the patch extension can use",
    source=_LPE + ": src/extension (exit code 52), bootstrap",
    explains=("AUM015", "AUM017", "AUM130"),
    remedies=("read-guest-log", "assess-now"),
    verification=("`python3 --version` answers for root.", "A new assessment succeeds."),
)
def python_missing() -> Symptom:
    """The machine has no Python, or one that is too old for the patch extension.

    ## Why it matters
    The extension is written in Python: it ends with exit code 52 before it does anything.

    ## What to do
    Install Python 3 from the distribution's own repositories, then assess.

    ## When it is wrong
    Red Hat 8 and later have `/usr/libexec/platform-python`, which the extension finds by itself.
    """
    return Symptom(
        said="there is no Python that the patch extension can use",
        signs=("python-missing", "python-unsupported"),
        phrases=("Unsupported older Python version", "no Python interpreter was found"),
        exit_codes=(52,),
        subjects=("python",),
        healed_by=(ASSESSMENT,),
        missing=(
            Missing(what="which Python is there", command="command -v python3 python /usr/libexec/platform-python"),
        ),
        values=("version",),
    )


@symptom(
    id="AUM094",
    name="systemd-missing",
    title="The machine has no systemd, so that it cannot be assessed daily",
    source=_LPE + ": core_logic/ConfigurePatchingProcessor",
    seed="§21 MsftLinuxPatchAutoAssess isn't running or the timer isn't active",
    explains=("AUM023", "AUM129"),
    remedies=("assess-now",),
    verification=("An assessment on demand succeeds.",),
)
def systemd_missing() -> Symptom:
    """Without systemd the patch extension cannot set up the timer of the daily assessment.

    ## Why it matters
    The machine is assessed only when somebody, or a schedule, asks for it.

    ## What to do
    Assess such machines on demand, from a pipeline every day, or move them to a system with systemd.

    ## When it is wrong
    In a container systemd is mostly missing though the machine around it has it.
    """
    return Symptom(
        said="there is no systemd on the machine",
        signs=("systemd-missing",),
        phrases=("Systemd is not available on this system", "System has not been booted with systemd"),
        subjects=("systemd",),
        missing=(Missing(what="whether the machine runs systemd", command="systemctl is-system-running"),),
    )


@symptom(
    id="AUM095",
    name="linux-os-blocked-by-extension",
    title="The patch extension does not support the distribution",
    source=_LPE + ": bootstrap/EnvLayer, src/extension (exit code 51)",
    explains=("AUM017", "AUM049", "AUM130", "AUM131"),
    remedies=("use-supported-image", "patch-unsupported-system"),
    verification=("An assessment succeeds on a supported release.",),
)
def linux_os_blocked_by_extension() -> Symptom:
    """The patch extension itself says that it does not support this distribution or release.

    ## Why it matters
    Whatever the lists in the documentation say, on this machine nothing will be assessed or installed.

    ## What to do
    Move to a supported release, or patch the machine with another tool. A later version of the extension may know it.

    ## When it is wrong
    The troubleshooter of Microsoft has an old list: that it calls a system unsupported only hints.
    """
    return Symptom(
        said="the patch extension does not support this distribution or release",
        signs=("distribution-unsupported",),
        phrases=("distro is not yet supported",),
        exit_codes=(51,),
        subjects=("supported-system",),
        healed_by=(ASSESSMENT,),
        missing=(Missing(what="the distribution and its release", command="cat /etc/os-release"),),
        values=("distribution", "version", "code"),
    )


@symptom(
    id="AUM097",
    name="operation-superseded",
    title="An operation gave way to a newer one",
    source=_LPE + ": LifecycleManager",
    explains=("AUM130", "AUM131"),
    remedies=("stagger-schedules", "install-on-demand"),
    verification=("The newest operation ends with success.",),
)
def operation_superseded() -> Symptom:
    """A second request came while an operation ran, and the first one ended for it.

    ## Why it matters
    It is no fault, but what the first one should have done was not done. Where it happens in each window, two schedules
    or a script ask at the same time.

    ## What to do
    See who asks at that time, and keep the requests apart. Then try once more.

    ## When it is wrong
    Where the newer operation succeeded, nothing is left to do.
    """
    return Symptom(
        said="an operation ended because a newer one took over",
        signs=("operation-superseded",),
        phrases=("newer operation taking precedence",),
        codes=("NEWER_OPERATION_SUPERSEDED",),
        healed_by=(ASSESSMENT, INSTALLATION),
        missing=(CORE_LOG,),
        values=("sequence",),
    )


@symptom(
    id="AUM098",
    name="noexec-mount",
    title="The extension's folder is mounted noexec",
    source="Azure Arc: troubleshoot VM extension issues (exit code 64)",
    explains=("AUM015", "AUM017"),
    remedies=("read-guest-log",),
    verification=("findmnt -no OPTIONS -T /var/lib/waagent does not say noexec.",),
)
def noexec_mount() -> Symptom:
    """Programs cannot run from the folder that extensions are unpacked to: its file system is mounted `noexec`.

    ## Why it matters
    No extension starts. Hardened machines have it on /var.

    ## What to do
    Mount the file system without noexec, or give /var/lib/waagent (/opt on Arc) one of its own.

    ## When it is wrong
    noexec on /tmp only does no harm to the patch extension.
    """
    return Symptom(
        said="the extension's folder is mounted noexec",
        signs=("noexec-mount",),
        phrases=("has the 'noexec' flag set",),
        exit_codes=(64,),
        subjects=("noexec",),
        healed_by=(ASSESSMENT, INSTALLATION),
        missing=(Missing(what="the mount options", command="findmnt -no OPTIONS -T /var/lib/waagent"),),
        values=("path",),
    )


@symptom(
    id="AUM100",
    name="yum-no-classification-metadata",
    title="The repositories carry no classifications, so that critical and security updates are never found",
    source=_LPE + ": package_managers/YumPackageManager",
    explains=("AUM065", "AUM135"),
    remedies=("select-classifications",),
    verification=("A run with all classifications installs what is pending.",),
)
def yum_no_classification_metadata() -> Symptom:
    """yum has no data on which update is for security, as on CentOS: a schedule for such updates finds nothing.

    ## Why it matters
    The run succeeds and installs nothing, month after month.

    ## What to do
    Let the schedule install every classification on these machines.

    ## When it is wrong
    The warning is written for every such system; where all classifications are selected it means nothing.
    """
    return Symptom(
        said="the repositories carry no classifications",
        signs=("classification-metadata-missing",),
        phrases=("Classification-based patching is only supported on YUM",),
    )


@symptom(
    id="AUM102",
    name="linux-eula-or-uefi-settings",
    title="The UEFI certificates were not renewed",
    source=_LPE + ": CERTIFICATE_UPDATE, patch.uefi.settings",
    remedies=("read-guest-log", "restart-machine"),
    verification=("The next installation's status has no CERTIFICATE_UPDATE.",),
)
def linux_eula_or_uefi_settings() -> Symptom:
    """The extension was asked to renew the machine's UEFI certificates, and could not yet.

    ## Why it matters
    Packages are not concerned. The certificates of Secure Boot run out, and with them the trust in later boot loaders.

    ## What to do
    Do what the message says: switch hibernation off for the time of it, or restart first, then run again.

    ## When it is wrong
    It is a note and not an error, though the status carries it among its errors.
    """
    return Symptom(
        said="the UEFI certificates were not renewed",
        signs=("uefi-certificate-update",),
        codes=("CERTIFICATE_UPDATE",),
        values=("why",),
        missing=(CORE_LOG,),
    )


@symptom(
    id="AUM137",
    name="error-details-truncated",
    title="The status does not hold all packages",
    source=_LPE + ": StatusHandler (128 KB limit of the agent)",
    remedies=("read-guest-log",),
    verification=("<sequence>.complete.status holds the whole list.",),
)
def error_details_truncated() -> Symptom:
    """There were more packages than a status may hold, so that the list which Azure shows is cut; the counts are whole.

    ## Why it matters
    Nothing was left out of the operation. Who reads the list alone thinks that updates are missing in it.

    ## What to do
    Read the complete list on the machine: `<sequence>.complete.status`, or the log.

    ## When it is wrong
    It is never a fault of the machine.
    """
    return Symptom(
        said="the list of packages in the status was cut to fit",
        signs=("status-truncated",),
        phrases=("Package lists were truncated", "Truncated_patch_list_id"),
        codes=("PACKAGE_LIST_TRUNCATED",),
        missing=(
            Missing(
                what="the complete list",
                command="sudo sh -c 'cat /var/lib/waagent/*LinuxPatchExtension*/status/*.complete.status'",
            ),
        ),
    )
