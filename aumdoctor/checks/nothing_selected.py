"""AUM067: a schedule selects nothing for a system that is attached to it."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import InstallPatches

_OUTCOMES = {
    "windows": "whether a run then fails or installs nothing is not documented",
    "linux": "the documentation calls for a choice, and the patch extension then installs all updates",
}


@check(
    id="AUM067",
    name="nothing-selected",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS, Fact.ASSIGNMENTS, Fact.MACHINE),
    remedies=("select-classifications",),
    source="azure-docs: update-manager/deploy-updates.md; "
    "azure-compute-docs: troubleshoot-maintenance-configurations.md; "
    "against them Azure/LinuxPatchExtension: PackageFilter.py",
)
def nothing_selected(estate: Estate, context: Context) -> Iterator[Observation]:
    """A schedule reaches Windows or Linux machines, and names neither classifications nor single updates for that
    system.

    ## Why it matters
    What such a run does depends on whom one asks. The documentation on installations wants at least one classification
    or update to be named; the troubleshooting page says that a run without a valid classification fails; the code of
    the Linux patch extension takes a missing choice for all updates. So the machines get an error, nothing, or
    everything.

    ## What to do
    Name the classifications for each system that the schedule reaches, Critical and Security at least.

    ## When it is wrong
    The confidence is medium because the sources disagree. It is high for Windows, and medium where only Linux machines
    are concerned, which by the extension's code are patched, with more than was meant. A list of KBs or packages to
    include is a choice, a list of those to exclude is none. A system of which no machine is attached needs no choice.
    """
    for configuration in context.guest_configurations:
        attached = context.machines_by_configuration.get(configuration.id, [])
        concerned = {
            system: machines
            for system, machines in (
                ("windows", [machine for machine in attached if machine.is_windows]),
                ("linux", [machine for machine in attached if machine.is_linux]),
            )
            if machines and not _selects(configuration.install_patches, system)
        }
        if not concerned:
            continue
        machines = [machine for of_system in concerned.values() for machine in of_system]
        yield observe(
            f"the schedule {configuration.name} selects nothing for {_told(concerned)}",
            *(
                sign(
                    f"properties.installPatches.{system}Parameters.classificationsToInclude",
                    _sent(configuration.install_patches, system),
                    ["Critical", "Security"],
                )
                for system in concerned
            ),
            severity=None if "windows" in concerned else Severity.MEDIUM,
            resource_id=configuration.id,
            machines=tuple(machine.id for machine in machines),
            maintenanceConfigurationId=configuration.id,
            os=",".join(concerned),
        )


def _told(concerned: dict[str, list[Machine]]) -> str:
    return "; ".join(
        f"its {len(machines)} {system.capitalize()} machine(s): {_OUTCOMES[system]}"
        for system, machines in concerned.items()
    )


def _selects(patches: InstallPatches | None, system: str) -> bool:
    if patches is None:
        return False
    if system == "windows":
        return bool(patches.windows_classifications or patches.windows_kbs_to_include)
    return bool(patches.linux_classifications or patches.linux_packages_to_include)


def _sent(patches: InstallPatches | None, system: str) -> list[str] | None:
    sent = None
    if patches is not None:
        sent = patches.windows_classifications if system == "windows" else patches.linux_classifications
    return None if sent is None else list(sent)
