"""The benchmark of the readers works at small sizes: every kind of file is taken by the reader that it is made for."""

from benchmarks.guest_readers import KINDS, measure, table
from benchmarks.tables import markdown


def test_every_kind_is_read_by_its_reader() -> None:
    readings = measure(megabytes=0, kinds=tuple(KINDS))
    assert [reading.kind for reading in readings] == list(KINDS)
    for reading in readings:
        assert reading.records > 0, reading.kind
        assert reading.seconds > 0
    assert all(kind in markdown(table(readings)) for kind in KINDS)
