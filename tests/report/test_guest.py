from datetime import UTC, datetime

from aumdoctor.diagnosis.guest import diagnose
from aumdoctor.guest.issues.registry import ISSUES
from aumdoctor.model.guest import (
    Case,
    Differential,
    Host,
    Likelihood,
    LogSign,
    Missing,
    OperatingSystem,
    Origin,
    Quote,
    Reading,
    Source,
    Verdict,
)
from aumdoctor.report import guest_table
from aumdoctor.report.guest import Guests, guests_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LOG = Origin("logs/5.core.log", 166)
FILE = Source(file="logs/5.core.log", reading=Reading.READ, reader="core-log", size=4_000, records=2)


def quote(text: str = "W: Failed to fetch http://archive", says: str = "a list was not fetched") -> Quote:
    return Quote(origin=LOG, text=text, says=says, at=NOW, host="vm-1")


def verdict(issue: str = "AUM024", likelihood: Likelihood = Likelihood.CONFIRMED, **changes) -> Verdict:
    known = next(each for each in ISSUES if each.id == issue)
    given = {
        "said": "the package manager does not get its lists",
        "hosts": ("vm-1",),
        "evidence": (quote(),),
        **changes,
    }
    return Verdict(issue=issue, name=known.name, title=known.title, likelihood=likelihood, **given)


def report(*verdicts: Verdict, sources: tuple[Source, ...] = (FILE,), loose: tuple[Source, ...] = ()) -> Guests:
    records = (
        OperatingSystem(origin=LOG, at=NOW, family="linux", distribution="ubuntu", version="22.04"),
        LogSign(origin=LOG, at=NOW, sign="apt-fetch-failed"),
    )
    case = Case(hosts=(Host(name="vm-1", records=records, sources=sources),), sources=loose)
    return guests_of(diagnose(case, verdicts), loose, ISSUES, generated_at=NOW)


WHOLE = report(
    verdict(
        differentials=(
            Differential(name="name resolution", state=Likelihood.CONFIRMED, said="the name is not resolved"),
            Differential(name="proxy", state=Likelihood.INSUFFICIENT, said="whether one is set is not known"),
            Differential(name="TLS", state=Likelihood.RULED_OUT, said="nothing speaks for it"),
        ),
        missing=tuple(Missing(what=f"thing {number}", command=f"look {number}") for number in range(4)),
        evidence=tuple(quote(f"line {number}") for number in range(5)),
        remedies=("open-linux-repositories", "assess-now"),
        verification=("sudo apt-get update",),
    ),
    verdict("AUM023", Likelihood.POSSIBLE, remedies=("restart-auto-assess-timer",)),
    verdict("AUM019", Likelihood.RULED_OUT, said="sudo works"),
    sources=(FILE, Source(file="logs/x.evtx", reading=Reading.UNREADABLE, why="damaged")),
    loose=(Source(file="logs/photo.jpg", reading=Reading.UNRECOGNISED),),
)


def test_the_page_reads_as_it_was_reviewed(matches_golden) -> None:
    matches_golden("guest.txt", guest_table.render(WHOLE))


def test_the_verbose_page_reads_as_it_was_reviewed(matches_golden) -> None:
    matches_golden("guest-verbose.txt", guest_table.render(WHOLE, verbose=True))


def test_the_exit_code() -> None:
    assert report(verdict()).exit_code == 1
    assert report(verdict(likelihood=Likelihood.LIKELY)).exit_code == 1
    assert report(verdict(likelihood=Likelihood.POSSIBLE)).exit_code == 3
    assert report(verdict(likelihood=Likelihood.INSUFFICIENT)).exit_code == 3
    assert report(verdict(likelihood=Likelihood.RULED_OUT)).exit_code == 0
    assert report().exit_code == 3


def test_what_is_of_low_severity_is_told_and_does_not_fail() -> None:
    shown = report(verdict("AUM102"))
    assert shown.exit_code == 0
    assert "CONFIRMED  AUM102 linux-eula-or-uefi-settings  info" in guest_table.render(shown)


def test_a_file_that_could_not_be_read_is_no_health() -> None:
    assert report(sources=(FILE, Source(file="x.evtx", reading=Reading.PARTLY, why="cut off"))).exit_code == 3
    assert report(sources=(), loose=(Source(file="x.jpg", reading=Reading.UNRECOGNISED),)).exit_code == 3


def test_it_says_how_much_could_be_judged() -> None:
    page = guest_table.render(report(verdict(likelihood=Likelihood.RULED_OUT)))
    assert (
        f"No known issue shows in what was read; 1 of {len(ISSUES)} can be judged by it.\n  Evidence: core-log." in page
    )
    page = guest_table.render(report())
    assert f"None of the {len(ISSUES)} known issues can be judged by what was read." in page
    damaged = report(sources=(Source(file="x.gz", reading=Reading.UNREADABLE, why="cut off"),))
    assert "No known issue shows" not in guest_table.render(damaged)


def test_a_machine_that_was_not_asked_is_named_and_is_no_file() -> None:
    off = Case(hosts=(Host(name="vm-off"),))
    shown = guests_of(
        diagnose(off, []), (), ISSUES, generated_at=NOW, silent={"vm-off": "not asked: it is deallocated"}
    )
    page = guest_table.render(shown)
    assert page.startswith("vm-off\n  not asked: it is deallocated\n")
    assert "file" not in page
    assert "No known issue" not in page
    assert shown.exit_code == 3


def test_what_is_ruled_out_and_left_over_is_shown_with_its_cure() -> None:
    left = verdict(
        "WS003", Likelihood.RULED_OUT, said="SendExtraRecord is 2 for nothing", remedies=("reset-send-extra-record",)
    )
    page = guest_table.render(report(left))
    assert "ruled out  WS003" in page
    assert "reset-send-extra-record" in page


def test_issues_that_nothing_touches_are_named() -> None:
    assert "WS004" in WHOLE.not_touched
    assert "AUM024" not in WHOLE.not_touched
