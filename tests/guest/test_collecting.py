import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from aumdoctor.errors import UsageError
from aumdoctor.guest.artefact import Artefact, UnreadableError
from aumdoctor.guest.collecting import read_case
from aumdoctor.guest.opening import Limits
from aumdoctor.guest.reader import Reader
from aumdoctor.guest.text import lines
from aumdoctor.model.guest import (
    Case,
    Damage,
    LogSign,
    Origin,
    PatchRequest,
    PatchStatus,
    Reading,
    Record,
    Source,
)


def reader(name: str = "log") -> Reader:
    """Knows `*.log` and gives a sign for each line; a line `damage`, `broken` or `nothing` is obeyed."""

    def read(artefact: Artefact) -> Iterator[Record]:
        for number, line in lines(artefact):
            if line == "broken":
                raise RuntimeError("a fault of the reader")
            if line == "nothing":
                raise UnreadableError("there is nothing in it")
            origin = Origin(artefact.path, line=number)
            yield Damage(origin=origin, why="a line") if line == "damage" else LogSign(origin=origin, sign=line)

    return Reader(name=name, title=name, recognises=lambda artefact: artefact.name.endswith(".log"), read=read)


def case_of(path: Path, limits: Limits | None = None) -> Case:
    return read_case([str(path)], limits=limits, readers=[reader()])


def source_of(path: Path, limits: Limits | None = None) -> Source:
    case = case_of(path, limits)
    (found,) = [*case.sources, *(source for host in case.hosts for source in host.sources)]
    return found


@pytest.mark.parametrize(
    ("content", "reading", "records", "why"),
    [
        ("a\nb\n", Reading.READ, 2, ""),
        ("a\ndamage\nb\n", Reading.PARTLY, 3, "a line"),
        ("a\nbroken\nb\n", Reading.PARTLY, 1, "the reader log failed: RuntimeError: a fault of the reader"),
        ("broken\n", Reading.UNREADABLE, 0, "the reader log failed: RuntimeError: a fault of the reader"),
        ("nothing\n", Reading.UNREADABLE, 0, "there is nothing in it"),
        ("a\nnothing\n", Reading.PARTLY, 1, "there is nothing in it"),
        ("", Reading.UNRECOGNISED, 0, "it is empty"),
    ],
)
def test_what_became_of_a_file(tmp_path: Path, content: str, reading: Reading, records: int, why: str) -> None:
    path = tmp_path / "x.log"
    path.write_text(content)
    found = source_of(path)
    assert (found.reading, found.records, found.why) == (reading, records, why)
    assert found.size == len(content)


def test_a_file_that_nobody_knows(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"\x89PNG")
    assert source_of(tmp_path).reading == Reading.UNRECOGNISED


def test_a_reader_that_fails_to_recognise_leaves_the_file_to_the_next(tmp_path: Path) -> None:
    def fails(artefact: Artefact) -> bool:
        raise ValueError

    (tmp_path / "x.log").write_text("a\n")
    bad = Reader(name="bad", title="bad", recognises=fails, read=lambda artefact: iter(()))
    case = read_case([str(tmp_path)], readers=[bad, reader("good")])
    assert case.hosts[0].sources[0].reader == "good"


def test_the_first_reader_that_knows_a_file_reads_it(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("a\n")
    case = read_case([str(tmp_path)], readers=[reader("first"), reader("second")])
    assert case.hosts[0].sources[0].reader == "first"


def test_too_many_records_are_cut_and_told(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("a\n" * 50)
    case = case_of(path, Limits(records=10))
    (host,) = case.hosts
    assert [type(record) for record in host.records] == [LogSign] * 10 + [Damage]
    assert host.sources[0].reading == Reading.PARTLY
    assert "more than 10 records" in host.sources[0].why


def test_an_entry_of_an_archive_whose_bytes_end_early_is_partly_read(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.log", "a\n" * 100_000)
    case = case_of(path, Limits(unpacked_anyway=1000, ratio=1))
    (host,) = case.hosts
    assert isinstance(host.records[-1], Damage)
    assert host.sources[0].reading == Reading.PARTLY
    assert "unpacks to more than" in host.sources[0].why


def test_a_path_that_is_not_there_is_a_mistake_of_the_person(tmp_path: Path) -> None:
    for argument in ("gone", "TS01=gone", "=gone", "a\0b"):
        with pytest.raises(UsageError, match="there is no file or folder") as raised:
            read_case([argument])
        assert raised.value.exit_code == 2


def test_a_path_with_the_name_of_its_machine(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("a\n")
    (host,) = read_case([f"TS01={tmp_path}"], readers=[reader()]).hosts
    assert host.name == "TS01"


def test_a_file_whose_name_has_an_equals_sign_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a=b.log").write_text("a\n")
    Path("b.log").write_text("b\n")
    (host,) = read_case(["a=b.log"], readers=[reader()]).hosts
    assert (host.name, host.records[0].origin.file) == ("", "a=b.log")


def test_a_file_that_is_given_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("a\n")
    (host,) = read_case([str(tmp_path), str(tmp_path / "x.log")], readers=[reader()]).hosts
    assert len(host.records) == 1


def test_a_status_above_the_newest_request_in_the_folder_beside_is_an_orphan(tmp_path: Path) -> None:
    def read(artefact: Artefact) -> Iterator[Record]:
        kind = PatchRequest if artefact.name.endswith(".settings") else PatchStatus
        yield kind(origin=Origin(artefact.path), sequence=int(artefact.name.partition(".")[0]))

    for name in ("e/config/5.settings", "e/status/5.status", "e/status/7.status", "other/status/9.status"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    known = Reader(name="known", title="known", recognises=lambda artefact: True, read=read)
    records = [record for host in read_case([str(tmp_path)], readers=[known]).hosts for record in host.records]
    assert {each.sequence: each.is_orphan for each in records if isinstance(each, PatchStatus)} == {
        5: False,
        7: True,
        9: False,
    }


def answered(path: Path, machine: str, host: str) -> None:
    """What `probe --save` writes; without the machine what anybody keeps who runs the script."""
    line = f'{{"c":"os","s":"ok","d":{{"id":"ubuntu","host":"{host}"}}}}'
    answer = {"value": [{"code": "ProvisioningState/succeeded", "message": f"Enable succeeded: \n[stdout]\n{line}\n"}]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(({"machine": machine} if machine else {}) | answer))


def vm(group: str, name: str = "vm-1") -> str:
    return f"/subscriptions/s/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{name}"


def named(case: Case) -> dict[str, list[str]]:
    return {host.name: [Path(source.file).name for source in host.sources] for host in case.hosts}


def test_answers_of_the_probe_are_a_machine_each_whatever_their_names(tmp_path: Path) -> None:
    answered(tmp_path / "a.json", vm("rg-1"), "same")
    answered(tmp_path / "b.json", vm("RG-2"), "same")
    answered(tmp_path / "c.json", vm("rg-2", "vm-app-weu-0001"), "same")
    answered(tmp_path / "d.json", vm("rg-2", "vm-app-weu-00018"), "same")
    answered(tmp_path / "again.json", vm("rg-2"), "same")
    assert named(read_case([str(tmp_path)])) == {
        "vm-1.rg-1": ["a.json"],
        "vm-1.rg-2": ["again.json", "b.json"],
        "vm-app-weu-0001": ["c.json"],
        "vm-app-weu-00018": ["d.json"],
    }


def test_answers_that_only_tell_their_host_are_a_machine_each(tmp_path: Path) -> None:
    answered(tmp_path / "a.json", "", "web01")
    answered(tmp_path / "b.json", "", "web02")
    assert named(read_case([str(tmp_path)])) == {"web01": ["a.json"], "web02": ["b.json"]}


def test_a_folder_that_was_collected_is_one_machine_with_its_answer(tmp_path: Path) -> None:
    answered(tmp_path / "kept" / "vm-1.json", vm("rg-1"), "web")
    for name in ("vm-1", "vm-2"):
        folder = tmp_path / "logs" / name
        (folder / "var").mkdir(parents=True)
        (folder / "collected.txt").write_text(f"machine: {vm('rg-1', name)}\n/var/x.log: whole\n")
        (folder / "var" / "x.core.log").write_text("whatever")
    assert named(read_case([str(tmp_path / "kept"), str(tmp_path / "logs")])) == {
        "vm-1": ["vm-1.json", "collected.txt"],
        "vm-2": ["collected.txt"],
    }
    bundle = shutil.make_archive(str(tmp_path / "logs"), "zip", tmp_path / "logs")
    assert list(named(read_case([bundle]))) == ["vm-1", "vm-2"]


def test_one_name_for_several_machines_is_refused(tmp_path: Path) -> None:
    answered(tmp_path / "a.json", vm("rg-1"), "a")
    answered(tmp_path / "b.json", vm("rg-2"), "b")
    with pytest.raises(UsageError, match="2 machines"):
        read_case([f"web={tmp_path}"])
    assert list(named(read_case([f"web={tmp_path / 'a.json'}"]))) == ["web"]
