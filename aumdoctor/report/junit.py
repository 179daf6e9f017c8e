"""A gate as JUnit XML, which every CI system shows: a suite for each window, a case for each machine in it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET  # only written here, never parsed

from aumdoctor.report.gate import Gate, Obstacle, WindowVerdict
from aumdoctor.report.text import printable

# XML 1.0 has no way to write these, not even escaped.
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(gate: Gate) -> str:
    """The verdict as a JUnit document.

    A machine that is blocked fails where that counts, and is skipped where the window is too far away for it or where
    it is only switched off as yet. One of which something is unknown is an error: unknown is not passed. What is wrong
    with a window as a whole, or with the gate, is a case of its own.
    """
    root = ET.Element("testsuites", name="aumdoctor gate")
    _counted(root, [_window(root, judged) for judged in gate.windows] + [_whole(root, gate)])
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


_Counts = dict[str, int]


def _window(root: ET.Element, judged: WindowVerdict) -> _Counts:
    name = f"{judged.window.schedule.name} {judged.window.starts_at:%Y-%m-%dT%H:%MZ}"
    suite = ET.SubElement(root, "testsuite", name=_text(name))
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    counting = judged.phase in ("due", "open") and judged.verdict == "no-go"
    for obstacle in judged.blocked:
        _case(suite, name, obstacle, "failure" if counting and obstacle.counts else "skipped", counts)
    for obstacle in judged.unknown:
        _case(suite, name, obstacle, "error", counts)
    for obstacle in judged.off:
        _case(suite, name, obstacle, "skipped", counts)
    # The machines that are ready are counted, not named: a schedule may have three thousand.
    if judged.ready:
        counts["tests"] += 1
        word = "machine is" if judged.ready == 1 else "machines are"
        ET.SubElement(suite, "testcase", classname=_text(name), name=f"{judged.ready} {word} ready")
    _counted(suite, [counts])
    for note in judged.notes:
        ET.SubElement(suite, "system-out").text = _text(note)
    return counts


def _case(suite: ET.Element, window: str, obstacle: Obstacle, kind: str, counts: _Counts) -> None:
    case = ET.SubElement(suite, "testcase", classname=_text(window), name=_text(obstacle.machine.name))
    about = f"{obstacle.check} {obstacle.name}: {obstacle.message}"
    found = ET.SubElement(case, kind, message=_text(about))
    if kind != "skipped":
        found.set("type", obstacle.check)
    lines = [obstacle.machine.resource_id]
    lines += [f"missing permission: {obstacle.missing_permission}"] if obstacle.missing_permission else []
    found.text = _text("\n".join(lines))
    counts["tests"] += 1
    counts[{"failure": "failures", "error": "errors", "skipped": "skipped"}[kind]] += 1


def _whole(root: ET.Element, gate: Gate) -> _Counts:
    """The suite of what is about no machine: the verdict itself, schedules without windows, what could not be seen."""
    suite = ET.SubElement(root, "testsuite", name="aumdoctor gate")
    counts = {"tests": 1, "failures": 0, "errors": 0, "skipped": 0}
    case = ET.SubElement(suite, "testcase", classname="aumdoctor gate", name="verdict")
    if gate.verdict == "no-go":
        ET.SubElement(case, "failure", message=_text(gate.said), type=gate.verdict)
        counts["failures"] += 1
    elif gate.verdict == "unknown":
        reasons = [*gate.blind, *(f"{each.schedule.name}: {each.reason}" for each in gate.unreadable)]
        ET.SubElement(case, "error", message=_text(gate.said), type=gate.verdict).text = _text("\n".join(reasons))
        counts["errors"] += 1
    ET.SubElement(case, "system-out").text = _text(f"{gate.verdict}: {gate.said}")
    _counted(suite, [counts])
    return counts


def _counted(element: ET.Element, counts: list[_Counts]) -> None:
    for name in ("tests", "failures", "errors", "skipped"):
        element.set(name, str(sum(each[name] for each in counts)))


def _text(text: str) -> str:
    return _IMPOSSIBLE.sub("\ufffd", "\n".join(printable(line) for line in text.split("\n")))
