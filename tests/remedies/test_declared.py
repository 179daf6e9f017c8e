"""Bicep and Terraform that a user can paste, whatever a machine is called."""

import pytest

from aumdoctor.remedies.declared import bicep_literal, declared_patch_settings, terraform_literal
from tests.builders import arc_machine, azure_vm, patch_settings


def test_a_vms_settings_with_one_changed_as_bicep() -> None:
    vm = azure_vm("vm-1", patch_settings=patch_settings(enable_hotpatching=True))
    bicep, _ = declared_patch_settings(vm, enable_hotpatching=False)
    assert (
        bicep
        == """\
// The part of the VM's resource that matters; merge it into where the VM is declared.
resource vm 'Microsoft.Compute/virtualMachines@2024-07-01' = {
  name: 'vm-1'
  location: 'westeurope'
  properties: {
    osProfile: {
      windowsConfiguration: {
        patchSettings: {
          patchMode: 'AutomaticByPlatform'
          assessmentMode: 'AutomaticByPlatform'
          enableHotpatching: false
          automaticByPlatformSettings: {
            bypassPlatformSafetyChecksOnUserSchedule: true
          }
        }
      }
    }
  }
}
"""
    )


def test_the_same_as_terraform() -> None:
    _, terraform = declared_patch_settings(azure_vm("vm-1", os_type="Linux"), reboot_setting="Never")
    assert (
        terraform
        == """\
# The arguments that matter; merge them into where the resource is declared.
resource "azurerm_linux_virtual_machine" "vm" {
  name                                                   = "vm-1"
  resource_group_name                                    = "rg-prod"
  location                                               = "westeurope"
  patch_mode                                             = "AutomaticByPlatform"
  patch_assessment_mode                                  = "AutomaticByPlatform"
  bypass_platform_safety_checks_on_user_schedule_enabled = true
  reboot_setting                                         = "Never"
}
"""
    )


def test_hotpatching_is_not_declared_on_linux() -> None:
    for text in declared_patch_settings(azure_vm(os_type="Linux"), enable_hotpatching=False):
        assert "hotpatching" not in text.lower()


def test_arc_machines_and_unknown_systems_are_not_declared() -> None:
    assert declared_patch_settings(arc_machine(), reboot_setting="Never") == ("", "")
    assert declared_patch_settings(azure_vm(os_type=None), reboot_setting="Never") == ("", "")


@pytest.mark.parametrize(
    ("value", "bicep", "terraform"),
    [
        ("plain", "'plain'", '"plain"'),
        (True, "true", "true"),
        ("it's", "'it\\'s'", '"it\'s"'),
        ("${evil}", "'\\${evil}'", '"$${evil}"'),
        ("%{ if }", "'%{ if }'", '"%%{ if }"'),
        ("a\\b", "'a\\\\b'", '"a\\\\b"'),
        ('say "x"', "'say \"x\"'", '"say \\"x\\""'),
        ("two\nlines", "'two\\nlines'", '"two\\nlines"'),
    ],
)
def test_nothing_in_a_name_is_interpolated_or_ends_the_string(value: str | bool, bicep: str, terraform: str) -> None:
    assert bicep_literal(value) == bicep
    assert terraform_literal(value) == terraform
