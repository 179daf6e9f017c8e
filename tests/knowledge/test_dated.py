from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from aumdoctor.knowledge import dated
from aumdoctor.knowledge.dated import Table, all_tables, listing, load, load_tsv

TODAY = date(2026, 11, 21)
ABOUT = 'source = "a page"\nas_of = 2026-01-02\n'


class Fruit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    count: int = 0


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(dated, "files", lambda package: tmp_path)
    return tmp_path


def read(folder: Path, text: str) -> dated.Dated[Fruit]:
    (folder / "fruit.toml").write_text(text, encoding="utf-8")
    return load("fruit.toml", Fruit, key=lambda row: row.name)


def test_a_file_carries_its_source_its_date_and_its_rows(folder: Path) -> None:
    seen = read(folder, ABOUT + '[[fruit]]\nname = "fig"\ncount = 3\n')
    assert (seen.source, seen.as_of, seen.rows) == ("a page", date(2026, 1, 2), (Fruit(name="fig", count=3),))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('as_of = 2026-01-02\n[[fruit]]\nname = "fig"\n', "name its source"),
        ('source = "a page"\n[[fruit]]\nname = "fig"\n', "as_of as a date"),
        ('source = "a page"\nas_of = "2026-01-02"\n[[fruit]]\nname = "fig"\n', "as_of as a date"),
        (ABOUT, "one array of tables"),
        (ABOUT + '[[fruit]]\nname = "fig"\n[[other]]\nname = "x"\n', "one array of tables"),
        (ABOUT + '[[fruit]]\nname = "fig"\n[[fruit]]\nname = "fig"\n', "'fig' stands there twice"),
        (ABOUT + '[[fruit]]\nname = "fig"\ncolour = "red"\n', "unknown field `colour`"),
        (ABOUT + '[[fruit]]\nname = "fig"\ncount = "three"\n', r"\$\[0\]\.count"),
        ("source = \n", "fruit.toml: "),
    ],
)
def test_a_faulty_file_is_refused_by_name(folder: Path, text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as refused:
        read(folder, text)
    assert str(refused.value).startswith("fruit.toml: ")


def test_a_tsv_file_says_the_same_in_comments(folder: Path) -> None:
    path = folder / "fruit.tsv"
    path.write_text("# source: a page\n# as_of: 2026-01-02\nname\tcount\nfig\t3\nplum\t\n", encoding="utf-8")
    seen = load_tsv("fruit.tsv", columns=("name", "count"))
    assert seen.rows == ({"name": "fig", "count": "3"}, {"name": "plum", "count": ""})
    assert seen.as_of == date(2026, 1, 2)
    with pytest.raises(ValueError, match=r"fruit\.tsv: the columns are"):
        load_tsv("fruit.tsv", columns=("name",))
    path.write_text("# source: a page\n# as_of: 2026-01-02\nname\tcount\nfig\n", encoding="utf-8")
    with pytest.raises(ValueError, match="1 cells instead of 2 in the line of 'fig'"):
        load_tsv("fruit.tsv", columns=("name", "count"))
    path.write_text("# source: a page\nname\tcount\nfig\t3\n", encoding="utf-8")
    with pytest.raises(ValueError, match="as_of as a date"):
        load_tsv("fruit.tsv", columns=("name", "count"))


def test_every_table_is_listed_with_source_and_date() -> None:
    tables = all_tables()
    names = [table.name for table in tables]
    assert names == sorted(set(names))
    folder = Path(dated.__file__).parent
    assert {path.name for path in folder.iterdir() if path.suffix in (".toml", ".tsv")} <= set(names)
    assert {"endpoints", "policies"} <= set(names)
    for table in tables:
        assert table.rows > 0
        assert table.source
        assert date(2023, 1, 1) < table.as_of <= TODAY


def test_a_table_older_than_a_year_is_marked() -> None:
    fresh = Table(name="new", source="a page", as_of=TODAY - timedelta(days=365), rows=3)
    stale = Table(name="old", source="a page", as_of=TODAY - timedelta(days=366), rows=4)
    first, second = listing((fresh, stale), TODAY).splitlines()
    assert "STALE" not in first
    assert "365 days" in first
    assert second.split() == ["old", "2025-11-20", "366", "days", "STALE", "4", "rows", "a", "page"]
