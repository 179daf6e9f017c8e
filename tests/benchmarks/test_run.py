"""The benchmark command works, at small sizes: each table is there and says what its name promises."""

import re

import pytest

from aumdoctor.checks.registry import CHECKS
from benchmarks import each_check, full_scan, start_up
from benchmarks.run import TABLES, main
from benchmarks.tables import Table, markdown


def numbers(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("| ").split("|")]


def test_help_and_explain_import_neither_the_sdk_nor_aiohttp() -> None:
    for measured in start_up.measure(repeats=1):
        assert not {"azure", "aiohttp"} & set(measured.imported), measured.command
        assert measured.wall > 0


def test_a_quick_scan_asks_azure_about_no_machine_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "requests", "--quick"]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("| 50 "))
    machines, graph, per_machine, *_ = numbers(row)
    assert (machines, per_machine) == ("50", "0")
    assert int(graph) > 0


def test_a_full_scan_asks_about_every_vm_and_the_loop_is_measured_on_few() -> None:
    quick, full, loop = full_scan.measure(vms=12, loop_over=6, latency_ms=1)
    assert (quick.requests.instance_views, full.requests.instance_views >= full.vms) == (0, True)
    assert loop.measured_vms < loop.vms
    assert loop.requests.total > loop.vms
    assert loop.cost.wall > 0


def test_judging_is_measured_on_machines_that_have_findings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "judging", "--quick"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"judge a machine.*\| +50 machines, [1-9]\d* findings \| +[1-9]\d* \|", told)


def test_every_check_is_measured_and_the_dearest_come_first() -> None:
    costs = each_check.measure(machines=60)
    assert {cost.check for cost in costs} == {check.id for check in CHECKS}
    altogether = [cost.microseconds * cost.asked for cost in costs]
    assert altogether == sorted(altogether, reverse=True)


def test_a_gate_asks_about_each_machine_once_and_about_the_rest_as_often_as_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--only", "gate", "--quick"]) == 0
    rows = [numbers(line) for line in capsys.readouterr().out.splitlines() if line.startswith(("| 5 ", "| 10 "))]
    assert [(machines, per_machine) for machines, _, per_machine, *_ in rows] == [("5", "5"), ("10", "10")]
    assert rows[0][1::2][:2] == rows[1][1::2][:2], "Resource Graph, other ARM"


def test_a_plan_is_applied_without_a_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "apply", "--quick"]) == 0
    rows = [numbers(line) for line in capsys.readouterr().out.splitlines() if line.startswith(("| plan ", "| apply "))]
    assert [(command, machines, done, refused) for command, machines, done, _, refused, *_ in rows] == [
        ("plan", "3", "0", "0"),
        ("apply", "3", "3", "0"),
    ]


def test_windows_are_reckoned_from_the_texts_of_schedules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "occurrences", "--quick"]) == 0
    (row,) = [numbers(line) for line in capsys.readouterr().out.splitlines() if line.startswith("| 50 ")]
    assert int(row[2].replace(",", "")) > 50


def test_every_table_can_be_asked_for_by_name() -> None:
    scanning = {"start-up", "demo", "full-scan", "requests", "judging", "checks"}
    assert set(TABLES) == scanning | {"dynamic-scopes", "occurrences", "gate", "apply", "guest-readers"}
    with pytest.raises(SystemExit):
        main(["--only", "start"])


def test_a_table_is_aligned() -> None:
    shown = markdown(Table("Sizes", ("what", "µs"), [("one", "1"), ("many more", "1,000")], ("A note.",)))
    assert shown == (
        "## Sizes\n\n"
        "| what      |    µs |\n"
        "| --------- | ----: |\n"
        "| one       |     1 |\n"
        "| many more | 1,000 |\n"
        "\nA note.\n"
    )
