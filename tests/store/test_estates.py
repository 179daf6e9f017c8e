import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aumdoctor.errors import UsageError
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Gap
from aumdoctor.store.estates import load, save
from tests.builders import arc_machine, azure_vm, dynamic_scope, estate, examine

HYPOTHESIS = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))


def an_estate() -> Estate:
    gap = Gap(scope="/subscriptions/s", operation="list virtual machines", status=403, fact=Fact.MACHINE)
    machines = azure_vm(tags={"名前": "値"}), arc_machine(os_type="Linux"), azure_vm("off", power_state="deallocated")
    return estate(*machines, assignments=[dynamic_scope(tags={"ring": ("1",)})], gaps=(gap,), scheduled=True)


@pytest.mark.parametrize("name", ["estate.json", "estate.json.zst"])
def test_a_saved_estate_comes_back_equal_and_is_judged_the_same(tmp_path: Path, name: str) -> None:
    seen = an_estate()
    save(tmp_path / name, seen)
    again = load(tmp_path / name)
    assert again == seen
    assert examine(again).findings == examine(seen).findings


@HYPOTHESIS
@given(
    name=st.text(),
    tags=st.dictionaries(st.text(), st.text()),
    power=st.none() | st.text(),
    collected_at=moments,
    packed=st.booleans(),
)
def test_any_text_survives(
    tmp_path: Path, name: str, tags: dict[str, str], power: str | None, collected_at: datetime, packed: bool
) -> None:
    seen = estate(azure_vm(name, tags=tags, power_state=power), collected_at=collected_at)
    path = tmp_path / ("estate.json.zst" if packed else "estate.json")
    save(path, seen)
    assert load(path) == seen


def test_the_name_decides_how_it_is_written_and_the_content_how_it_is_read(tmp_path: Path) -> None:
    save(tmp_path / "estate.json.zst", an_estate())
    renamed = (tmp_path / "estate.json.zst").rename(tmp_path / "estate.json")
    assert load(renamed) == an_estate()


def test_only_the_owner_can_read_it_and_nothing_else_is_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "estate.json"
    path.write_text("an older file that anybody may read")
    path.chmod(0o644)
    save(path, an_estate())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["estate.json"]


def test_a_failed_write_leaves_the_older_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "estate.json"
    save(path, an_estate())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        save(path, estate())
    assert load(path) == an_estate()
    assert [found.name for found in tmp_path.iterdir()] == ["estate.json"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot write .*nowhere"):
        save(tmp_path / "nowhere" / "estate.json", an_estate())
    with pytest.raises(UsageError, match=r"cannot read .*nowhere"):
        load(tmp_path / "nowhere" / "estate.json")


@pytest.mark.parametrize("name", ["estate.json", "estate.json.zst"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.999])
def test_a_file_that_was_cut_off_is_called_damaged(tmp_path: Path, name: str, kept: float) -> None:
    path = tmp_path / name
    save(path, an_estate())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(UsageError, match="damaged or cut off"):
        load(path)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"{}", b"[1]", b"null", b'{"format":"other","version":1}', b"\x00\xff", b'{"format":1}']
)
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "something"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="no saved estate") as raised:
        load(path)
    assert raised.value.advice


def test_a_file_of_a_newer_version_asks_for_an_update(tmp_path: Path) -> None:
    path = tmp_path / "estate.json"
    document = {"format": "aumdoctor-estate", "version": 2, "tool": "aumdoctor 9.0", "estate": {"new": "shape"}}
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match=r"aumdoctor 9\.0 in format version 2") as raised:
        load(path)
    assert raised.value.advice == "update aumdoctor"


def test_an_edited_file_says_where_it_does_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "estate.json"
    save(path, an_estate())
    document = json.loads(path.read_text())
    document["estate"]["machines"][0]["kind"] = "toaster"
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match=r"toaster.*machines"):
        load(path)


def test_the_file_says_what_it_is_without_being_unpacked_by_us(tmp_path: Path) -> None:
    save(tmp_path / "estate.json.zst", an_estate())
    document = json.loads(
        zstandard.ZstdDecompressor().decompressobj().decompress((tmp_path / "estate.json.zst").read_bytes())
    )
    assert (document["format"], document["version"]) == ("aumdoctor-estate", 1)
    assert document["tool"].startswith("aumdoctor ")


def test_an_estate_has_no_place_for_a_secret() -> None:
    """The model is what lands in the file: no field of it may hold a credential."""

    def fields(type_info: Any, seen: set[str]) -> set[str]:
        for component in type_info.values():
            seen |= set(component.get("properties", {}))
        return seen

    (_, components) = msgspec.json.schema_components([Estate])
    names = {name.lower() for name in fields(components, set())}
    words = ("token", "secret", "password", "credential", "authorization", "protected", "sas", "connection_string")
    assert len(names) > 100
    assert [name for name in sorted(names) if any(word in name for word in words)] == []
