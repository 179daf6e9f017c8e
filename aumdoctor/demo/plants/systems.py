"""Recipes about what runs on a VM: images and operating systems that are not patched, or not for long."""

from __future__ import annotations

from aumdoctor.demo.machines import Image, set_image
from aumdoctor.demo.plants.recipe import LINUX_VM, VMS, WINDOWS_VM, Plant, Recipe, group_of
from aumdoctor.demo.state import DemoEstate

EXCLUDED_IMAGE = Image(
    "Windows",
    "center-for-internet-security-inc",
    "cis-windows-server",
    "cis-windows-server-l1-azure-observability",
    "1.0.14",
    "Windows Server 2019 Datacenter",
    "10.0.17763.7792",
)
_DESKTOP = Image(
    "Windows",
    "MicrosoftWindowsDesktop",
    "windows-11",
    "win11-24h2-ent",
    "26100.6584.250904",
    "Windows 11 Enterprise",
    "10.0.26100.6584",
)
_FOCAL = Image(
    "Linux",
    "Canonical",
    "0001-com-ubuntu-server-focal",
    "20_04-lts-gen2",
    "20.04.202505200",
    "ubuntu",
    "20.04",
)


def _made_from(image: Image) -> Recipe:
    """A recipe: the VM was made from this image."""

    def make(state: DemoEstate, machine_id: str) -> str:
        set_image(state, machine_id, image)
        return machine_id

    return make


def _in_a_scale_set(state: DemoEstate, machine_id: str) -> str:
    scale_set = f"{group_of(machine_id)}/providers/Microsoft.Compute/virtualMachineScaleSets/vmss-web"
    state.machine(machine_id)["properties"]["virtualMachineScaleSet"] = {"id": scale_set}
    return machine_id


PLANTS = {
    "AUM049": Plant(_made_from(EXCLUDED_IMAGE), (WINDOWS_VM,)),
    "AUM050": Plant(_made_from(_DESKTOP), (WINDOWS_VM,)),
    "AUM051": Plant(_in_a_scale_set, VMS),
    "AUM054": Plant(_made_from(_FOCAL), (LINUX_VM,)),
}
