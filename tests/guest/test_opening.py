import bz2
import copy
import gzip
import io
import lzma
import os
import random
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.opening import Limits, artefacts
from aumdoctor.model.guest import Reading, Source

STATUS = b'[{"status": {}}]'
LOG = b"".join(b"2026-11-21T07:33:17Z> line %d\n" % number for number in range(2000))
KINDS = ("zip", "tar", "tar.gz", "tar.bz2", "tar.xz")


def opened(path: Path | list[Path], limits: Limits | None = None) -> tuple[dict[str, bytes], list[Source]]:
    """What is in the artefacts, by their paths, and what is told beside them."""
    contents: dict[str, bytes] = {}
    told: list[Source] = []
    for each in artefacts([path] if isinstance(path, Path) else path, limits=limits):
        if isinstance(each, Source):
            told.append(each)
            continue
        with each.open() as first:
            data = first.read()
        with each.open() as second:
            assert second.read() == data
        assert each.head == data[:4096]
        contents[each.path] = data
    return contents, told


def packed(kind: str, entries: Iterable[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in entries:
                archive.writestr(name, data)
    else:
        compression = kind.partition(".")[2]
        with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as archive:
            for name, data in entries:
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def test_a_folder_is_read_in_the_order_of_names_with_hidden_files_and_siblings(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("z.log", ".hidden", "b/2.status", "b/10.status"):
        (tmp_path / name).write_bytes(name.encode())
    found = [each for each in artefacts([tmp_path]) if isinstance(each, Artefact)]
    said = [each.path.removeprefix(f"{tmp_path.as_posix()}/") for each in found]
    assert said == [".hidden", "z.log", "b/10.status", "b/2.status"]
    assert found[2].siblings == ("10.status", "2.status")
    assert found[2].name == "10.status"
    assert found[2].folders[-1] == "b"
    assert found[0].size == len(".hidden")


def test_links_are_not_followed_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("secret")
    case = tmp_path / "case"
    case.mkdir()
    (case / "a.log").write_text("a")
    (case / "again.log").symlink_to(case / "a.log")
    (case / "file").symlink_to(tmp_path / "outside/secret")
    (case / "folder").symlink_to(tmp_path / "outside")
    (case / "loop").symlink_to(case)
    (case / "nowhere").symlink_to(case / "gone")
    contents, told = opened(case)
    assert list(contents.values()) == [b"a"]
    assert [source.file.rpartition("/")[2] for source in told] == ["folder", "file"]
    assert {source.reading for source in told} == {Reading.UNREADABLE}


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    contents, told = opened(tmp_path)
    assert not contents
    assert "neither a file" in told[0].why


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    contents, told = opened([tmp_path / "gone.log"])
    assert not contents
    assert told[0].reading == Reading.UNREADABLE


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"a")
    seen: set[tuple[int, int]] = set()
    assert [len(list(artefacts([path], seen=seen))) for path in (tmp_path, tmp_path / "a.log")] == [1, 0]


@pytest.mark.parametrize("kind", KINDS)
def test_archives_of_every_kind(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"bundle.{kind}"
    path.write_bytes(packed(kind, [("/Windows/System32/winevt/Logs/System.evtx", LOG), ("status/1.status", STATUS)]))
    contents, told = opened(path)
    assert {name.partition("!/")[2]: data for name, data in contents.items()} == {
        "Windows/System32/winevt/Logs/System.evtx": LOG,
        "status/1.status": STATUS,
    }
    assert not told
    assert all(name.startswith(path.as_posix()) for name in contents)


@pytest.mark.parametrize("kind", KINDS)
def test_files_in_archives_know_their_siblings(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bundle"
    path.write_bytes(packed(kind, [("a/2.settings", b"x"), ("b/1.status", b"x"), ("a/1.settings", b"x")]))
    found = {each.name: each.siblings for each in artefacts([path]) if isinstance(each, Artefact)}
    assert found == {
        "1.settings": ("1.settings", "2.settings"),
        "2.settings": ("1.settings", "2.settings"),
        "1.status": ("1.status",),
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("C:\\WindowsAzure\\Logs\\x.log", "C/WindowsAzure/Logs/x.log"),
        ("../../etc/passwd", "etc/passwd"),
        ("/Windows/x%4Admin.evtx", "Windows/x%4Admin.evtx"),
        ("a\x1b[2Jb.log", "a\\x1b[2Jb.log"),
        ("a\u202eb.log", "a\\u202eb.log"),
        ("日本.txt", "日本.txt"),
        ("../..", "unnamed"),
        ("a//./b", "a/b"),
    ],
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_in_archives_are_harmless(tmp_path: Path, kind: str, name: str, expected: str) -> None:
    path = tmp_path / "bundle"
    path.write_bytes(packed(kind, [(name, b"x")]))
    (found,) = opened(path)[0]
    assert found == f"{path.as_posix()}!/{expected}"


def test_a_name_in_the_code_page_of_a_japanese_machine(tmp_path: Path) -> None:
    data = packed("zip", [("abcd.txt", b"x")]).replace(b"abcd", "日本".encode("cp932"))
    (tmp_path / "x.zip").write_bytes(data)
    (found,) = opened(tmp_path / "x.zip")[0]
    assert found.endswith("!/日本.txt")


@pytest.mark.parametrize(
    ("name", "inner", "pack"),
    [
        ("5.core.log.gz", "5.core.log", gzip.compress),
        ("5.core.log.bz2", "5.core.log", bz2.compress),
        ("5.core.log.XZ", "5.core.log", lzma.compress),
        ("5.core.log", "5.core.log", gzip.compress),
    ],
)
def test_a_single_compressed_file(tmp_path: Path, name: str, inner: str, pack: object) -> None:
    (tmp_path / name).write_bytes(pack(LOG))  # type: ignore[operator]
    contents, told = opened(tmp_path / name)
    assert contents == {f"{(tmp_path / name).as_posix()}!/{inner}": LOG}
    assert not told


def test_archives_inside_archives_down_to_the_third(tmp_path: Path) -> None:
    data = packed("zip", [("deep.log", b"deep")])
    data = packed("tar.gz", [("third.zip", data), ("two.log", b"two")])
    data = packed("zip", [("second.tgz", data), ("one.log", b"one")])
    path = tmp_path / "bundle.zip"
    path.write_bytes(data)
    contents, told = opened(path)
    assert {name.removeprefix(path.as_posix()): data for name, data in contents.items()} == {
        "!/one.log": b"one",
        "!/second.tgz!/two.log": b"two",
        "!/second.tgz!/third.zip!/deep.log": b"deep",
    }
    assert not told
    path.write_bytes(packed("zip", [("first.zip", data)]))
    contents, told = opened(path)
    assert len(contents) == 2
    assert told[0].file.endswith("third.zip")
    assert "inside 3 others" in told[0].why


def test_a_file_larger_than_what_is_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aumdoctor.guest.opening._IN_MEMORY", 1000)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    path = tmp_path / "bundle"
    path.write_bytes(
        packed("zip", [("x.tar.gz", packed("tar.gz", [("x.log", LOG), ("y.zip", packed("zip", [("z", LOG)]))]))])
    )
    contents, told = opened(path)
    assert list(contents.values()) == [LOG, LOG]
    assert not told
    assert not list((tmp_path / "temporary").iterdir())


def test_a_bomb_is_not_unpacked_and_is_told(tmp_path: Path) -> None:
    limits = Limits(unpacked_anyway=1000, ratio=2)
    zeros = bytes(1 << 20)
    for kind in KINDS[:1] + KINDS[2:]:
        path = tmp_path / "bomb"
        path.write_bytes(packed(kind, [("a", zeros), ("b", zeros)]))
        contents, told = opened(path, limits)
        assert sum(map(len, contents.values())) <= max(1000, 2 * path.stat().st_size), kind
        assert any("unpacks to more than" in source.why for source in told), kind
    path.write_bytes(gzip.compress(zeros))
    contents, told = opened(path, limits)
    assert sum(map(len, contents.values())) <= max(1000, 2 * path.stat().st_size)
    assert [source.file for source in told] == list(contents)


def test_a_file_with_holes_that_stands_for_far_more_than_the_archive_holds(tmp_path: Path) -> None:
    member = tarfile.TarInfo("x")
    member.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.name": "x",
        "GNU.sparse.size": str(1 << 40),
        "GNU.sparse.map": f"{(1 << 40) - 1},1",
    }
    member.size = 1
    path = tmp_path / "x.tar"
    path.write_bytes(member.tobuf(tarfile.PAX_FORMAT) + bytes(512 * 4))
    contents, told = opened(path, Limits(unpacked_anyway=1 << 20))
    assert sum(map(len, contents.values())) <= 1 << 20
    assert "unpacks to more than" in told[0].why


def test_a_list_of_files_that_is_too_large_is_not_held_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aumdoctor.guest.opening._LARGEST_DIRECTORY", 100)
    path = tmp_path / "x.zip"
    path.write_bytes(packed("zip", [(str(number), b"x") for number in range(9)]))
    contents, told = opened(path)
    assert not contents
    assert "list of files" in told[0].why


def test_an_archive_within_archives_counts_as_one(tmp_path: Path) -> None:
    inner = packed("zip", [("a", bytes(1 << 20))])
    path = tmp_path / "bomb.zip"
    path.write_bytes(packed("zip", [(f"{number}.zip", inner) for number in range(50)]))
    contents, told = opened(path, Limits(unpacked_anyway=2 << 20, ratio=1))
    assert sum(map(len, contents.values())) <= 2 << 20
    assert told


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_entries_of_one_name_are_all_read_and_the_later_ones_named_apart(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    entries = [("a/x.log", b"one"), ("b", b"b"), ("a/x.log", b"two"), ("./a\\x.log", b"three"), ("(2)/a/x.log", b"own")]
    path.write_bytes(packed("zip", entries))
    contents, told = opened(path)
    assert {name.partition("!/")[2]: data for name, data in contents.items()} == {
        "a/x.log": b"one",
        "(3)/a/x.log": b"two",
        "(4)/a/x.log": b"three",
        "(2)/a/x.log": b"own",
        "b": b"b",
    }
    assert not told


def overlapping(names: list[str], *, inner: bytes) -> bytes:
    """A zip whose entries are all at the same place."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(names[0], inner)
        for name in names[1:]:
            again = copy.copy(archive.infolist()[0])
            again.filename = name
            archive.filelist.append(again)
    return buffer.getvalue()


@pytest.mark.parametrize("names", [["a"] * 50, ["a", "b", "c"]])
def test_entries_that_share_their_bytes_are_unpacked_once_at_most(tmp_path: Path, names: list[str]) -> None:
    path = tmp_path / "bomb.zip"
    path.write_bytes(overlapping(names, inner=LOG))
    contents, told = opened(path)
    assert sum(map(len, contents.values())) <= len(LOG)
    assert len(told) >= len(names) - 1
    assert "overlap" in told[0].why


def test_an_entry_inside_another_is_told_and_the_inner_one_read(tmp_path: Path) -> None:
    inner = packed("zip", [("inner", b"x" * 100)])
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("outer", inner)
        at = outer.getvalue().index(inner)
        hidden = zipfile.ZipFile(io.BytesIO(inner)).infolist()[0]
        hidden.header_offset += at
        archive.filelist.append(hidden)
    (tmp_path / "x.zip").write_bytes(outer.getvalue())
    contents, told = opened(tmp_path / "x.zip")
    assert list(contents.values()) == [b"x" * 100]
    assert "overlap" in told[0].why


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_too_many_files(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bundle"
    path.write_bytes(packed(kind, [(str(number), b"x") for number in range(9)]))
    contents, told = opened(path, Limits(entries=5))
    assert len(contents) == 5
    assert "too many files" in told[-1].why
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(9):
        (folder / str(number)).write_bytes(b"x")
    contents, told = opened(folder, Limits(entries=5))
    assert (len(contents), told[-1].reading) == (5, Reading.PARTLY)


def test_an_encrypted_entry_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    data = bytearray(packed("zip", [("open.log", b"open"), ("secret.log", b"secret")]))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rfind(mark) + place] |= 1
    (tmp_path / "x.zip").write_bytes(data)
    contents, told = opened(tmp_path / "x.zip")
    assert list(contents.values()) == [b"open"]
    assert "it is encrypted: unpack" in told[0].why
    assert told[0].file.endswith("!/secret.log")


def test_links_and_devices_in_archives_are_skipped_and_told(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo(f"odd{kind!r}")
            member.type, member.linkname = kind, "/etc/shadow"
            archive.addfile(member)
        archive.addfile(tarfile.TarInfo("file.log"))
    contents, told = opened(tmp_path / "x.tar")
    assert list(contents.values()) == [b""]
    assert "links and devices are not read (4:" in told[0].why
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive2:
        archive2.writestr(link, "/etc/shadow")
    assert opened(tmp_path / "x.zip")[0] == {}


@pytest.mark.parametrize("kind", KINDS)
def test_what_can_be_read_of_a_cut_archive_stands(tmp_path: Path, kind: str) -> None:
    chance = random.Random(1)
    entries = [(f"{number}.log", chance.randbytes(40_000)) for number in range(8)]
    data = packed(kind, entries)
    path = tmp_path / "cut"
    path.write_bytes(data[: len(data) * 2 // 3])
    contents, told = opened(path)
    whole = [content for content in contents.values() if content in [data for _, data in entries]]
    # bzip2 packs 900,000 bytes at a time: nothing of an unfinished block can be had.
    assert kind == "tar.bz2" or 4 <= len(whole) <= 5
    assert all(any(data.startswith(content) for _, data in entries) for content in contents.values())
    assert all(source.why for source in told)
    # What is there of the last one is given, and told.
    cut = [name for name, content in contents.items() if content not in whole]
    assert {source.file for source in told} >= set(cut)
    assert kind == "tar.bz2" or cut or kind == "tar.xz"


def test_a_damaged_entry_does_not_hide_the_others(tmp_path: Path) -> None:
    data = packed("zip", [("a.log", LOG), ("b.log", b"b" * 10)])
    (tmp_path / "x.zip").write_bytes(data.replace(LOG[:0] + data[60:90], bytes(30)))
    contents, told = opened(tmp_path / "x.zip")
    assert contents[f"{(tmp_path / 'x.zip').as_posix()}!/b.log"] == b"b" * 10
    assert told[0].file.endswith("a.log")


def test_a_header_in_the_middle_of_a_tar_that_is_overwritten_is_told(tmp_path: Path) -> None:
    data = bytearray(packed("tar", [("a.log", b"a" * 512), ("b.log", b"b" * 512), ("c.log", b"c")]))
    data[1024:1100] = b"\xff" * 76
    (tmp_path / "x.tar").write_bytes(data)
    contents, told = opened(tmp_path / "x.tar")
    assert list(contents.values()) == [b"a" * 512]
    assert "damaged" in told[0].why


def test_a_tar_header_that_claims_to_be_endless_is_not_held_in_memory(tmp_path: Path) -> None:
    member = tarfile.TarInfo("x")
    member.type, member.size = tarfile.XHDTYPE, 1 << 33
    (tmp_path / "x.tar").write_bytes(member.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    contents, told = opened(tmp_path / "x.tar")
    assert not contents
    assert "too large" in told[0].why


def test_kinds_that_are_not_opened_are_told(tmp_path: Path) -> None:
    (tmp_path / "x.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(40))
    contents, told = opened(tmp_path)
    assert not contents
    assert "7-Zip" in told[0].why


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from([*KINDS, "gz"]),
    changes=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 3000),
)
def test_no_archive_is_too_broken(
    tmp_path_factory: pytest.TempPathFactory, kind: str, changes: list[tuple[int, int]], cut: int
) -> None:
    inner = packed("zip", [("inner", STATUS)])
    data = bytearray(
        gzip.compress(LOG) if kind == "gz" else packed(kind, [("a", STATUS), ("x.zip", inner), ("c", b"c")])
    )
    for place, value in changes:
        data[place % len(data)] = value
    path = tmp_path_factory.mktemp("broken") / "x"
    path.write_bytes(data[: max(len(data) - cut, 0)])
    for each in artefacts([path], limits=Limits(unpacked_anyway=1 << 20)):
        if isinstance(each, Artefact):
            with each.open() as stream:
                assert len(stream.read()) <= 1 << 20
