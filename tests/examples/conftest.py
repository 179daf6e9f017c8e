"""The examples run against an embedded Azure, with the command line as installed."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aumdoctor.demo.server import DemoServer, run_in_thread

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def azure() -> Iterator[DemoServer]:
    with run_in_thread(machines=60) as server:
        yield server


@pytest.fixture
def environment(azure: DemoServer) -> dict[str, str]:
    """Variables that point `aumdoctor` at the embedded Azure, and none of the person who runs the tests."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AUMDOCTOR")}
    return {
        **own,
        "AUMDOCTOR_ACCESS_TOKEN": azure.token,
        "AUMDOCTOR_AUTH": "token",
        "AUMDOCTOR_CLOUD": "custom",
        "AUMDOCTOR_ARM_ENDPOINT": azure.endpoint,
        "AUMDOCTOR_AUTHORITY": "login.microsoftonline.com",
        "AUMDOCTOR_CA_BUNDLE": azure.ca_file,
    }


@pytest.fixture
def call(environment: dict[str, str], tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run a program in an empty folder; keyword arguments are further variables."""

    def run(*words: str | Path, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(word) for word in words],
            cwd=tmp_path,
            env={**environment, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    return run
