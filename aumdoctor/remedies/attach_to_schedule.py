"""Advice: attach a machine to a schedule of the owner's choice."""

from aumdoctor.knowledge.images import supported_image
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.remedies.assignments import az_words
from aumdoctor.remedies.customer_managed_schedule import SETTINGS
from aumdoctor.remedies.patch_settings import az_line, patch_of
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="attach-to-schedule",
    title="Attach the machine to a schedule",
    risk=Risk.ADVICE,
    reversible=True,
    portal="Azure Update Manager > Resources > Machines > Schedule updates",
)
def attach_to_schedule(finding: Finding, estate: Estate) -> Prescription | None:
    """Not made out as a call: which schedule a machine belongs to, and with that when it restarts, is its owner's to
    say. Where a finding knows the schedule, `assign-schedule` is the remedy. Not made out for a VM of an image that
    Azure Update Manager excludes, for which its schedule would fail."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or finding.details.get("scheduled") == "true" or _is_excluded(machine):
        return None
    names = az_words(machine.id, "")[2:]
    steps = [
        f"Choose a schedule, or create one: {_list_schedules(machine)}",
        _attach(machine, estate),
        "Where dynamic scopes choose by tags, give the machine the tag of one instead of an assignment.",
    ]
    call = patch_of(machine, SETTINGS) if machine.is_azure_vm else None
    if call is not None and not (machine.is_platform_patch_mode and machine.bypasses_platform_safety_checks):
        settings = az_line(machine, call, SETTINGS)
        steps.append(f"Then set customer managed schedules, without which a schedule cannot patch a VM: {settings}")
    steps.append(f"Check that it is attached: {az('maintenance', 'assignment', 'list', *names)}")
    return Prescription(steps=tuple(steps))


def _list_schedules(machine: Machine) -> str:
    query = "[?maintenanceScope=='InGuestPatch'].{name:name,id:id}"
    return az(
        *("maintenance", "configuration", "list", "--subscription", machine.subscription_id),
        *("--query", query, "--output", "table"),
    )


def _attach(machine: Machine, estate: Estate) -> str:
    """How to attach the machine, spelt out for a schedule of its subscription where one is known."""
    known = [
        each for each in estate.configurations if each.exists and each.is_guest_patching and _is_near(each, machine)
    ]
    if not known:
        return "In Azure Update Manager select the machine, then Schedule updates, and create a schedule with it."
    schedule = min(known, key=lambda each: (each.location.lower() != machine.location.lower(), ids.key(each.id)))
    words = az_words(machine.id, schedule.name)
    what = ("--location", machine.location, "--maintenance-configuration-id", schedule.id)
    line = az("maintenance", "assignment", "create", *words, *what)
    return (
        f"Attach the machine to it, 15 minutes before its window at the latest. For one of the subscription's: {line}"
    )


def _is_excluded(machine: Machine) -> bool:
    image = machine.image
    return image is not None and supported_image(image.publisher, image.offer, image.sku) is False


def _is_near(schedule: MaintenanceConfiguration, machine: Machine) -> bool:
    return ids.subscription_of(schedule.id) == machine.subscription_id
