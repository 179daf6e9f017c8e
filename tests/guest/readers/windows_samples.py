"""Helpers of the tests of Windows readers."""

from pathlib import Path
from typing import TypeVar

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.readers.command_outputs import COMMAND_OUTPUTS, command_records
from aumdoctor.model.guest import Record
from tests.guest.artefacts import artefact

SAMPLES = Path(__file__).parents[1] / "samples" / "windows"

R = TypeVar("R", bound=Record)


def sample(name: str) -> Artefact:
    return artefact(name, (SAMPLES / name).read_bytes())


def records(text: str) -> list[Record]:
    """Records of a transcript."""
    return list(command_records(enumerate(text.splitlines(), start=1), "out.txt"))


def of(kind: type[R], text: str) -> list[R]:
    """Records of one kind of a transcript."""
    return [record for record in records(text) if isinstance(record, kind)]


def of_sample(kind: type[R], name: str) -> list[R]:
    found = sample(name)
    assert COMMAND_OUTPUTS.recognises(found)
    return [record for record in COMMAND_OUTPUTS.read(found) if isinstance(record, kind)]
