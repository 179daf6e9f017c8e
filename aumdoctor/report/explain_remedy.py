"""A remedy as plain text: what it does, what it may bring about, what it cures and how it is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aumdoctor.checks.check import Check
from aumdoctor.knowledge.guest_cures import CURES
from aumdoctor.remedies.catalogue import BY_NAME
from aumdoctor.remedies.in_guest import Row, rows
from aumdoctor.remedies.plan import ONLY_WHEN_NAMED
from aumdoctor.remedies.remedy import RemedyKind, Risk
from aumdoctor.report.explanation import fill, listed

_SYSTEMS = {"linux": "Linux", "windows": "Windows", None: "Linux and Windows"}
_RISKS = {
    Risk.SAFE: "safe",
    Risk.CONSENT: "needs consent",
    Risk.DISRUPTIVE: "disruptive",
    Risk.PRIVILEGE: "grants a privilege",
    Risk.COST: "costs money",
    Risk.ADVICE: "for a person: there is no script and no request",
}
_PAGE = "docs/guest-remedies.md"


def remedy_names() -> tuple[str, ...]:
    """Every remedy: those of the catalogue, and those inside a machine that are steps for a person."""
    return tuple(sorted({*BY_NAME, *(row.name for row in rows())}))


def match_remedy(wanted: str) -> str | None:
    """The remedy of a name, in any case, or None."""
    return next((name for name in remedy_names() if name == wanted.strip().casefold()), None)


def of_remedy(name: str, checks: Sequence[Check], width: int) -> str:
    """A remedy in full; `checks` are all checks, of which some may name it."""
    inside = [row for row in rows() if row.name == name]
    kind = BY_NAME.get(name)
    first = kind or inside[0]
    does = (kind.build.__doc__ or "") if kind is not None and not any(row.script for row in inside) else ""
    parts = [
        name,
        fill(f"{first.title}. {_gravity(kind, inside)}.", width),
        *([fill(" ".join(does.split()), width)] if does else []),
        *(part for row in inside for part in _of_row(row, width)),
        *listed("Cures", _cured(name, checks), width),
        *listed("How", list(_how(name, kind)), width),
        *listed("In the portal", [kind.portal] if kind is not None and kind.portal else [], width),
        *listed("See also", [f"{_PAGE}#{_anchor(row)}" for row in inside], width),
        *listed("Source", list(dict.fromkeys(row.source for row in inside)), width),
    ]
    return "\n\n".join(parts).replace("`", "") + "\n"


def _gravity(kind: RemedyKind | None, inside: Sequence[Row]) -> str:
    if kind is None:
        risk = inside[0].risk
        steps = _RISKS[Risk.ADVICE]
        return steps.capitalize() if risk is Risk.ADVICE else f"{_RISKS[risk].capitalize()}; {steps}"
    if kind.risk is Risk.ADVICE:
        return _RISKS[kind.risk].capitalize()
    way_back = "reversible, by aumdoctor undo" if kind.reversible else "not reversible"
    return f"Risk: {_RISKS[kind.risk]}; {way_back}"


def _of_row(row: Row, width: int) -> Iterator[str]:
    system = _SYSTEMS[row.system]
    yield from listed(
        f"What it changes ({system})", [f"{each.what}: {each.before} -> {each.after}" for each in row.changes], width
    )
    where = [f"To be done {row.where}."] if row.where else []
    yield from listed(f"{'Notes' if row.script else 'Steps'} ({system})", [*where, *row.steps], width)


def _cured(name: str, checks: Sequence[Check]) -> list[str]:
    """The checks that name a remedy, and the issues of the guest that do."""
    names = {check.id: check.name for check in checks}
    cured = {check.id for check in checks if name in check.remedies} | set(CURES.get(name, ()))
    if not cured <= names.keys():
        from aumdoctor.guest.issues.registry import ISSUES

        names = {issue.id: issue.name for issue in ISSUES} | names
    return [f"{each} {names[each]}" for each in sorted(cured)]


def _how(name: str, kind: RemedyKind | None) -> Iterator[str]:
    if kind is None or kind.risk is Risk.ADVICE:
        if kind is not None:
            yield "aumdoctor plan -v shows the steps for each finding"
        return
    if name in ONLY_WHEN_NAMED:
        yield f"only when named: aumdoctor plan --remedy {name} -o plan.json, aumdoctor apply plan.json"
        yield "on machines where nothing was found that it cures: name them as well, --machine NAME"
    elif kind.risk is Risk.SAFE:
        yield "aumdoctor plan -o plan.json plans it, aumdoctor apply plan.json makes it"
    else:
        yield f"aumdoctor plan --remedy {name} -o plan.json plans it, aumdoctor apply plan.json makes it"
    yield f"the rights that it takes: aumdoctor permissions --remedy {name}"


def _anchor(row: Row) -> str:
    """The heading's anchor on the page of remedies inside a machine."""
    return f"{row.name}-{_SYSTEMS[row.system].lower().replace(' ', '-')}"
