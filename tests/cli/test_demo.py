"""The embedded Azure as a newcomer meets it: by command only."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

Run = Callable[..., Any]
COMMAND = [sys.executable, "-m", "aumdoctor"]


def test_a_newcomer_scans_the_demo_and_is_told_causes(run: Run, monkeypatch: Any) -> None:
    ended = run("scan", "--demo", "--depth", "quick", "-o", "json", "--checks", "AUM018,AUM045")
    report = json.loads(ended.out)
    assert ended.code == 1
    assert ended.err == ""
    assert report["summary"]["machines"] == 500
    assert {found["cause"] for found in report["diagnoses"]} == {"AUM018", "AUM045"}
    assert "AUMDOCTOR_ACCESS_TOKEN" not in os.environ


def test_the_demo_refuses_another_azure(run: Run) -> None:
    ended = run("scan", "--demo", "--tenant", "contoso")
    assert ended.code == 2
    assert "--tenant does nothing together with --demo" in ended.err


def test_what_serve_prints_is_enough_to_reach_it() -> None:
    with subprocess.Popen([*COMMAND, "demo", "serve", "--machines", "20"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        told = ""
        while "Ctrl-C" not in told:
            line = server.stdout.readline()
            assert line, "the server ended early"
            told += line
        exported = dict(re.findall(r"(AUMDOCTOR_\w+)=(\S+)", told))
        environment = {**os.environ, **exported}
        scan = [*COMMAND, "scan", "--all-subscriptions", "-o", "json", "--fail-on", "never", "--depth", "quick"]
        ended = subprocess.run(scan, capture_output=True, text=True, check=False, env=environment)
        assert ended.returncode in (0, 3), ended.stderr
        assert json.loads(ended.stdout)["summary"]["machines"] == 20
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0


def test_a_port_that_is_taken_is_named(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("demo", "serve", "--machines", "2", "--port", str(port))
    assert ended.code == 2
    assert f"cannot listen on port {port}" in ended.err
