"""AUM065: a machine's schedules select none of the updates that it waits for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import structs

from aumdoctor.checks.check import NotApplicable, Observation, Sign, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import place
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import Assessment, Installation, Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.schedule.selection import schedule_counts

_URGENT = ("critical", "security")


@check(
    id="AUM065",
    name="classification-mismatch",
    severity=Severity.HIGH,
    applies_to=Subject.MACHINE,
    needs=(Fact.ASSESSMENT, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS),
    uses=(Fact.INSTALLATION,),
    remedies=("select-classifications",),
    causes=("AUM135",),
    source="azure-docs: update-manager/query-logs.md, scheduled-patching.md; "
    "Azure/LinuxPatchExtension: PackageFilter.py",
)
def classification_mismatch(machine: Machine, context: Context) -> Iterator[Observation | Undetermined | NotApplicable]:
    """Critical or security updates wait on the machine, and its schedules select none of what waits.

    ## Why it matters
    Each run succeeds and installs nothing, for there is nothing that it was told to install. In the record of the run
    the updates are counted as not selected. The machine looks patched and is not.

    ## What to do
    Add the missing classifications to the schedule, Critical and Security at least.

    ## When it is wrong
    It is medium, and high once a run has succeeded and installed nothing. Where only others wait, a schedule for
    critical and security updates does what it was made for, and nothing is said here (AUM135 tells of the run). But a
    Linux distribution without information about classifications reports every update as Other. A schedule that also
    names single KBs or packages is not judged, nor one whose choice Azure did not send; a machine with one schedule
    that selects something is healthy.
    """
    schedules = context.schedules(machine)
    assessment = machine.assessment
    if not schedules:
        yield NotApplicable(reason="no schedule is attached")
        return
    pending = _pending(assessment)
    if assessment is None or not any(pending.get(name) for name in _URGENT):
        return
    configurations = context.configurations_of(machine)
    if any(_may_select(configuration, pending, machine) for configuration in configurations):
        return
    if any(tie.configuration is None for tie in schedules):
        yield Undetermined(fact=Fact.CONFIGURATIONS, reason="a schedule that it is attached to could not be read")
        return
    run = machine.installation if _installed_nothing(machine.installation) else None
    yield _seen(machine, assessment, pending, configurations, run)


def _pending(assessment: Assessment | None) -> Mapping[str, int]:
    """The updates that wait, by classification in lower case. The instance view counts critical and security updates
    together; these stand here as security updates."""
    if assessment is None:
        return {}
    counts = {name.lower(): count for name, count in assessment.counts_by_classification.items() if count > 0}
    if not counts and assessment.critical_and_security_count:
        return {"security": assessment.critical_and_security_count}
    return counts


def _may_select(configuration: MaintenanceConfiguration, pending: Mapping[str, int], machine: Machine) -> bool:
    """Whether a schedule selects any of the updates, as far as one can tell. Where both kinds of urgent updates were
    counted together, either classification is enough."""
    asked = dict(pending)
    if machine.assessment is not None and not machine.assessment.counts_by_classification:
        asked["critical"] = asked.get("security", 0)
    return schedule_counts(asked, configuration.install_patches, machine.os_type).total > 0


def _installed_nothing(installation: Installation | None) -> bool:
    """Whether the last installation was a schedule's, succeeded, and left what there was as not selected."""
    if installation is None or (installation.started_by or "").lower() == "user":
        return False
    return (
        (installation.status or "").lower() == "succeeded"
        and installation.installed_count == 0
        and bool(installation.not_selected_count)
    )


def _seen(
    machine: Machine,
    assessment: Assessment,
    pending: Mapping[str, int],
    configurations: tuple[MaintenanceConfiguration, ...],
    run: Installation | None,
) -> Observation:
    waiting = ", ".join(f"{count} {name}" for name, count in sorted(pending.items()))
    chosen = "; ".join(f"{each.name}: {', '.join(_selected(each, machine)) or 'none'}" for each in configurations)
    told = " and the last run succeeded and installed nothing" if run is not None else ""
    signs = [
        sign(place(assessment, "availablePatchCountByClassification"), dict(pending)),
        *(_sign_of(each, machine, pending) for each in configurations),
    ]
    if run is not None:
        for member, value in (
            ("installedPatchCount", run.installed_count),
            ("notSelectedPatchCount", run.not_selected_count),
        ):
            signs.append(sign(place(run, member), value, fact=Fact.INSTALLATION))
    found = observe(
        f"none of the updates that wait ({waiting}) is of a classification that its schedule selects ({chosen}){told}",
        *signs,
        severity=None if run is not None else Severity.MEDIUM,
    )
    # Where there are several schedules, which of them is to select the updates is for their owner to say.
    if len(configurations) != 1:
        return found
    details = {"maintenanceConfigurationId": configurations[0].id, "os": (machine.os_type or "").lower()}
    return structs.replace(found, details=details)


def _selected(configuration: MaintenanceConfiguration, machine: Machine) -> tuple[str, ...]:
    patches = configuration.install_patches
    if patches is None:
        return ()
    return (patches.windows_classifications if machine.is_windows else patches.linux_classifications) or ()


def _sign_of(configuration: MaintenanceConfiguration, machine: Machine, pending: Mapping[str, int]) -> Sign:
    parameters = "windowsParameters" if machine.is_windows else "linuxParameters"
    return sign(
        f"properties.installPatches.{parameters}.classificationsToInclude",
        list(_selected(configuration, machine)),
        f"one of {', '.join(sorted(pending))}",
        fact=Fact.CONFIGURATIONS,
        resource_id=configuration.id,
    )
