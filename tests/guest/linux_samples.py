"""The samples of Linux, and what readers make of them."""

from pathlib import Path

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.reader import Reader
from aumdoctor.model.guest import LogSign, Record
from tests.guest.artefacts import artefact

SAMPLES = Path(__file__).parent / "samples" / "linux"


def sample(path: str) -> Artefact:
    file = SAMPLES / path
    siblings = tuple(sorted(each.name for each in file.parent.iterdir()))
    return artefact(path, file.read_bytes(), siblings)


def records(reader: Reader, path: str, content: bytes | str) -> list[Record]:
    return list(reader.read(artefact(path, content)))


def signs(found: list[Record], *names: str) -> list[LogSign]:
    return [each for each in found if isinstance(each, LogSign) and (not names or each.sign in names)]


def names(found: list[Record]) -> set[str]:
    return {each.sign for each in signs(found)}
