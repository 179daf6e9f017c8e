"""Install the newest cumulative update of Windows, or one update, by Azure Update Manager."""

from __future__ import annotations

import re

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.model.machine import Machine
from aumdoctor.remedies.assess_now import named
from aumdoctor.remedies.in_guest import guest_remedies
from aumdoctor.remedies.patch_settings import ARC_API_VERSION, VM_API_VERSION
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, az, remedy

DURATION = "PT3H55M"
"""The longest that Azure Update Manager takes (azure-docs: update-manager/deploy-updates.md)."""

CLASSIFICATIONS = ("Critical", "Security", "UpdateRollUp")
"""A cumulative update is a security update on patch Tuesday, and else an update rollup."""

_KB = re.compile(r"(?:KB)?([0-9]{6,8})", re.IGNORECASE)


@remedy(
    name="install-cumulative-update",
    title="Install the newest cumulative update",
    risk=Risk.DISRUPTIVE,
    reversible=False,
    portal="Azure Update Manager > Resources > Machines > One-time update",
)
def install_cumulative_update(finding: Finding, estate: Estate) -> Prescription | None:
    """POST installPatches, which may restart the machine. Where the finding names an update (`kb`), that alone.

    Cumulative updates replace each other: one that is superseded is not offered any more, so that the classifications
    are the way to the newest.
    """
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or not machine.is_windows:
        return None
    wanted = _KB.fullmatch(finding.details.get("kb", ""))
    chosen = {"kbNumbersToInclude": [wanted[1]]} if wanted else {"classificationsToInclude": list(CLASSIFICATIONS)}
    body = {"maximumDuration": DURATION, "rebootSetting": "IfRequired", "windowsParameters": chosen}
    version = ARC_API_VERSION if machine.is_arc else VM_API_VERSION
    call = ArmCall(method="POST", path=f"{machine.id}/installPatches", api_version=version, body=body)
    first = () if machine.is_reachable else ("The machine must be running and its agent connected first.",)
    steps = (step for step in guest_remedies()["install-cumulative-update"].steps if "aumdoctor plan" not in step)
    return Prescription(calls=(call,), az=(_line(machine, wanted[1] if wanted else None),), steps=(*first, *steps))


def _line(machine: Machine, kb: str | None) -> str:
    limits = ("--maximum-duration", DURATION, "--reboot-setting", "IfRequired")
    if machine.is_arc:
        some = (
            f'{{"kbNumbersToInclude":["{kb}"]}}'
            if kb
            else '{"classificationsToInclude":["Critical","Security","UpdateRollUp"]}'
        )
        return az("connectedmachine", "install-patches", *named(machine), *limits, "--windows-parameters", some)
    which = ("--kb-numbers-to-include", kb) if kb else ("--classifications-to-include-win", *CLASSIFICATIONS)
    return az("vm", "install-patches", "--ids", machine.id, *limits, *which)
