"""The report for a person at a terminal: the counts, then each root cause with its cure, then what is not known."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich.table import Table
from rich.text import Text

from aumdoctor.checks.registry import CHECKS
from aumdoctor.model import ids
from aumdoctor.report.page import STYLES, Page, sentence
from aumdoctor.report.result import Diagnosis, Finding, Report
from aumdoctor.report.text import count, printable

_NAMES_SHOWN = 3
_ROWS_SHOWN = 10


def render(report: Report, *, verbose: bool = False, width: int = 80, color: bool = False) -> str:
    """The report as text of at most `width` columns; only command lines may be longer, so that they can be copied.

    `verbose` adds the evidence of every finding and every cure. With `color` the text carries ANSI escapes.
    """
    page = _Page(report, verbose, width, color)
    page.summary()
    page.diagnoses()
    page.not_known()
    page.closing()
    return page.text


class _Page(Page):
    """Writes the parts of a report."""

    def __init__(self, report: Report, verbose: bool, width: int, color: bool) -> None:
        super().__init__(verbose=verbose, width=width, color=color)
        self._report = report
        self._machine_names = {ids.key(machine.resource_id): machine.name for machine in report.machines}
        self._subscription_names = {each.id.lower(): each.name or each.id for each in report.subscriptions}
        self._by_root: dict[str, list[Finding]] = defaultdict(list)
        for finding in report.findings:
            self._by_root[finding.explained_by or finding.check].append(finding)

    def summary(self) -> None:
        report, summary = self._report, self._report.summary
        if report.interrupted:
            self.line("Interrupted: what follows is only what had been read by then.", "bold yellow")
        if not summary.machines:
            why = "No machine was read" if report.gaps else "No machine in scope"
            self.line(f"{why}: nothing was judged. This is not a clean bill of health.", "bold yellow")
        elif summary.patchable == summary.machines:
            everyone = "The machine is" if summary.machines == 1 else f"All {summary.machines:,} machines are"
            self.line(f"{everyone} patchable.", "bold green")
        else:
            stopped = f"{summary.blocked:,} of {count(summary.machines, 'machine')}"
            self.line(f"{stopped} {'is' if summary.blocked == 1 else 'are'} blocked from being patched.", "bold")
            for number, word, style in (
                (summary.patchable, "patchable", "green"),
                (summary.blocked, "blocked", "red"),
                (summary.unknown, "unknown", "yellow"),
            ):
                self.line(f"{number:>7,} {word}", style if number else "dim", indent=2)
        self._coverage()
        seen = f"{report.collected_at:%Y-%m-%d %H:%M} UTC"
        looked_at = f"{count(len(report.subscriptions), 'subscription')}, {count(len(report.checks), 'check')}"
        self.line(f"aumdoctor {report.tool.version}: {looked_at}, {seen}", "dim")
        if len(report.checks) < len(CHECKS):
            asked = f"Only {len(report.checks)} of {len(CHECKS)} checks were asked"
            self.line(f"{asked}; the others might say otherwise.", "yellow")
        if report.diagnoses:
            self.line()
            self.line("Root causes", "bold")
            self._root_causes()

    def _coverage(self) -> None:
        coverage = self._report.summary.coverage
        if not coverage.answers_unknown and not self._report.gaps:
            if self._report.summary.machines:
                self.line(f"Everything was read: {count(coverage.answers_expected, 'question')} answered.", "dim")
            return
        if not coverage.answers_unknown:
            self.line("Every question about what was seen was answered; not all of the scope was seen.", "yellow")
            return
        # Rounded down, so that 99.99 % never reads as everything.
        percent = int(coverage.percent * 10) / 10
        answered = f"{percent:.1f} % of {count(coverage.answers_expected, 'question')} answered"
        gaps = ""
        if coverage.subscriptions_with_gaps:
            total = count(coverage.subscriptions, "subscription")
            gaps = f", {coverage.subscriptions_with_gaps} of {total} not read whole"
        self.line(f"{answered}{gaps}.", "yellow")

    def _root_causes(self) -> None:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(overflow="fold")
        for diagnosis in self._report.diagnoses:
            table.add_row(
                Text(diagnosis.cause),
                Text(diagnosis.severity, style=STYLES[diagnosis.severity]),
                Text(_weight(diagnosis)),
                Text(printable(diagnosis.name)),
            )
        self.indented(table)
        curable = [each for each in self._report.diagnoses if each.cure and each.severity != "info"]
        by_order = sorted(curable, key=lambda diagnosis: diagnosis.cure_order)
        if len(by_order) > 1:
            first = by_order if self._verbose else by_order[:_ROWS_SHOWN]
            more = f" and {len(by_order) - len(first)} more" if len(first) < len(by_order) else ""
            self.line(f"Cure in this order: {', '.join(diagnosis.cause for diagnosis in first)}{more}", indent=2)

    def diagnoses(self) -> None:
        """The diagnoses in full: the first of them, or with `verbose` all."""
        found = self._report.diagnoses
        shown = found if self._verbose else found[:_ROWS_SHOWN]
        for diagnosis in shown:
            self.diagnosis(diagnosis)
        if len(shown) < len(found):
            self.line()
            self.line(f"and {count(len(found) - len(shown), 'more root cause')}, as listed above (--verbose)")

    def diagnosis(self, diagnosis: Diagnosis) -> None:
        self.line()
        self.styled(
            (f"{diagnosis.cause} {printable(diagnosis.name)}", "bold"),
            "  ",
            (diagnosis.severity, STYLES[diagnosis.severity]),
            f", {_weight(diagnosis)}",
        )
        self.line(sentence(diagnosis.message), indent=2)
        self.labelled("on", self._names(diagnosis.machines or diagnosis.resource_ids))
        if diagnosis.symptoms:
            named = (f"{symptom.check} {symptom.name} ({symptom.count:,})" for symptom in diagnosis.symptoms)
            self.labelled("explains", printable(", ".join(named)))
        cures = diagnosis.cure if self._verbose else diagnosis.cure[:1]
        whose = f", for {self._names(diagnosis.resource_ids[:1])}" if len(diagnosis.resource_ids) > 1 else ""
        for cure in cures:
            self.cure(cure, whose)
        if len(cures) < len(diagnosis.cure):
            titles = ", ".join(cure.title for cure in diagnosis.cure[len(cures) :])
            self.line(f"and: {printable(titles)} (--verbose)", "dim", indent=4)
        if self._verbose:
            for finding in sorted(self._by_root[diagnosis.cause], key=_below_its_cause):
                self._finding(finding)

    def _finding(self, finding: Finding) -> None:
        self.line()
        symptom = " (a symptom)" if finding.explained_by else ""
        self.line(f"{finding.check} {printable(self._name(finding.resource_id))}{symptom}", indent=4)
        self.copyable(finding.resource_id, 6, "dim")
        self.line(sentence(finding.message), indent=6)
        self.evidence(finding.evidence, indent=6)
        # A symptom goes with its cause, so only the cause's own call is worth copying.
        for line in (line for cure in finding.remedies[:1] for line in cure.az if not finding.explained_by):
            self.copyable(line, 6, "bold")

    def not_known(self) -> None:
        self._gaps()
        asked = [unknown for unknown in self._report.unknowns if not unknown.by_choice]
        reasons = Counter((u.fact, u.reason, u.missing_permission) for u in asked)
        if reasons:
            self.line()
            self.line("Not known", "bold")
            for (fact, reason, permission), number in self._first(reasons.most_common(), "reason"):
                needs = f"; needs {printable(permission)}" if permission else ""
                self.line(f"{fact}: {printable(reason)}{needs} ({count(number, 'question')})", indent=2)
        left_out = len(self._report.unknowns) - len(asked)
        if left_out:
            self.line()
            depth = printable(self._report.scope.depth)
            self.line(f"{count(left_out, 'question')} not asked at --depth {depth}.", "dim")

    def _gaps(self) -> None:
        if not self._report.gaps:
            return
        self.line()
        self.line("Not read", "bold yellow")
        grouped: dict[tuple[Any, ...], list[str]] = defaultdict(list)
        for gap in self._report.gaps:
            answer = " ".join(str(part) for part in (gap.status, gap.code) if part is not None)
            grouped[(gap.operation, answer, gap.message, gap.missing_permission)].append(gap.scope)
        for (operation, answer, message, permission), scopes in self._first(list(grouped.items()), "gap"):
            where = self._names(scopes)
            self.line(f"{printable(operation)} in {where}: {printable(answer)}".rstrip(": "), indent=2)
            for line in (message, f"needs {permission}" if permission else ""):
                if line:
                    self.line(printable(line), "dim", indent=4)

    def _first(self, rows: list[Any], noun: str) -> Iterable[Any]:
        shown = rows if self._verbose else rows[:_ROWS_SHOWN]
        yield from shown
        if len(shown) < len(rows):
            self.line(f"and {count(len(rows) - len(shown), f'more {noun}')} (--verbose)", indent=2)

    def closing(self) -> None:
        report = self._report
        self.line()
        hidden = sum(msgspec.structs.astuple(report.summary.findings)) - len(report.findings)
        if hidden:
            self.line(f"{count(hidden, 'finding')} below {report.min_severity} not shown.", "dim")
        self.line(f"Exit code {report.exit_code}: {_exit_meaning(report)}.")
        if report.diagnoses and not self._verbose:
            first = report.diagnoses[0].cause
            self.line(f"Next: aumdoctor explain {first} says more; --verbose shows the evidence and every cure.", "dim")
        elif report.diagnoses:
            self.line("-o json carries each cure in Bicep and Terraform, too, where it is a state.", "dim")

    def _names(self, resource_ids: Sequence[str]) -> str:
        shown = resource_ids if self._verbose else resource_ids[:_NAMES_SHOWN]
        named = ", ".join(printable(self._name(resource_id)) for resource_id in shown)
        more = len(resource_ids) - len(shown)
        return f"{named} and {more:,} more" if more else named

    def _name(self, resource_id: str) -> str:
        """A machine or subscription by its name, a provider with its subscription, else the last part of the id."""
        known = self._machine_names.get(ids.key(resource_id))
        if known is not None:
            return known
        parsed = ids.parse(resource_id)
        if parsed.type and "/" not in parsed.type:
            return f"{parsed.type} in {self._subscription_names.get(parsed.subscription.lower(), parsed.subscription)}"
        if parsed.subscription and not parsed.resource_group and not parsed.type:
            return self._subscription_names.get(parsed.subscription.lower(), parsed.subscription)
        return ids.name_of(resource_id) or "the whole scope"


def _below_its_cause(finding: Finding) -> tuple[str, bool, str]:
    about = finding.explained_by_resource or finding.resource_id
    return ids.key(about), finding.explained_by is not None, finding.check


def _weight(diagnosis: Diagnosis) -> str:
    if diagnosis.machines:
        return count(len(diagnosis.machines), "machine")
    return count(len(diagnosis.resource_ids), "resource")


def _exit_meaning(report: Report) -> str:
    at_threshold = f"findings at or above {report.fail_on}"
    if report.exit_code == 130:
        return "interrupted before everything was read"
    if report.exit_code == 1:
        return at_threshold + (", and something could not be read" if report.gaps else "")
    if report.exit_code == 3:
        return "something in scope could not be read, so health is not proved"
    if not report.summary.machines:
        return "no machine in scope"
    return "findings never fail the command" if report.fail_on == "never" else f"no {at_threshold}"
