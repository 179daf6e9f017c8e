import io
import sys

import pytest

from aumdoctor.cli.progress import reporter


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, *, quiet: bool) -> str:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stream)
    with reporter(quiet=quiet) as progress:
        progress.stage("virtual machines", 3, None)
        progress.stage("virtual machines", 5, 10)
        progress.note("throttled by Azure: waiting 3 s [red]\x1b[2J")
    return stream.getvalue()


def test_a_person_at_a_terminal_sees_stages_and_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = told(monkeypatch, Terminal(), quiet=False)
    assert "virtual machines" in shown
    assert "waiting 3 s [red]\\x1b[2J" in shown


@pytest.mark.parametrize(("stream", "quiet"), [(io.StringIO(), False), (Terminal(), True)])
def test_nobody_else_is_told(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, quiet: bool) -> None:
    assert told(monkeypatch, stream, quiet=quiet) == ""
