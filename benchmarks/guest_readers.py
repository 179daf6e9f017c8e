"""What it takes to read the artefacts of machines: how many megabytes a second, and how much memory, reader by reader.

`python -m benchmarks.guest_readers --megabytes 1024 --only core-log` reads a gigabyte of the log of the Linux patch
extension.
"""

from __future__ import annotations

import argparse
import gzip
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.tables import Table, markdown

_SAMPLES = Path(__file__).parent.parent / "tests/guest/samples"

_EVTX_HEADER, _EVTX_CHUNK = 4096, 65536


class Reading(NamedTuple):
    """`seconds` of wall time from opening the file to the last record, `peak` the process's largest resident size and
    `base` that before the file was opened, in bytes."""

    kind: str
    size: int
    records: int
    seconds: float
    peak: int
    base: int


class _Answer(msgspec.Struct):
    reader: str
    records: int
    seconds: float
    peak: int
    base: int


def _repeated(samples: str, *, skip: int = 0) -> Callable[[Path, int], None]:
    """A file that is these samples again and again; the first `skip` bytes (a byte order mark) once."""

    def write(path: Path, size: int) -> None:
        data = b"".join(sample.read_bytes() for sample in sorted(_SAMPLES.glob(samples)))
        body = data[skip:]
        body = body if body.endswith((b"\n", b"\n\0")) else body + b"\n"
        with path.open("wb") as file:
            file.write(data[:skip])
            for _ in range(max(1, size // len(body))):
                file.write(body)

    return write


def _event_log(path: Path, size: int) -> None:
    """An event log of many chunks, which are those of a sample."""
    data = gzip.decompress((_SAMPLES / "events/system-first-chunks.evtx.gz").read_bytes())
    header, chunks = data[:_EVTX_HEADER], data[_EVTX_HEADER:]
    times = max(1, size // len(chunks))
    count = min(times * len(chunks) // _EVTX_CHUNK, 0xFFFF)
    with path.open("wb") as file:
        file.write(header[:42] + count.to_bytes(2, "little") + header[44:])
        for _ in range(times):
            file.write(chunks)


def _exported(path: Path, size: int) -> None:
    """What `wevtutil qe /f:xml` prints: events one after the other, without an element around them."""
    text = (_SAMPLES / "events/system-selected-events.xml").read_text()
    events = (text[text.index("<Event ") : text.rindex("</Event>")] + "</Event>\n").encode()
    with path.open("wb") as file:
        for _ in range(max(1, size // len(events))):
            file.write(events)


KINDS: dict[str, tuple[str, Callable[[Path, int], None]]] = {
    "core-log": ("1.core.log", _repeated("linux/*/log/*.core.log")),
    "ext-log": (
        "2026-11-21_08-57-07_Enable.ext.log",
        _repeated("linux/*/log/*.ext.log"),
    ),
    "evtx": ("System.evtx", _event_log),
    "event-xml": ("System.xml", _exported),
    "event-text": ("events.txt", _repeated("events/event-4625-eventviewer-ja.txt")),
    "reporting-events": ("ReportingEvents.log", _repeated("windows/ReportingEvents.log", skip=2)),
    "windows-update-extension-log": (
        "WindowsUpdateExtension.log",
        _repeated("windows/WindowsUpdateExtension-8024402c.log"),
    ),
    "command-outputs": ("reg.txt", _repeated("windows/reg-query-wsus.txt")),
    "probe": ("probe.jsonl", _repeated("runcommand/probe-linux-healthy.jsonl")),
}
"""Each reader of what can be large, with the name and the maker of its file."""


def measure(*, megabytes: int = 64, kinds: Sequence[str] = tuple(KINDS)) -> list[Reading]:
    """Each kind of file at this size, read in a process of its own that keeps no record."""
    readings: list[Reading] = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            name, write = KINDS[kind]
            path = Path(folder) / name
            write(path, megabytes << 20)
            command = [sys.executable, "-m", "benchmarks.guest_readers", "--read", str(path)]
            told = subprocess.run(command, check=True, capture_output=True).stdout
            answer = msgspec.json.decode(told, type=_Answer)
            if answer.reader != kind:
                raise RuntimeError(f"{name} was taken by {answer.reader or 'no reader'}, not by {kind}")
            size = path.stat().st_size
            readings.append(Reading(kind, size, answer.records, answer.seconds, answer.peak, answer.base))
            path.unlink()
    return readings


def _read(path: Path) -> _Answer:
    # Only here: the measuring process loads no reader.
    from aumdoctor.guest.artefact import Artefact
    from aumdoctor.guest.opening import artefacts
    from aumdoctor.guest.readers.registry import READERS

    base = _resident()
    started = time.perf_counter()
    count, name = 0, ""
    for each in artefacts([path]):
        reader = next((one for one in READERS if one.recognises(each)), None) if isinstance(each, Artefact) else None
        if reader is not None and isinstance(each, Artefact):
            name = reader.name
            count += sum(1 for _ in reader.read(each))
    return _Answer(name, count, time.perf_counter() - started, _resident(), base)


def _resident() -> int:
    """The largest resident size of this process so far, in bytes; 0 where the system does not tell (Windows)."""
    try:
        import resource
    except ImportError:
        return 0
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


def table(readings: Sequence[Reading]) -> Table:
    rows = [
        (
            reading.kind,
            f"{reading.size / 1e6:,.0f}",
            f"{reading.records:,}",
            f"{reading.seconds:.2f}",
            f"{reading.size / 1e6 / reading.seconds:,.0f}" if reading.seconds else "",
            f"{reading.peak / 1e6:,.0f}",
        )
        for reading in readings
    ]
    return Table(
        "Reading the artefacts of machines",
        ("reader", "MB", "records", "s", "MB/s", "peak MB"),
        rows,
        (
            "Files are samples again and again, each read once by a process of its own, whose peak it is.",
            "Target: 1 GB of core.log in under 30 s with under 200 MB.",
        ),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guest_readers", description="Measure the readers.")
    parser.add_argument("--megabytes", type=int, default=64, help="the size of each file")
    parser.add_argument("--only", choices=KINDS, action="append", help="this reader; may be repeated")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.read:
        print(msgspec.json.encode(_read(options.read)).decode())
        return 0
    print(markdown(table(measure(megabytes=options.megabytes, kinds=options.only or tuple(KINDS)))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
