"""What was found inside machines for a person at a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aumdoctor.report.guest import Differential, GuestCure, Guests, Host, Missing, Quote, Source, Verdict
from aumdoctor.report.page import RISKS, Page, sentence
from aumdoctor.report.text import count, printable

_STYLES = {
    "confirmed": "bold red",
    "likely": "red",
    "possible": "yellow",
    "insufficient-evidence": "yellow",
    "ruled-out": "green",
}
_WORDS = {
    "confirmed": "CONFIRMED",
    "likely": "LIKELY",
    "possible": "POSSIBLE",
    "insufficient-evidence": "NOT ENOUGH EVIDENCE",
    "ruled-out": "ruled out",
}
_MEANINGS = {
    0: "nothing that was read shows a known issue of medium severity or worse",
    1: "a known issue of medium severity or worse is confirmed or likely",
    3: "something could not be read, or could not be decided",
}
_AZURES = "Azure shows a finding of medium severity or worse"
_SPEAKS = frozenset({"confirmed", "likely", "possible"})
_SURE = frozenset({"confirmed", "likely"})
_QUOTES_SHOWN = 3
_MISSING_SHOWN = 3
_SOURCES_SHOWN = 8


def render(report: Guests, *, verbose: bool = False, width: int = 80, color: bool = False) -> str:
    """The report as text of at most `width` columns; only what is to be copied may be wider.

    `verbose` shows all evidence, every differential, the scripts of the cures, and every file.
    """
    page = Page(verbose=verbose, width=width, color=color)
    for host in report.hosts:
        _host(page, host, report.known_issues, verbose)
        page.line()
    if report.sources:
        page.line("Files of no machine", "bold")
        _sources(page, report.sources, verbose)
        page.line()
    if not report.hosts and not report.sources:
        page.line("There was nothing to read.", "bold yellow")
        page.line()
    if report.not_touched and verbose:
        page.line(f"Nothing in the evidence touches {', '.join(report.not_touched)}.", "dim")
    page.line(f"Exit code {report.exit_code}: {_meaning(report)}.")
    return page.text


def _meaning(report: Guests) -> str:
    verdicts = [each for host in report.hosts for each in host.verdicts]
    inside = any(each.likelihood in _SURE and each.severity not in ("info", "low") for each in verdicts)
    return _AZURES if report.exit_code == 1 and not inside else _MEANINGS[report.exit_code]


def _host(page: Page, host: Host, known: int, verbose: bool) -> None:
    page.line(printable(host.name) or "This machine", "bold")
    if host.resource_id is not None:
        page.copyable(host.resource_id, 2, "dim")
    told = [printable(host.system)] if host.system else []
    if host.first is not None and host.last is not None:
        told.append(f"evidence from {_time(host.first)} to {_time(host.last)}")
    if told:
        page.line(", ".join(told), "dim", indent=2)
    if host.silent:
        page.line(printable(host.silent), "bold yellow", indent=2)
    if host.apart:
        page.line(f"Not judged with what Azure shows: {sentence(host.apart)}", "bold yellow", indent=2)
    for sentence_ in host.contradictions:
        page.line(sentence(sentence_), "bold yellow", indent=2)
    # A verdict that is ruled out and still has a cure tells of something left over.
    shown = [each for each in host.verdicts if verbose or each.likelihood != "ruled-out" or each.cures]
    for verdict in shown:
        page.line()
        _verdict(page, verdict, verbose)
    if not shown and host.sources:
        page.line()
        _nothing(page, host, known)
    ruled_out = [each for each in host.verdicts if each not in shown]
    if ruled_out:
        page.line()
        page.line(f"Ruled out: {', '.join(f'{each.issue} {each.name}' for each in ruled_out)}.", "green", indent=2)
    if host.azure or host.standing == "unknown":
        page.line()
        page.line(f"What Azure shows of it ({host.standing})", "bold", indent=2)
        for finding in host.azure:
            by = f", explained by {finding.explained_by}" if finding.explained_by else ""
            inside = f", inside: {_WORDS[finding.guest].lower()}" if finding.guest is not None else ""
            page.line(f"{finding.check} {finding.name}: {printable(finding.message)}{by}{inside}", indent=4)
    if host.sources:
        page.line()
        _sources(page, host.sources, verbose)


def _nothing(page: Page, host: Host, known: int) -> None:
    """No issue shows: which is worth as much as could be judged."""
    kinds = dict.fromkeys(each.reader for each in host.sources if each.records)
    evidence = f"evidence: {', '.join(kinds)}" if kinds else "there is no evidence"
    judged = len(host.verdicts)
    if judged:
        page.line(f"No known issue shows in what was read; {judged} of {known} can be judged by it.", indent=2)
    else:
        page.line(f"None of the {known} known issues can be judged by what was read.", "bold yellow", indent=2)
    page.line(f"{evidence[0].upper()}{evidence[1:]}.", "dim", indent=2)


def _verdict(page: Page, verdict: Verdict, verbose: bool) -> None:
    page.styled(
        "  ",
        (_WORDS[verdict.likelihood], _STYLES[verdict.likelihood]),
        "  ",
        (f"{verdict.issue} {verdict.name}", "bold"),
        f"  {verdict.severity}",
    )
    if len(verdict.hosts) > 1:
        page.line(f"on {', '.join(map(printable, verdict.hosts))}", "dim", indent=4)
    page.line(sentence(verdict.said), indent=4)
    _quotes(page, verdict.evidence, verbose, 4)
    for differential in verdict.differentials:
        if verbose or differential.state in _SPEAKS:
            _differential(page, differential, verbose)
    if not verbose:
        _rest(page, "not", verdict, "ruled-out")
        _rest(page, "open", verdict, "insufficient-evidence")
    _missing(page, verdict.missing, verbose, 4)
    for cure in verdict.cures if verbose else verdict.cures[:1]:
        _cure(page, cure, verbose)
    if len(verdict.cures) > 1 and not verbose:
        page.line(f"and {count(len(verdict.cures) - 1, 'more remedy')} (--verbose)", "dim", indent=4)
    for line in verdict.verification if verbose else ():
        page.labelled("after", printable(line))


def _quotes(page: Page, quotes: Sequence[Quote], verbose: bool, indent: int) -> None:
    for quote in quotes if verbose else quotes[:_QUOTES_SHOWN]:
        says = f"{printable(quote.says)}: " if quote.says else ""
        at = f" [{_time(quote.at)}]" if quote.at is not None else ""
        page.line(f"{_place(quote)}{at}: {says}{printable(quote.text)}", "dim", indent=indent)
    if len(quotes) > _QUOTES_SHOWN and not verbose:
        page.line(f"and {len(quotes) - _QUOTES_SHOWN} more (--verbose)", "dim", indent=indent)


def _place(quote: Quote) -> str:
    if quote.record is not None:
        return f"{printable(quote.file)} record {quote.record}"
    return printable(quote.file) if quote.line is None else f"{printable(quote.file)}:{quote.line}"


def _differential(page: Page, each: Differential, verbose: bool) -> None:
    state = _WORDS[each.state].lower()
    page.line(f"reason: {printable(each.name)}, {state}: {printable(each.said)}", indent=4)
    if verbose:
        _quotes(page, each.evidence, verbose, 6)
    _missing(page, each.missing, verbose, 6)


def _rest(page: Page, label: str, verdict: Verdict, state: str) -> None:
    """The differentials of a state that are only named."""
    names = [each.name for each in verdict.differentials if each.state == state]
    if names:
        page.line(f"{label}: {', '.join(map(printable, names))}", "dim", indent=4)


def _missing(page: Page, missing: Sequence[Missing], verbose: bool, indent: int) -> None:
    for each in missing if verbose else missing[:_MISSING_SHOWN]:
        where = f" on {printable(each.on)}" if each.on else ""
        page.line(f"missing: {printable(each.what)}{where}", "yellow", indent=indent)
        if each.command:
            page.copyable(each.command, indent + 2, "bold")
    if len(missing) > _MISSING_SHOWN and not verbose:
        page.line(f"and {len(missing) - _MISSING_SHOWN} more that would tell (--verbose)", "yellow", indent=indent)


def _cure(page: Page, cure: GuestCure, verbose: bool) -> None:
    where = f"; {printable(cure.where)}" if cure.where else ""
    page.labelled("cure", f"{cure.name}: {printable(cure.title)} ({RISKS[cure.risk]}{where})")
    for step in cure.steps if verbose else cure.steps[:2]:
        page.line(f"- {printable(step)}", indent=6)
    for line in cure.az if verbose else cure.az[:1]:
        page.copyable(line, 6, "bold")
    if verbose:
        for label, script in (("run", cure.run), ("verify", cure.verify), ("undo", cure.undo)):
            if script:
                page.line(f"{label}:", "dim", indent=6)
                for line in script.rstrip("\n").split("\n"):
                    page.copyable(line, 8)


def _sources(page: Page, sources: Sequence[Source], verbose: bool) -> None:
    bad = [each for each in sources if each.reading in ("partly", "unreadable")]
    unknown = [each for each in sources if each.reading == "unrecognised"]
    good = [each for each in sources if each.reading == "read"]
    parts = [f"{count(len(good), 'file')} read"]
    parts += [f"{len(unknown)} of no known kind"] if unknown else []
    page.line(f"{', '.join(parts)}.", "dim", indent=2)
    if verbose:
        for each in good:
            page.line(f"{printable(each.file)} ({each.reader}, {count(each.records, 'record')})", "dim", indent=4)
        for each in unknown:
            page.line(f"{printable(each.file)}: of no known kind", "dim", indent=4)
    for each in bad if verbose else bad[:_SOURCES_SHOWN]:
        partly = "read in part" if each.reading == "partly" else "not readable"
        page.line(f"{printable(each.file)}: {partly}: {printable(each.why)}", "yellow", indent=4)
    if len(bad) > _SOURCES_SHOWN and not verbose:
        page.line(f"and {len(bad) - _SOURCES_SHOWN} more (--verbose)", "yellow", indent=4)


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" + (" local time" if at.tzinfo is None else f" {at.tzname()}")
