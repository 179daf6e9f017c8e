"""AUM132: the last installation ended with warnings."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import errors_of, place, telling
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import Machine

_UBUNTU_PRO = ("ua_esm_required", "requires ubuntu pro")


@check(
    id="AUM132",
    name="install-completed-with-warnings",
    severity=Severity.MEDIUM,
    applies_to=Subject.MACHINE,
    needs=(Fact.INSTALLATION,),
    uses=(Fact.ASSESSMENT,),
    remedies=("assess-now",),
    source="azure-docs: update-manager/query-logs.md; Azure/LinuxPatchExtension",
)
def install_completed_with_warnings(machine: Machine, context: Context) -> Iterator[Observation]:
    """The newest installation on the machine has the status `CompletedWithWarnings`.

    ## Why it matters
    The updates were installed, but something is left to do. Mostly it is a restart that the reboot setting `Never` does
    not allow: until somebody restarts the machine it runs the old code. On Ubuntu it is also said of packages that need
    Ubuntu Pro and were passed over.

    ## What to do
    Restart the machine at a time that suits it, or let the schedule restart machines if required. For packages of
    Ubuntu's extended maintenance attach the machine to Ubuntu Pro. Then assess it again.

    ## When it is wrong
    It may have been restarted since without Azure Update Manager: where an assessment that began after the installation
    finds no restart pending, nothing is said of one. An installation with updates that failed is left to AUM131, one
    that ran out of its window to AUM013.
    """
    installation = machine.installation
    if installation is None or (installation.status or "").lower() != "completedwithwarnings":
        return
    if installation.failed_count or installation.maintenance_window_exceeded is True:
        return
    errors = [error for error in errors_of(machine, "CompletedWithWarnings") if error.fact is Fact.INSTALLATION]
    required = (installation.reboot_status or "").lower() == "required"
    restart = required and not _restarted_since(machine)
    pro = any(mark in error.text.lower() for error in errors for mark in _UBUNTU_PRO)
    if required and not restart and not errors:
        return
    reasons = []
    if restart:
        reasons.append("a restart is required and was not made")
    if pro:
        reasons.append("packages were passed over that need Ubuntu Pro")
    elif errors:
        reasons.append(telling(errors) or "")
    yield observe(
        "the last installation completed with warnings: " + ("; ".join(filter(None, reasons)) or "no reason was given"),
        sign(place(installation, "status"), installation.status, "Succeeded"),
        *((sign(place(installation, "rebootStatus"), installation.reboot_status, "Completed"),) if restart else ()),
        *(error.sign for error in errors),
    )


def _restarted_since(machine: Machine) -> bool:
    """Whether an assessment that succeeded after the installation finds no restart pending."""
    assessment, installation = machine.assessment, machine.installation
    if assessment is None or installation is None or (assessment.status or "").lower() != "succeeded":
        return False
    if assessment.started_at is None or installation.last_modified is None:
        return False
    return assessment.started_at > installation.last_modified and assessment.reboot_pending is False
