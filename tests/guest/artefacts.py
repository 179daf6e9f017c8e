"""Artefacts made of bytes."""

from io import BytesIO

from aumdoctor.guest.artefact import Artefact


def artefact(path: str, content: bytes | str, siblings: tuple[str, ...] = ()) -> Artefact:
    """An artefact that holds `content` (text is written as UTF-8)."""
    data = content.encode() if isinstance(content, str) else content
    return Artefact(path=path, head=data[:4096], size=len(data), open=lambda: BytesIO(data), siblings=siblings)
