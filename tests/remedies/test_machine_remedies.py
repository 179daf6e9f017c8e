"""The remedies that act on a machine: assess, start, re-apply, reinstall the extension, bring an agent back."""

import shlex

import pytest

from aumdoctor.checks.arc_disconnected import arc_disconnected
from aumdoctor.checks.arc_update_extension_unhealthy import arc_update_extension_unhealthy
from aumdoctor.checks.extension_operations_disabled import extension_operations_disabled
from aumdoctor.checks.machine_not_running import machine_not_running
from aumdoctor.checks.maintenance_provider_unregistered import maintenance_provider_unregistered
from aumdoctor.checks.patch_extension_missing import patch_extension_missing
from aumdoctor.checks.vm_agent_not_ready import vm_agent_not_ready
from aumdoctor.model.estate import Estate
from aumdoctor.remedies.remedy import Remedy, Risk
from tests.builders import (
    PROVIDERS,
    SUBSCRIPTION,
    arc_agent,
    arc_machine,
    azure_vm,
    estate,
    examine,
    os_update_extension,
    subscription,
)


def cures(seen: Estate, check: object) -> dict[str, Remedy]:
    (remedies,) = examine(seen, check).remedies  # type: ignore[arg-type]
    return {remedy.name: remedy for remedy in remedies}


def test_assessing_a_vm_is_a_post_without_a_body() -> None:
    vm = azure_vm(extension_handlers=())
    remedy = cures(estate(vm), patch_extension_missing)["assess-now"]
    (call,) = remedy.calls
    assert (call.method, call.path, call.body) == ("POST", f"{vm.id}/assessPatches", None)
    assert call.api_version == "2024-07-01"
    assert shlex.split(remedy.az[0]) == ["az", "vm", "assess-patches", "--ids", vm.id]
    assert remedy.risk is Risk.SAFE
    assert remedy.steps == ()


def test_starting_a_vm_costs_money_and_can_be_taken_back() -> None:
    vm = azure_vm(power_state="deallocated")
    remedy = cures(estate(vm), machine_not_running)["start-machine"]
    assert (remedy.calls[0].method, remedy.calls[0].path) == ("POST", f"{vm.id}/start")
    assert (remedy.risk, remedy.reversible) == (Risk.COST, True)
    assert any("az vm deallocate" in step for step in remedy.steps)


def test_a_vm_that_is_starting_is_not_started_again() -> None:
    assert "start-machine" not in cures(estate(azure_vm(power_state="starting")), machine_not_running)


def test_the_arc_extension_is_deleted_and_an_assessment_installs_it_anew() -> None:
    arc = arc_machine(extensions=(os_update_extension(provisioning_state="Failed"),))
    remedy = cures(estate(arc), arc_update_extension_unhealthy)["delete-arc-extension"]
    delete, assess = remedy.calls
    assert (delete.method, delete.path) == ("DELETE", f"{arc.id}/extensions/WindowsOsUpdateExtension")
    assert (assess.method, assess.path) == ("POST", f"{arc.id}/assessPatches")
    assert shlex.split(remedy.az[0])[:4] == ["az", "connectedmachine", "extension", "delete"]
    assert shlex.split(remedy.az[1])[:3] == ["az", "connectedmachine", "assess-patches"]


def test_the_name_of_an_extension_cannot_lead_the_call_elsewhere() -> None:
    odd = os_update_extension(name="../../x?y=1#z", provisioning_state="Failed")
    arc = arc_machine(extensions=(odd,))
    remedy = cures(estate(arc), arc_update_extension_unhealthy)["delete-arc-extension"]
    assert remedy.calls[0].path == f"{arc.id}/extensions/..%2F..%2Fx%3Fy%3D1%23z"


@pytest.mark.parametrize(
    ("os_type", "word", "other"),
    [("Windows", "WindowsAzureGuestAgent", "waagent.log"), ("Linux", "waagent.log", "WindowsAzureGuestAgent")],
)
def test_the_advice_on_the_vm_agent_is_for_its_system(os_type: str, word: str, other: str) -> None:
    vm = azure_vm(os_type=os_type, vm_agent=None)
    remedy = cures(estate(vm), vm_agent_not_ready)["restart-vm-agent"]
    text = "\n".join(remedy.steps)
    assert word in text
    assert other not in text
    assert f"az vm get-instance-view --ids {vm.id}" in text
    assert (remedy.calls, remedy.az) == ((), ())


def test_reapplying_says_that_the_vm_may_restart() -> None:
    remedy = cures(estate(azure_vm(vm_agent=None)), vm_agent_not_ready)["reapply"]
    assert remedy.risk is Risk.DISRUPTIVE
    assert "may restart" in remedy.steps[0]


def test_a_disconnected_arc_agent_is_restarted_and_an_expired_one_connected_anew() -> None:
    advice = {
        status: "\n".join(
            cures(estate(arc_machine(os_type="Linux", arc=arc_agent(status=status))), arc_disconnected)[
                "reconnect-arc-agent"
            ].steps
        )
        for status in ("Disconnected", "Expired")
    }
    assert "systemctl restart himdsd" in advice["Disconnected"]
    assert "Restart-Service" not in advice["Disconnected"]
    assert "azcmagent check --location westeurope" in advice["Disconnected"]
    assert "azcmagent connect" in advice["Expired"]
    assert "--force-local-only" in advice["Expired"]
    assert all("az connectedmachine show --name arc-1" in text for text in advice.values())


def test_extension_operations_are_allowed_again_only_with_consent() -> None:
    vm = azure_vm(allow_extension_operations=False)
    remedy = cures(estate(vm), extension_operations_disabled)["allow-extension-operations"]
    (call,) = remedy.calls
    assert (call.method, call.path) == ("PATCH", vm.id)
    assert call.body == {"properties": {"osProfile": {"allowExtensionOperations": True}}}
    assert (remedy.risk, remedy.reversible) == (Risk.CONSENT, False)
    assert shlex.split(remedy.az[0])[-1] == "osProfile.allowExtensionOperations=true"


def test_a_provider_is_registered_in_the_subscription_that_lacks_it() -> None:
    lacking = subscription(providers=PROVIDERS | {"microsoft.maintenance": "NotRegistered"})
    seen = estate(azure_vm(), subscriptions=[lacking])
    remedy = cures(seen, maintenance_provider_unregistered)["register-provider"]
    (call,) = remedy.calls
    assert call.method == "POST"
    assert call.path == f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Maintenance/register"
    assert remedy.risk is Risk.SAFE
    words = shlex.split(remedy.az[0])
    assert words[:3] == ["az", "provider", "register"]
    assert words[words.index("--subscription") + 1] == SUBSCRIPTION
