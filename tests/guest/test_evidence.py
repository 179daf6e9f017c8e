from datetime import UTC, datetime

from aumdoctor.guest.evidence import Evidence
from aumdoctor.model.guest import Event, Host, Observation, Origin, RegistryValue, Service, State

HERE = Origin("x.txt", 1)


def evidence(*records) -> Evidence:
    return Evidence(Host(name="ts01", records=records))


def event(event_id: int, provider: str, at: datetime | None = None) -> Event:
    return Event(origin=HERE, provider=provider, event_id=event_id, at=at)


def test_events_are_found_by_provider_and_id_together() -> None:
    mine, other = event(12, "Microsoft-Windows-Kernel-General"), event(12, "Microsoft-Windows-UserModePowerService")
    assert evidence(mine, other).events("kernel-general", 12) == (mine,)
    assert evidence(mine).events("Microsoft-Windows-Kernel-General", 13) == ()


def test_events_stand_in_the_order_of_their_times_unless_kinds_of_time_are_mixed() -> None:
    late, early = (event(1, "P", datetime(2026, 1, day, tzinfo=UTC)) for day in (2, 1))
    assert evidence(late, early).events("P", 1) == (early, late)
    naive = event(1, "P", datetime(2025, 1, 1))
    assert evidence(late, naive).events("P", 1) == (late, naive)
    assert evidence(late, event(1, "P"), early).events("P", 1)[0] == late


def value(key: str, name: str, data: int | None, *, exists: bool = True) -> RegistryValue:
    return RegistryValue(origin=HERE, key=key, name=name, value=data, exists=exists)


def test_a_registry_value_is_found_by_either_name_of_the_hive_and_the_last_counts() -> None:
    long, short = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\X", r"hklm\software\policies\x"
    found = evidence(value(long, "A", 1), value(long, "a", 2)).registry(short, "A")
    assert found is not None
    assert found.value == 2
    assert evidence(value(long, "A", 1)).registry(short, "B") is None


def test_a_key_that_is_not_there_holds_no_value() -> None:
    absent = evidence(value(r"HKLM\X", "", None, exists=False)).registry(r"HKLM\X", "A")
    assert absent is not None
    assert not absent.exists


def test_halves_of_a_service_are_put_together_and_the_newest_word_counts() -> None:
    start = Service(origin=HERE, name="wuauserv", start="disabled")
    state = Service(origin=HERE, name="WUAUSERV", state="stopped")
    both = evidence(start, state).service("wuauserv")
    assert both is not None
    assert (both.start, both.state) == ("disabled", "stopped")
    later = evidence(start, state, Service(origin=HERE, name="wuauserv", start="manual")).service("wuauserv")
    assert later is not None
    assert (later.start, later.state) == ("manual", "stopped")
    assert evidence(start).service("bits") is None
    gone = evidence(start, Service(origin=HERE, name="wuauserv", exists=False)).service("wuauserv")
    assert gone is not None
    assert (gone.exists, gone.start) == (False, "")


def test_what_a_tool_is_known_to_get_wrong_stands_last() -> None:
    weak = Observation(origin=HERE, subject="sudo", state=State.OK, weak=True)
    strong = Observation(origin=HERE, subject="sudo", state=State.BAD)
    assert evidence(weak, strong).observations("sudo") == (strong, weak)
