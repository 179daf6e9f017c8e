import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aumdoctor import __version__

Run = Callable[..., Any]


def test_the_version(run: Run) -> None:
    assert run("--version") == (0, f"aumdoctor {__version__}\n", "")


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ("scan", "--help"), ("explain", "-h"), ("checks", "-h")])
def test_help_ends_with_0(run: Run, arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)
    assert ended.code == 0
    assert "Usage: aumdoctor" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 100


@pytest.mark.parametrize("arguments", [(), ("checks",), ("demo",)])
def test_a_group_alone_shows_its_help_and_ends_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)
    assert ended.code == 2
    assert "Commands:" in ended.out


def test_a_mistyped_command_names_the_nearest(run: Run) -> None:
    ended = run("explian")
    assert ended.code == 2
    assert "explain" in ended.err


HEAVY = ("azure", "aiohttp", "duckdb", "cryptography", "pydantic")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["explain", "AUM018"],
        ["explain", "0x8024402C"],
        ["explain", "clear-wsus-pointer"],
        ["explain", "nonsense"],
        ["--version"],
    ],
)
def test_what_is_offline_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; from aumdoctor.cli.app import main; main(sys.argv[1:]);"
        "loaded = {name.partition('.')[0] for name in sys.modules};"
        f"heavy = loaded & set({HEAVY!r}); assert not heavy, heavy"
    )
    ended = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_a_replay_needs_neither_the_sdk_nor_the_network(tmp_path: Path) -> None:
    from aumdoctor.store.estates import save
    from tests.builders import azure_vm, estate

    save(tmp_path / "estate.json", estate(azure_vm()))
    program = (
        "import sys; from aumdoctor.cli.app import main; main(['scan', '--from', 'estate.json']);"
        "assert not {'azure', 'aiohttp'} & {name.partition('.')[0] for name in sys.modules}"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr


def test_a_reader_that_has_gone_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m aumdoctor checks list -o json | head -n 1; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert ended.stdout.splitlines()[-1] == "0"
    assert ended.stderr == ""


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("checks list >/dev/full", "No space left on device"),
        ("scan --help >/dev/full", "No space left on device"),
        ("checks list >&-", "it is closed"),
    ],
)
def test_a_standard_output_that_takes_nothing_is_a_clear_error(words: str, why: str) -> None:
    command = f"{sys.executable} -m aumdoctor {words}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    first, second = ended.stderr.splitlines()
    assert first == f"error: cannot write to standard output: {why}"
    assert second.startswith("next step: ")


def test_a_terminal_that_cannot_show_a_character_does_not_end_the_command(tmp_path: Path) -> None:
    from aumdoctor.store.estates import save
    from tests.builders import azure_vm, estate

    save(tmp_path / "estate.json", estate(azure_vm("サーバー", allow_extension_operations=False)))
    ended = subprocess.run(
        [sys.executable, "-m", "aumdoctor", "scan", "--from", str(tmp_path / "estate.json")],
        capture_output=True,
        check=False,
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
    )
    assert ended.returncode in (1, 3), ended.stderr
    assert b"\\u30b5" in ended.stdout
