from collections.abc import Sequence

import pytest

from aumdoctor.guest.hosts import Read, by_machine, same_machine
from aumdoctor.model.guest import Event, Origin, Reading, Record, RegistryValue, Source

TS01, TS02 = "ts01.contoso.local", "TS02.contoso.local"


def read(
    file: str,
    *computers: str,
    given: str = "",
    reader: str = "evtx",
    channel: str = "System",
    reading: Reading = Reading.READ,
    numbers: Sequence[int] = (),
) -> Read:
    """An artefact with one event of each computer; without any, one registry value."""
    records: list[Record] = [
        Event(
            origin=Origin(file, record=numbers[place] if numbers else place + 1),
            computer=computer,
            provider="User32",
            event_id=1074,
            channel=channel,
        )
        for place, computer in enumerate(computers)
    ]
    if not computers and reading in (Reading.READ, Reading.PARTLY):
        records = [RegistryValue(origin=Origin(file), key="k", name="n")]
        reader = "command-outputs" if reader == "evtx" else reader
    return Read(source=Source(file=file, reading=reading, reader=reader), records=tuple(records), given=given)


def placed(*reads: Read) -> dict[str, list[str]]:
    """The files of the records of each machine. No record is lost or doubled."""
    case = by_machine(reads)
    assert sum(len(host.records) for host in case.hosts) == sum(len(each.records) for each in reads)
    return {host.name: [record.origin.file for record in host.records] for host in case.hosts}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("TS01", "ts01", True),
        ("TS01", "ts01.contoso.local", True),
        ("ts01.contoso.local.", "TS01.CONTOSO.LOCAL", True),
        ("ts01.a.local", "ts01.b.local", False),
        ("TS01", "TS02", False),
        ("vm-windows-prod-001", "VM-WINDOWS-PROD", True),
        ("vm-windows-pro", "vm-windows-prod-001", False),
        ("10.0.0.4", "10.0.0.5", False),
        ("", "", False),
    ],
)
def test_names_of_one_machine(one: str, other: str, same: bool) -> None:
    assert same_machine(one, other) == same_machine(other, one) == same


def test_single_files_are_one_machine() -> None:
    assert placed(read("System.evtx", TS01), read("reg.txt")) == {TS01: ["System.evtx", "reg.txt"]}
    assert placed(read("reg.txt"), read("other/System.evtx", "TS01")) == {"TS01": ["reg.txt", "other/System.evtx"]}
    assert placed(read("reg.txt"), read("secedit.inf")) == {"": ["reg.txt", "secedit.inf"]}


def test_short_and_full_names_are_one_machine_under_the_fuller_name() -> None:
    assert placed(read("a.txt", "TS01"), read("b.evtx", TS01), read("c.txt", "ts01")) == {
        TS01: ["a.txt", "b.evtx", "c.txt"]
    }


def test_two_domains_with_one_short_name_are_two_machines() -> None:
    assert list(placed(read("a", "ts01.a.local"), read("b", "ts01.b.local"))) == ["ts01.a.local", "ts01.b.local"]


def test_a_whole_machine_in_one_folder() -> None:
    files = ("c/Windows/System32/winevt/Logs/System.evtx", "c/WindowsAzure/Logs/x.log", "c/reg.txt")
    assert placed(read(files[0], TS01), read(files[1]), read(files[2])) == {TS01: list(files)}


def test_folders_that_name_a_computer_each() -> None:
    assert placed(
        read("case/n1/logs/System.evtx", TS01),
        read("case/n1/reg/wsus.txt"),
        read("case/n2/logs/System.evtx", TS02),
        read("case/n2/reg/wsus.txt"),
        read("case/notes.txt"),
    ) == {
        TS01: ["case/n1/logs/System.evtx", "case/n1/reg/wsus.txt"],
        TS02: ["case/n2/logs/System.evtx", "case/n2/reg/wsus.txt"],
        "": ["case/notes.txt"],
    }


def test_folders_with_the_same_kinds_of_artefacts_are_machines() -> None:
    logs = [read(f"case/node{number}/1.core.log", reader="core-log") for number in (1, 2)]
    assert placed(*logs) == {"node1": ["case/node1/1.core.log"], "node2": ["case/node2/1.core.log"]}
    archives = [read(f"node{number}.tar.gz!/log/1.core.log", reader="core-log") for number in (1, 2)]
    assert list(placed(*archives)) == ["node1", "node2"]


def test_a_folder_without_a_computer_beside_one_with_one_is_another_machine() -> None:
    found = placed(
        read("c/node1/s.evtx", TS01), read("c/node1/reg.txt"), read("c/node2/reg.txt"), read("c/node2/x/reg.txt")
    )
    assert found == {TS01: ["c/node1/s.evtx", "c/node1/reg.txt"], "node2": ["c/node2/reg.txt", "c/node2/x/reg.txt"]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Microsoft.CPlat.Core.LinuxPatchExtension-1.6.70", "Microsoft.CPlat.Core.LinuxPatchExtension-1.6.71"),
        ("1.5.67", "1.5.68"),
        ("2026-11-20", "2026-11-21"),
        ("log", "status"),
        ("Windows", "WindowsAzure"),
        ("before", "after"),
    ],
)
def test_folders_of_one_system_are_no_machines(one: str, other: str) -> None:
    found = placed(*(read(f"case/{name}/x", reader="patch-status") for name in (one, other)))
    assert found == {"": [f"case/{one}/x", f"case/{other}/x"]}


def test_folders_of_other_kinds_are_no_machines() -> None:
    found = placed(read("case/extra/x.log", reader="core-log"), read("case/more/reg.txt"), read("case/s.evtx", TS01))
    assert list(found) == [TS01]


def test_folders_that_share_a_computer_are_no_machines() -> None:
    found = placed(
        read("case/one/s.evtx", TS01), read("case/two/s.evtx", TS01), read("case/one/r.txt"), read("case/two/r.txt")
    )
    assert list(found) == [TS01]


def test_folders_that_share_a_computer_are_no_machines_even_if_each_names_one() -> None:
    found = placed(read("case/n1/s.evtx", TS01), read("case/n2/s.evtx", TS01), read("case/n2-reg.txt"))
    assert list(found) == [TS01]


def test_two_long_names_that_netbios_cuts_to_the_same_stay_two() -> None:
    one, two = "vm-windows-prod-001", "vm-windows-prod-002"
    assert list(placed(read("a", one), read("b", two), read("c", "VM-WINDOWS-PROD"))) == [one, two, "VM-WINDOWS-PROD"]
    assert list(placed(read("a", one), read("c", "VM-WINDOWS-PROD"))) == [one]


def test_forwarded_events_belong_to_their_own_machines() -> None:
    found = placed(read("ForwardedEvents.evtx", TS01, TS02, TS01), read("reg-ts02.txt"), read("reg.txt"))
    assert found == {
        TS01: ["ForwardedEvents.evtx"] * 2,
        TS02: ["ForwardedEvents.evtx", "reg-ts02.txt"],
        "": ["reg.txt"],
    }


def test_a_name_in_the_name_of_a_file_is_a_whole_word() -> None:
    files = (read("a.evtx", "node1"), read("b.evtx", "node10"), read("setspn_NODE10.txt"), read("anode1.txt"))
    assert placed(*files) == {"node1": ["a.evtx"], "node10": ["b.evtx", "setspn_NODE10.txt"], "": ["anode1.txt"]}


def test_a_machine_that_was_renamed_is_one() -> None:
    log = read("System.evtx", "WIN-ABC1234", "WIN-ABC1234", "TS01", TS01)
    assert placed(log, read("Security.evtx", "WIN-ABC1234"), read("r.txt")) == {
        TS01: ["System.evtx"] * 4 + ["Security.evtx", "r.txt"]
    }


def test_an_exported_log_shows_a_renaming_only_of_a_name_that_setup_made_up() -> None:
    assert list(placed(read("x.xml", "WIN-P4SIAA0SQCO", "TS01", reader="event-xml"))) == ["TS01"]
    assert list(placed(read("x.xml", "TS02", "TS01", reader="event-xml"))) == ["TS02", "TS01"]
    assert list(placed(read("x.txt", "WIN-P4SIAA0SQCO", "TS01", reader="event-text"))) == ["WIN-P4SIAA0SQCO", "TS01"]


@pytest.mark.parametrize(
    "log",
    [
        read("System.evtx", "A", "B", "A"),
        read("ForwardedEvents.evtx", "A", "B"),
        read("System.evtx", "A", "B", numbers=(9, 3)),
    ],
)
def test_what_is_no_renaming(log: Read) -> None:
    assert list(placed(log)) == ["A", "B"]


def test_a_path_that_the_person_named() -> None:
    found = placed(
        read("one/reg.txt", given="vm-042"),
        read("one/System.evtx", TS01, given="vm-042"),
        read("two/System.evtx", TS02, given="vm-043"),
        read("more.evtx", TS01),
    )
    assert found == {"vm-042": ["one/reg.txt", "one/System.evtx", "more.evtx"], "vm-043": ["two/System.evtx"]}


def test_a_named_path_with_events_of_several_machines() -> None:
    found = placed(read("Forwarded.evtx", TS01, TS02, given="TS02"), read("reg.txt", given="TS02"))
    assert found == {TS01: ["Forwarded.evtx"], TS02: ["Forwarded.evtx", "reg.txt"]}


def test_one_computer_under_two_names_stays_apart() -> None:
    found = placed(read("a.evtx", TS01, given="blue"), read("b.evtx", TS01, given="green"))
    assert found == {"blue": ["a.evtx"], "green": ["b.evtx"]}


def test_sources_stay_with_their_machine_and_what_is_unknown_with_the_case() -> None:
    case = by_machine(
        [
            read("c/System.evtx", TS01),
            read("c/broken.evtx", reading=Reading.UNREADABLE),
            read("c/picture.png", reading=Reading.UNRECOGNISED, reader=""),
        ]
    )
    (host,) = case.hosts
    assert [(source.file, source.records) for source in host.sources] == [("c/System.evtx", 1), ("c/broken.evtx", 0)]
    assert [source.file for source in case.sources] == ["c/picture.png"]


def test_a_source_of_several_machines_is_counted_at_each() -> None:
    hosts = by_machine([read("f.evtx", TS01, TS02, TS01)]).hosts
    assert [host.sources[0].records for host in hosts] == [2, 1]


def test_nothing_read_is_no_machine() -> None:
    case = by_machine([read("a.evtx", reading=Reading.UNREADABLE)])
    assert (case.hosts, len(case.sources)) == ((), 1)
    assert by_machine([]).hosts == ()


def test_a_named_machine_of_which_nothing_could_be_read_is_there() -> None:
    (host,) = by_machine([read("a.evtx", given="vm-042", reading=Reading.UNREADABLE)]).hosts
    assert (host.name, host.records, len(host.sources)) == ("vm-042", (), 1)
