"""The coming windows as an iCalendar file (RFC 5545), which Outlook and others open."""

from __future__ import annotations

from datetime import UTC
from hashlib import sha256

from icalendar import Calendar, Event

from aumdoctor.report.text import count, printable
from aumdoctor.report.windows import Coming, Windows

_NAMED_AT_MOST = 20


def render(report: Windows) -> str:
    """One event a window, in lines that end in CRLF, and in UTC, so that no calendar has to know Windows' time zones.

    The same window keeps its UID: a calendar that imports a later file changes the event and does not double it.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//aumdoctor//aumdoctor//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Azure Update Manager windows")
    for coming in report.windows:
        calendar.add_component(_event(coming, report))
    text: str = calendar.to_ical().decode("utf-8")
    return text


def _event(coming: Coming, report: Windows) -> Event:
    window = coming.window
    event = Event()
    identity = f"{window.schedule.resource_id.lower()}|{window.starts_at:%Y%m%dT%H%M%SZ}"
    event.add("uid", f"{sha256(identity.encode()).hexdigest()[:32]}@aumdoctor")
    event.add("dtstamp", report.generated_at.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", window.starts_at.astimezone(UTC))
    event.add("dtend", window.ends_at.astimezone(UTC))
    state = f", {len(coming.blocked)} blocked" if coming.blocked else ""
    state += f", {len(coming.unknown)} unknown" if coming.unknown else ""
    event.add("summary", f"Patching {printable(window.schedule.name)}: {count(coming.machines, 'machine')}{state}")
    event.add("description", _description(coming, report))
    event.add("categories", ["Azure Update Manager"])
    # The time is not taken in the calendar of whoever looks at it.
    event.add("transp", "TRANSPARENT")
    return event


def _description(coming: Coming, report: Windows) -> str:
    window = coming.window
    lines = [
        f"Ready at {report.collected_at:%Y-%m-%d %H:%M} UTC: {coming.ready} of {count(coming.machines, 'machine')}.",
        f"Local start: {window.local_start} ({printable(window.schedule.time_zone or 'no time zone')}), "
        f"every {printable(window.schedule.recur_every or '(once)')}, {window.minutes} min.",
    ]
    for what, machines in (("Blocked", coming.blocked), ("Unknown", coming.unknown)):
        if machines:
            names = ", ".join(printable(machine.name) for machine in machines[:_NAMED_AT_MOST])
            more = f" and {len(machines) - _NAMED_AT_MOST} more" if len(machines) > _NAMED_AT_MOST else ""
            lines.append(f"{what}: {names}{more}.")
    lines.append(printable(window.schedule.resource_id))
    return "\n".join(lines)
