"""The way back: from what was read before a request to the request that puts it back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from aumdoctor.model import ids
from aumdoctor.remedies.plan import PlannedAction, at_path
from aumdoctor.remedies.remedy import ArmCall
from aumdoctor.remedies.run_in_guest import is_run, is_trace, scripted, undo_calls

_DEFAULTS: dict[str, Any] = {
    "patchsettings.assessmentmode": "ImageDefault",
    "automaticbyplatformsettings.bypassplatformsafetychecksonuserschedule": False,
    "automaticbyplatformsettings.rebootsetting": "Unknown",
    "patchsettings.enablehotpatching": False,
    "osprofile.allowextensionoperations": True,
    "maintenancewindow.expirationdatetime": "9999-12-31 23:59:59",
}
"""What an absent property means, so that it can be put back: azure-compute-docs, automatic-vm-guest-patching.md, and
azure-mgmt-compute 39.0.0. A PATCH cannot take a property away again."""

_REDACTED = "[redacted]"
"""What stands for a secret in what was read."""

_READ_ONLY = frozenset({"id", "name", "type", "etag", "systemdata"})
_READ_ONLY_PROPERTIES = frozenset({"provisioningstate", "vmid", "timecreated", "instanceview", "resourceid"})


class Inverse(msgspec.Struct, frozen=True, kw_only=True):
    """How an action is taken back: the requests in order, or in `why_not` why it cannot be; neither where there is
    nothing to take back. `expects` maps leaves to
    what must still stand there, so that nobody's later change is lost."""

    calls: tuple[ArmCall, ...] = ()
    why_not: str = ""
    expects: dict[str, Any] = {}


def inverse_of(action: PlannedAction, before: Any) -> Inverse:
    """The way back of an action whose target looked so before; `before` is None where it did not exist."""
    call = action.call
    if is_run(call):
        calls = undo_calls(call, action.remedy)
        return Inverse(calls=calls, why_not="" if calls else "what its script did cannot be taken back")
    if is_trace(call) or (action.remedy in scripted() and call.path.lower().endswith("/assesspatches")):
        # Beside a script these change nothing that could be put back.
        return Inverse()
    if call.method == "PATCH":
        inverse = _put_back(action, before)
    elif call.method == "PUT":
        inverse = _replaced(action, before)
    elif call.method == "DELETE":
        inverse = _created_again(call, before)
    else:
        inverse = _undone(call, before)
    if any(_REDACTED in text for each in inverse.calls for text in _texts(each.body)):
        return Inverse(why_not="what stood there held a secret, which is not kept")
    return inverse


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)


def _put_back(action: PlannedAction, before: Any) -> Inverse:
    if not isinstance(before, dict):
        return Inverse(why_not="it is not known what stood there before")
    if not action.changes:
        return Inverse(why_not="it is not known what it has set")
    body: dict[str, Any] = {}
    for path in action.changes:
        value = at_path(before, path)
        if value is None:
            value = meaning_of_absence(path, before)
            if value is None:
                return Inverse(why_not=f"{path} was absent before, and Azure takes nothing away by a PATCH")
        _set(body, path, value)
    call = action.call
    inverse = ArmCall(method="PATCH", path=call.path, api_version=call.api_version, body=body)
    return Inverse(calls=(inverse,), expects=dict(action.changes))


def meaning_of_absence(path: str, before: Any) -> Any:
    """What Azure takes a property for that is not there; None where there is no such value."""
    lowered = path.lower()
    for end, value in _DEFAULTS.items():
        if lowered.endswith(end):
            return value
    if lowered.endswith("patchsettings.patchmode"):
        if "linuxconfiguration" in lowered:
            return "ImageDefault"
        automatic = at_path(before, "properties.osProfile.windowsConfiguration.enableAutomaticUpdates")
        return "Manual" if automatic is False else "AutomaticByOS"
    return None


def _set(body: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split(".")
    for name in above:
        body = body.setdefault(name, {})
    body[last] = value


def _replaced(action: PlannedAction, before: Any) -> Inverse:
    call = action.call
    kind = ids.parse(call.path).type.lower()
    if kind == "microsoft.policyinsights/remediations":
        return Inverse(why_not="a remediation task that has run cannot be taken back")
    if before is None:
        gone = ArmCall(method="DELETE", path=call.path, api_version=call.api_version)
        return Inverse(calls=(gone,), expects=dict(action.changes))
    again = ArmCall(method="PUT", path=call.path, api_version=call.api_version, body=writable(before))
    return Inverse(calls=(again,), expects=dict(action.changes))


def _created_again(call: ArmCall, before: Any) -> Inverse:
    if not isinstance(before, dict):
        return Inverse(why_not="it had not been there before")
    if "/extensions/" in call.path.lower():
        return Inverse(why_not="Azure installs the extension itself, with the next assessment")
    again = ArmCall(method="PUT", path=call.path, api_version=call.api_version, body=writable(before))
    return Inverse(calls=(again,), expects={"id": None})  # nothing that somebody has created since is replaced


def _undone(call: ArmCall, before: Any) -> Inverse:
    above, _, verb = call.path.rpartition("/")
    if verb.lower() == "start":
        state = power_state(before)
        if state not in ("deallocated", "stopped"):
            return Inverse(why_not=f"the VM was {state or 'in a state that is not known'} before")
        back = "deallocate" if state == "deallocated" else "powerOff"
        return Inverse(calls=(ArmCall(method="POST", path=f"{above}/{back}", api_version=call.api_version),))
    reasons = {
        "register": "a resource provider stays registered, which does no harm",
        "assesspatches": "an assessment changes nothing that could be put back",
        "installpatches": "installed updates cannot be taken back by Azure Update Manager",
        "restart": "a restart cannot be taken back",
        "reapply": "re-applying a VM's state cannot be taken back",
    }
    return Inverse(why_not=reasons.get(verb.lower(), "there is no way back"))


def power_state(body: Any) -> str | None:
    """The power state in a VM's instance view, in lower case; None where there is none."""
    statuses = at_path(body, "properties.instanceView.statuses")
    for status in statuses if isinstance(statuses, list) else ():
        code = status.get("code") if isinstance(status, dict) else None
        if isinstance(code, str) and code.lower().startswith("powerstate/"):
            return code.split("/", 1)[1].lower()
    return None


def writable(body: dict[str, Any]) -> dict[str, Any]:
    """A resource as it was read without what cannot be written."""
    found = {name: value for name, value in body.items() if name.lower() not in _READ_ONLY}
    properties = found.get("properties")
    if isinstance(properties, dict):
        found["properties"] = {
            name: value for name, value in properties.items() if name.lower() not in _READ_ONLY_PROPERTIES
        }
    return found
