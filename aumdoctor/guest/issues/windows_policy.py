"""Where a Windows machine is told to look for its updates: the values of policies, and what they come to. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.weighing import Ground, Weight
from aumdoctor.model.guest import LogSign, Missing, Observation, Proxy, RegistryValue, State

POLICY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate"
AUTOMATIC_UPDATES = POLICY + r"\AU"

ASK_FOR_POLICY = Missing(
    what="which update server and which settings a policy gives the machine",
    command=r"reg query HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate /s",
)
ASK_FOR_PROXY = Missing(what="whether the machine has a WinHTTP proxy", command="netsh winhttp show proxy")
ASK_FOR_SERVICE = Missing(what="the start type of the Windows Update service", command="sc qc wuauserv")


class UpdateSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where the machine looks for updates. `uses_wsus` None: nobody looked. `faults` says what is wrong with the WSUS
    pointer itself, whatever the server does."""

    uses_wsus: bool | None = None
    server: str = ""
    status_server: str = ""
    records: tuple[RegistryValue | LogSign | Observation, ...] = ()
    faults: tuple[str, ...] = ()

    def grounds(self, says: str, weight: Weight = Weight.PROOF) -> Iterator[Ground]:
        for record in self.records:
            yield Ground(record=record, says=says, weight=weight)


def update_source(evidence: Evidence) -> UpdateSource:
    """What the policies say, else what the log of the update agent printed, else what a tool saw.

    A WSUS server is only used where `UseWUServer` is 1: the addresses alone do nothing. Source: Windows Update
    documentation, additional settings for Windows Update; the registry keys of Automatic Updates.
    """
    use = evidence.registry(AUTOMATIC_UPDATES, "UseWUServer")
    server, status_server = (evidence.registry(POLICY, name) for name in ("WUServer", "WUStatusServer"))
    if use is not None:
        records = tuple(each for each in (use, server, status_server) if each is not None)
        if not is_one(use):
            return UpdateSource(uses_wsus=False, records=records)
        names = text_of(server), text_of(status_server)
        looked = server is not None
        return UpdateSource(
            uses_wsus=True,
            server=names[0],
            status_server=names[1],
            records=records,
            faults=tuple(_faults(*names, looked=looked, status_looked=status_server is not None)),
        )
    for sign in reversed(evidence.signs("windows-agent-settings")):
        name = sign.values.get("wsus_server", "").strip()
        is_set = name.lower() not in ("", "null", "<null>", "(null)", "none")
        if is_set or "wsus_server" in sign.values:
            status = sign.values.get("wsus_status_server", "").strip()
            return UpdateSource(
                uses_wsus=is_set,
                server=name if is_set else "",
                status_server=status,
                records=(sign,),
                faults=tuple(_faults(name, status, looked=True, status_looked=bool(status))) if is_set else (),
            )
    for seen in evidence.observations("wsus"):
        given = seen.values.get("server", "")
        if given or seen.state is State.OK:
            return UpdateSource(uses_wsus=bool(given), server=given, records=(seen,))
    return UpdateSource()


def winhttp_proxy(evidence: Evidence) -> Proxy | None:
    """The proxy that Windows Update goes through, as it was read last; None where none is known. A connection that was
    tried directly goes past it, and says nothing of the way that counts."""
    read = [each for each in evidence.of(Proxy) if each.where.lower() == "winhttp"]
    return read[-1] if read and read[-1].address else None


def is_one(value: RegistryValue | None) -> bool:
    """Whether a value is there and is 1, as a number or as text."""
    return value is not None and value.exists and str(value.value).strip().lower() in ("1", "0x1", "0x00000001")


def number_in(value: RegistryValue | None) -> int | None:
    """The number in a value; None where it is not there or is none."""
    if value is None or not value.exists or value.value is None:
        return None
    if isinstance(value.value, int):
        return value.value
    text = value.value.strip()
    if len(text) > 20:
        return None
    try:
        return int(text, 0)
    except ValueError:
        return int(text) if text.isdecimal() else None


def text_of(value: RegistryValue | None) -> str:
    """The text in a value, "" where it is not there."""
    return str(value.value).strip() if value is not None and value.exists and value.value is not None else ""


def _faults(server: str, status_server: str, *, looked: bool, status_looked: bool) -> Iterator[str]:
    if not server:
        if looked:
            yield "UseWUServer is 1, but WUServer names no server"
        return
    for name, address in (("WUServer", server), ("WUStatusServer", status_server)):
        if address and not address.lower().startswith(("http://", "https://")):
            yield f"{name} ({address}) does not begin with http:// or https://"
    if status_looked and not status_server:
        yield "WUStatusServer names no server, though WUServer does"
    elif status_server and _plain(server) != _plain(status_server):
        yield f"WUServer ({server}) and WUStatusServer ({status_server}) differ"


def _plain(address: str) -> str:
    return address.strip().rstrip("/").lower()
