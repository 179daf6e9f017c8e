import re
from collections.abc import Callable

import msgspec
import pytest
from rich.cells import cell_len

from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Severity
from aumdoctor.report import table
from aumdoctor.report.page import Page
from aumdoctor.report.result import Evidence, Report
from tests.builders import azure_vm, estate

ReportOn = Callable[..., Report]


def test_a_page_of_80_columns_reads_as_it_was_reviewed(
    ill_report: Report, matches_golden: Callable[[str, str], None]
) -> None:
    matches_golden("table.txt", table.render(ill_report))


def test_a_verbose_page_reads_as_it_was_reviewed(
    ill_report: Report, matches_golden: Callable[[str, str], None]
) -> None:
    matches_golden("table-verbose.txt", table.render(ill_report, verbose=True, width=100))


@pytest.mark.parametrize("width", [40, 80, 120])
def test_only_what_is_copied_is_wider_than_the_page(ill_report: Report, width: int) -> None:
    page = table.render(ill_report, width=width, verbose=True)
    wider = [line for line in page.splitlines() if cell_len(line) > width]
    assert wider
    copied = ("az ", "/subscriptions/", "PATCH /", "POST /")
    assert all(line.strip().startswith(copied) or " " not in line.strip() for line in wider)


def test_an_id_or_path_that_is_wider_than_the_page_is_not_broken() -> None:
    path = "properties.extensionProperties." + "inGuestPatchMode" * 5
    observed = f"/subscriptions/0/resourceGroups/{'rg-before-move' * 5}"
    page = Page(verbose=True, width=80, color=False)
    page.evidence(
        [Evidence(path=path, observed=observed, expected=None, resource_id="", observed_at=None, source="graph")],
        indent=6,
    )
    page.line(f"It still points to {observed} and nowhere else.", indent=2)
    words = page.text.split()
    assert f"{path}:" in words
    assert words.count(observed) == 2
    assert all(cell_len(line) <= 80 for line in page.text.splitlines() if len(line.split()) > 1)


def test_a_command_line_is_one_line(ill_report: Report) -> None:
    (command,) = ill_report.diagnoses[0].cure[0].az
    assert len(command) > 80
    assert f"    {command}\n" in table.render(ill_report, width=80)


def test_the_counts_come_before_the_causes(ill_report: Report) -> None:
    page = table.render(ill_report)
    parts = [
        "8 machines",
        "1 patchable",
        "6 blocked",
        "1 unknown",
        "Root causes",
        "AUM018 ext",
        "Not read",
        "Exit code",
    ]
    positions = [page.index(part) for part in (parts[0], *(f" {part}" for part in parts[1:4]), *parts[4:])]
    assert positions == sorted(positions)


def test_the_order_of_cure_is_named_where_there_is_one(ill_report: Report, report_on: ReportOn) -> None:
    assert "Cure in this order: AUM045, AUM018" in table.render(ill_report)
    alone = table.render(report_on(estate(azure_vm(allow_extension_operations=False))))
    assert "Cure in this order" not in alone


def test_a_verbose_page_shows_the_requests_themselves(ill_report: Report) -> None:
    (call,) = ill_report.diagnoses[0].cure[0].calls
    request = f"PATCH {call.path}?api-version={call.api_version} "
    assert request in table.render(ill_report, verbose=True)
    assert request not in table.render(ill_report)


def test_a_healthy_estate_is_called_so(report_on: ReportOn) -> None:
    page = table.render(report_on(estate(azure_vm("vm-1"), azure_vm("vm-2")), exit_code=0))
    assert "All 2 machines are patchable." in page
    assert "Everything was read" in page
    assert "Exit code 0: no findings at or above high." in page


def test_an_empty_scope_is_not_called_healthy(report_on: ReportOn) -> None:
    page = table.render(report_on(estate(), exit_code=0))
    assert "No machine in scope" in page
    assert "patchable" not in page


def test_an_interrupted_scan_says_so_first(report_on: ReportOn) -> None:
    page = table.render(report_on(estate(azure_vm(), interrupted=True), exit_code=130))
    assert page.index("Interrupted") < page.index("patchable")
    assert "Exit code 130: interrupted" in page


def test_what_min_severity_hides_is_counted(ill_estate: Estate, report_on: ReportOn) -> None:
    page = table.render(report_on(ill_estate, min_severity=Severity.HIGH))
    assert "5 findings below high not shown." in page
    assert "6 blocked" in page


@pytest.mark.parametrize(
    "evil", ["\x1b[2J\x1b]0;owned\x07", "\x9b31m", "a\r\nExit code 0", "\u202egnp.exe", "[red]x[/red]"]
)
@pytest.mark.parametrize("color", [False, True])
def test_a_name_from_azure_cannot_steer_the_terminal(report_on: ReportOn, evil: str, color: bool) -> None:
    vm = azure_vm(f"vm{evil}", allow_extension_operations=False)
    page = table.render(report_on(estate(vm)), verbose=True, color=color)
    without_styles = re.sub(r"\x1b\[[0-9;]*m", "", page) if color else page
    assert all(line.isprintable() for line in without_styles.split("\n"))
    assert not any(line.startswith("Exit code 0") for line in without_styles.split("\n"))
    if evil.startswith("["):
        assert evil in without_styles


def test_colour_is_off_unless_asked_for(ill_report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b" not in table.render(ill_report)
    assert "\x1b[" in table.render(ill_report, color=True)


def test_a_permission_that_is_missing_is_named(ill_report: Report) -> None:
    page = " ".join(table.render(ill_report).split())
    assert "needs Microsoft.Compute/virtualMachines/read" in page
    assert "needs Microsoft.Maintenance/maintenanceConfigurations/read" in page


def test_many_gaps_are_folded(ill_report: Report) -> None:
    gap = ill_report.gaps[0]
    many = tuple(msgspec.structs.replace(gap, code=f"Code{number}") for number in range(25))
    page = table.render(msgspec.structs.replace(ill_report, gaps=many))
    assert "and 15 more gaps (--verbose)" in page
    assert page.count("list maintenance configurations") == 10
