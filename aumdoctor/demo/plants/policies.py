"""Recipes about Azure Policy: machines that a policy missed, could not repair, or believes to be compliant."""

from __future__ import annotations

from datetime import timedelta

from aumdoctor.demo.machines import patch_settings_of
from aumdoctor.demo.plants.recipe import (
    LINUX_VM,
    VMS,
    Plant,
    default_configuration,
    found_too,
    group_of,
    log_event,
)
from aumdoctor.demo.plants.settings import stop_periodic_assessment
from aumdoctor.demo.policies import (
    PERIODIC_ASSESSMENT,
    SCHEDULE_MACHINES,
    SCHEDULE_PREREQUISITES,
    VIRTUAL_MACHINE_CONTRIBUTOR,
    add_failed_deployment,
    add_policy_assignment,
    set_compliance,
    subscription_of,
)
from aumdoctor.demo.state import DemoEstate, key


def _periodic_assessment_policy_missed(state: DemoEstate, machine_id: str) -> str:
    vm = state.machine(machine_id)
    assignment_id = add_policy_assignment(state, group_of(machine_id), "aum-periodic-assessment", PERIODIC_ASSESSMENT)
    set_compliance(state, machine_id, assignment_id, "NonCompliant")
    # Made from a specialized disk: the audit policy does not look at such machines and calls them compliant.
    vm["properties"]["storageProfile"]["osDisk"]["createOption"] = "Attach"
    vm["properties"]["storageProfile"].pop("imageReference", None)
    vm["properties"]["osProfile"].pop("computerName", None)
    stop_periodic_assessment(state, machine_id)
    return machine_id


def _schedule_policy_missed(state: DemoEstate, machine_id: str) -> str:
    configuration_id = default_configuration(state, machine_id)
    assignment_id = add_policy_assignment(
        state, group_of(machine_id), "aum-schedule-machines", SCHEDULE_MACHINES, configuration_id=configuration_id
    )
    set_compliance(state, machine_id, assignment_id, "NonCompliant")
    return machine_id


def _remediation_lacks_gallery_right(state: DemoEstate, machine_id: str) -> str:
    configuration_id = default_configuration(state, machine_id)
    subscription = subscription_of(machine_id)
    assignment_id = add_policy_assignment(
        state,
        group_of(machine_id),
        "aum-schedule-golden-images",
        SCHEDULE_MACHINES,
        role=VIRTUAL_MACHINE_CONTRIBUTOR,
        configuration_id=configuration_id,
    )
    image_id = (
        f"/subscriptions/{subscription}/resourceGroups/rg-images/providers/Microsoft.Compute"
        "/galleries/gal_contoso/images/golden-linux/versions/1.4.0"
    )
    state.machine(machine_id)["properties"]["storageProfile"]["imageReference"] = {
        "id": image_id,
        "exactVersion": "1.4.0",
    }
    set_compliance(state, machine_id, assignment_id, "NonCompliant")
    principal_id = state.policy_assignments[key(assignment_id)]["identity"]["principalId"]
    add_failed_deployment(
        state,
        assignment_id,
        machine_id,
        "LinkedAuthorizationFailed",
        f"The client '{principal_id}' with object id '{principal_id}' has permission to perform action "
        f"'Microsoft.Compute/virtualMachines/write' on scope '{machine_id}'; however, it does not have permission to "
        "perform action(s) 'Microsoft.Compute/galleries/images/versions/read' on the linked scope(s) "
        f"'{image_id}' (respectively) or the linked scope(s) are invalid.",
    )
    return assignment_id


def _patch_mode_drifted(state: DemoEstate, machine_id: str) -> str:
    """The policy had set the machine up; a deployment wrote the VM without its patch settings since."""
    assignment_id = add_policy_assignment(
        state, group_of(machine_id), "aum-schedule-prerequisites", SCHEDULE_PREREQUISITES
    )
    set_compliance(state, machine_id, assignment_id, "Compliant")
    found_too(state, "AUM003", machine_id)
    settings = patch_settings_of(state.machine(machine_id))
    settings["patchMode"] = "ImageDefault"
    settings.pop("automaticByPlatformSettings")
    written = state.now - timedelta(hours=5)
    log_event(state, machine_id, "Microsoft.Compute/virtualMachines/write", written, caller="deploy@contoso.com")
    return machine_id


PLANTS = {
    "AUM002": Plant(_periodic_assessment_policy_missed, VMS, resource_group="rg-migrated"),
    "AUM003": Plant(_schedule_policy_missed, VMS, scheduled=False, resource_group="rg-restored"),
    "AUM004": Plant(_remediation_lacks_gallery_right, (LINUX_VM,), scheduled=False, resource_group="rg-golden-images"),
    "AUM041": Plant(_patch_mode_drifted, (LINUX_VM,), resource_group="rg-deployed"),
}
