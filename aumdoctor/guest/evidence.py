"""The records of one machine, found by what they are. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from aumdoctor.model.guest import (
    Event,
    Host,
    LogSign,
    Observation,
    Quote,
    Record,
    RegistryValue,
    Service,
)

R = TypeVar("R", bound=Record)


class Evidence:
    """What issues ask of a machine's records."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._by_kind: dict[type[Record], list[Record]] = {}
        for record in host.records:
            self._by_kind.setdefault(type(record), []).append(record)
        self._events: dict[tuple[str, int], list[Event]] = {}
        for event in self.of(Event):
            self._events.setdefault((_provider(event.provider), event.event_id), []).append(event)

    @property
    def name(self) -> str:
        return self.host.name

    def of(self, kind: type[R]) -> tuple[R, ...]:
        """All records of a kind, in the order in which they were read."""
        return tuple(self._by_kind.get(kind, ()))  # type: ignore[arg-type]

    def events(self, provider: str, *event_ids: int) -> tuple[Event, ...]:
        """Events by provider and id, never by the id alone. `Microsoft-Windows-` in front of the provider and case make
        no difference: event viewers show names with and without it. In the order of their time where all have one."""
        found = [event for each in event_ids for event in self._events.get((_provider(provider), each), ())]
        return tuple(in_order_of_time(found))

    def signs(self, *names: str) -> tuple[LogSign, ...]:
        """What logs say, by the ids of signs."""
        return tuple(sign for sign in self.of(LogSign) if sign.sign in names)

    def observations(self, subject: str) -> tuple[Observation, ...]:
        """Answers to a question; those that tools are known to get wrong stand last."""
        found = [each for each in self.of(Observation) if each.subject == subject]
        return tuple(sorted(found, key=lambda each: each.weak))

    def registry(self, key: str, name: str) -> RegistryValue | None:
        """A registry value, the one read last; case makes no difference, short names of hives do not either. The record
        may say that the value is not there (`exists`); None where nobody looked."""
        found = None
        for value in self.of(RegistryValue):
            if _key(value.key) != _key(key):
                continue
            key_is_missing = not value.exists and not value.name and (found is None or not found.exists)
            if value.name.lower() == name.lower() or key_is_missing:
                found = value
        return found

    def service(self, *names: str) -> Service | None:
        """A service or unit by any of its names, as it was read last; None where nobody looked. What the last record
        leaves open (`sc qc` tells the start, `sc query` the state) is that of an earlier one."""
        wanted = {name.lower() for name in names}
        found: Service | None = None
        for each in self.of(Service):
            if each.name.lower() not in wanted:
                continue
            if found is not None and found.exists and each.exists:
                each = msgspec.structs.replace(each, state=each.state or found.state, start=each.start or found.start)
            found = each
        return found

    def quote(self, record: Record, says: str = "") -> Quote:
        """A record as evidence of this machine."""
        return Quote(origin=record.origin, text=record.text, says=says, at=record.at, host=self.name)

    def quotes(self, records: Iterable[Record], says: str = "", most: int = 5) -> tuple[Quote, ...]:
        """The first few of many records as evidence."""
        return tuple(self.quote(record, says) for record, _ in zip(records, range(most), strict=False))


def in_order_of_time(records: Iterable[R]) -> list[R]:
    """Records by their time; as they came where one has none, or where aware and naive times are mixed."""
    found = list(records)
    zones = {record.at.tzinfo is None for record in found if record.at is not None}
    if len(zones) != 1 or any(record.at is None for record in found):
        return found
    return sorted(found, key=lambda record: record.at)  # type: ignore[arg-type, return-value]


def _provider(name: str) -> str:
    return name.strip().lower().removeprefix("microsoft-windows-")


_HIVES = {
    "hklm": "hkey_local_machine",
    "hkcu": "hkey_current_user",
    "hku": "hkey_users",
    "hkcr": "hkey_classes_root",
    "hkcc": "hkey_current_config",
}


def _key(key: str) -> str:
    hive, _, rest = key.strip().strip("\\").lower().partition("\\")
    hive = hive.rstrip(":")
    return f"{_HIVES.get(hive, hive)}\\{rest}"
