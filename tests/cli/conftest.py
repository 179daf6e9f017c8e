"""The command line as a user calls it: in a folder of its own, without variables of the person who runs the tests."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from aumdoctor.cli.app import main
from aumdoctor.model.estate import Estate
from aumdoctor.store.estates import save


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in [name for name in os.environ if name.startswith("AUMDOCTOR_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    def call(*arguments: str) -> Ended:
        code = main(arguments)
        streams = capsys.readouterr()
        return Ended(code, streams.out, streams.err)

    return call


@pytest.fixture
def replay(run: Callable[..., Ended], tmp_path: Path) -> Callable[..., Ended]:
    """Scan an estate that was saved before."""

    def call(seen: Estate, *arguments: str) -> Ended:
        save(tmp_path / "estate.json.zst", seen)
        return run("scan", "--from", str(tmp_path / "estate.json.zst"), *arguments)

    return call
