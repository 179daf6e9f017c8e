"""AUM066: a schedule selects Linux classifications that do not go together, or not as its owner may think."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import PatchError, errors_of
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration

_PATH = "properties.installPatches.linuxParameters.classificationsToInclude"
_REFUSED = "invalid classification combination"


@check(
    id="AUM066",
    name="linux-classification-combination",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS, Fact.ASSIGNMENTS, Fact.MACHINE),
    uses=(Fact.INSTALLATION,),
    blocks=(Operation.INSTALL,),
    remedies=("select-classifications",),
    causes=("AUM065", "AUM131"),
    source="Azure/LinuxPatchExtension: PackageFilter.py, ExecutionConfig.py",
)
def linux_classification_combination(estate: Estate, context: Context) -> Iterator[Observation]:
    """A schedule for Linux machines selects Other and Critical without Security, which the patch extension refuses, or
    just one of Critical and Security, which selects both.

    ## Why it matters
    On Linux there are two kinds of updates only: critical and security updates together, and all others. A selection of
    Other and Critical without Security ends each run on a Linux machine with `Invalid classification combination
    selection detected` before anything is installed. A selection of Security alone installs critical updates too.

    ## What to do
    Select Critical and Security together, and Other where all updates are wanted.

    ## When it is wrong
    What the extension does is read from its code and not documented, so that the combination is medium with medium
    confidence; it is high once a machine has reported the error. One of Critical and Security alone is information: it
    works. Nothing is said of schedules that reach no Linux machine.
    """
    for configuration in context.guest_configurations:
        patches = configuration.install_patches
        if patches is None or not patches.linux_classifications:
            continue
        machines = [each for each in context.machines_by_configuration.get(configuration.id, []) if each.is_linux]
        if not machines:
            continue
        chosen = {name.lower() for name in patches.linux_classifications}
        if {"other", "critical"} <= chosen and "security" not in chosen:
            yield _refused(configuration, patches.linux_classifications, machines)
        elif len(chosen & {"critical", "security"}) == 1:
            yield _widened(configuration, patches.linux_classifications)


def _refused(configuration: MaintenanceConfiguration, chosen: tuple[str, ...], machines: list[Machine]) -> Observation:
    proofs = [(machine, error) for machine in machines for error in _refusals(machine)]
    told = f"; {proofs[0][0].name} reported it" if proofs else ""
    return observe(
        f"the schedule {configuration.name} selects {', '.join(chosen)} for Linux: the patch extension refuses Other "
        f"with Critical where Security is not selected too, and installs nothing{told}",
        sign(_PATH, list(chosen), ["Critical", "Security", "Other"]),
        *(_proof(machine, error) for machine, error in proofs[:1]),
        severity=Severity.HIGH if proofs else None,
        confidence=Confidence.HIGH if proofs else None,
        resource_id=configuration.id,
        machines=tuple(machine.id for machine in machines),
        maintenanceConfigurationId=configuration.id,
        os="linux",
    )


def _refusals(machine: Machine) -> Iterator[PatchError]:
    for error in errors_of(machine, "Failed", "CompletedWithWarnings"):
        if error.fact is Fact.INSTALLATION and _REFUSED in error.text.lower():
            yield error


def _proof(machine: Machine, error: PatchError) -> Sign:
    return sign(error.path, error.message, fact=error.fact, resource_id=machine.id)


def _widened(configuration: MaintenanceConfiguration, chosen: tuple[str, ...]) -> Observation:
    only = next(name for name in chosen if name.lower() in ("critical", "security"))
    return observe(
        f"the schedule {configuration.name} selects {only} alone for Linux, where that means Critical and Security "
        "together",
        sign(_PATH, list(chosen), ["Critical", "Security", *(("Other",) if len(chosen) > 1 else ())]),
        severity=Severity.INFO,
        # It explains no trouble of a machine, so it names none.
        resource_id=configuration.id,
        machines=(),
        maintenanceConfigurationId=configuration.id,
        os="linux",
    )
