"""Texts with a known meaning in logs: found fast in large ones, and told once each where one repeats without end.

`signs_in` judges a single line by `knowledge/guest-signs.toml`, `fetch_failures` by the forms in which package managers
tell of downloads that failed. `interesting_lines` gives the few lines of a log that may hold any of it. `Tally` bounds
the number of records.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache, lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import msgspec

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.text import LONGEST_LINE, decode, encoding_of, lines, quoted
from aumdoctor.knowledge import guest_signs
from aumdoctor.model.guest import LogSign, Origin
from aumdoctor.model.redaction import redact

Values = dict[str, str]

MOST_ALIKE = 50
"""Records of the same sign with the same values that stand alone; all further ones are one record with a `count`."""

MOST_DIFFERENT = 200
"""Different values of a sign that are told apart in one log."""

_LONGEST_VALUE = 300
_BEFORE, _AFTER = 400, 1200
_BLOCK = 1 << 20
_MOST_KNOWN = 50_000
_MOST_TEXTS = 500
_LONGEST_KNOWN = 1000
_DIGITS = bytes.maketrans(b"123456789", b"000000000")


class Found(msgspec.Struct, frozen=True):
    """A sign in a line, with its values."""

    sign: str
    values: Values


# --- one line --------------------------------------------------------------------------------------------------------


class _Text(msgspec.Struct, frozen=True):
    text: str
    sign: str
    patterns: tuple[re.Pattern[str], ...]


@cache
def _texts() -> tuple[_Text, ...]:
    return tuple(
        _Text(text, sign.id, patterns)
        for sign in guest_signs.table()
        for patterns in [sign.compiled()]
        for text in sign.contains
    )


@cache
def _texts_at() -> tuple[re.Pattern[str], dict[str, tuple[_Text, ...]]]:
    """One pattern for all texts, and for each text those that begin in the same place where it stands."""
    by_text = {each.text: tuple(other for other in _texts() if each.text.startswith(other.text)) for each in _texts()}
    return re.compile(_tree(by_text)), by_text


def _tree(words: Iterable[str]) -> str:
    """A pattern for words that shares their beginnings: many times faster than one after the other."""
    root: dict[str, Any] = {}
    for word in words:
        node = root
        for letter in word:
            node = node.setdefault(letter, {})
        node[""] = {}
    return _branches(root)


def _branches(node: dict[str, Any]) -> str:
    branches = [re.escape(letter) + _branches(rest) for letter, rest in node.items() if letter]
    if not branches:
        return ""
    together = branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"
    return f"(?:{together})?" if "" in node else together


def signs_in(line: str) -> tuple[Found, ...]:
    """The signs whose texts stand in a line, each with the same values once."""
    return _short_line_signs(line) if len(line) <= _LONGEST_KNOWN else _signs_in(line)


def _signs_in(line: str) -> tuple[Found, ...]:
    pattern, by_text = _texts_at()
    found: dict[tuple[str, tuple[tuple[str, str], ...]], Found] = {}
    match = pattern.search(line)
    # The outputs of whole commands stand on one line at times: it may hold many texts.
    for _ in range(_MOST_TEXTS):
        if match is None:
            break
        for text in by_text[match[0]]:
            values = _values(line, match.start(), text)
            if values is not None:
                found.setdefault((text.sign, tuple(sorted(values.items()))), Found(text.sign, values))
        match = pattern.search(line, match.start() + 1)
    # A pattern that gives no values says no more than one of the same sign that does.
    telling = {sign for sign, values in found if values}
    return tuple(each for (sign, values), each in found.items() if values or sign not in telling)


_short_line_signs = lru_cache(maxsize=4096)(_signs_in)


def _values(line: str, at: int, text: _Text) -> Values | None:
    """The values around a text; None where no pattern of the sign matches there."""
    if not text.patterns:
        return {}
    start, end = max(0, at - _BEFORE), at + len(text.text) + _AFTER
    window = line[start:end]
    for pattern in text.patterns:
        match = pattern.search(window)
        if match is not None:
            return {name: value_of(value) for name, value in match.groupdict().items() if value}
    return None


@lru_cache(maxsize=4096)
def value_of(text: str) -> str:
    """A value as records carry it: short, on one line, without secrets."""
    return redact(text.strip()[:_LONGEST_VALUE]) if text.isprintable() else quoted(text)[:_LONGEST_VALUE]


# --- downloads that failed -----------------------------------------------------------------------------------------


@cache
def _phrases(sign: str) -> tuple[str, ...]:
    found = guest_signs.sign_named(sign)
    return found.phrases if found else ()


@cache
def fetch_texts() -> tuple[str, ...]:
    """What `fetch_failures` looks for."""
    return tuple(each for sign in ("apt", "yum", "zypper") for each in _phrases(f"{sign}-fetch-failed"))


_URL = re.compile(
    r"(?P<url>(?:https?|ftp|mirror\+https?|mirror|tor\+https?)://[^\s\"'\u2019<>\]\[()]{1,500})", re.IGNORECASE
)
_ERRNO = re.compile(r"\((?P<errno>1[01]\d): ")
_PEER = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[\w.-]{1,253})[::](?P<port>\d{1,5})\b")
_RESOLVING = re.compile(
    r"['\"\u2018\u201c\u201e\xab\xbb\u201d]\s?(?P<host>[\w.-]{1,253})\s?['\"\u2019\u201d\u201c\xbb\xab]"
)
_HTTP = re.compile(r"(?:^|\s)(?P<status>[345]\d\d)  ?[A-Z][a-z]")
_CURL = re.compile(r"(?:Curl error \(|curl#)(?P<curl>\d{1,3})")
_STATUS_CODE = re.compile(r"(?:Status code: |HTTPS? Error )(?P<status>\d{3})")
_ERRNO_14 = re.compile(r"\[Errno 1[24]\][^\n]{0,40}\((?P<curl>\d{1,3}), '")
_REPOSITORY = re.compile(
    r"(?:[Rr]epository|repo) ['\"](?P<name>[^'\"]{1,120})['\"]"
    r"|retrieving files from ['\"](?P<medium>[^'\"]{1,120})"
)
_ERRNO_REASONS = {
    101: "unreachable",
    104: "reset",
    110: "timeout",
    111: "refused",
    112: "unreachable",
    113: "unreachable",
}
_CURL_REASONS = {
    5: "proxy", 6: "dns", 7: "refused", 28: "timeout", 35: "tls", 51: "tls-untrusted", 52: "reset", 53: "tls",
    54: "tls", 55: "reset", 56: "reset", 58: "tls-client-expired", 59: "tls", 60: "tls-untrusted", 77: "tls",
    83: "tls-untrusted", 91: "tls-untrusted", 97: "proxy",
}  # fmt: skip
_REASONS = (
    ("proxy-auth", ("407 ", "roxy Authentication Required", "code 407")),
    ("proxy", ("Invalid response from proxy", "from proxy after CONNECT", "resolve proxy", "Tunnel connection failed")),
    ("tls-client-expired", ("rejected your certificate as expired", "alert certificate expired")),
    ("tls-untrusted", (
        "certificate is NOT trusted", "ertificate verification failed", "certificate verify failed",
        "SSL certificate problem",
        "self signed certificate", "self-signed certificate", "peer certificate", "Peer certificate",
    )),
    ("dns", (
        "ould not resolve", "emporary failure resolving", "omething wicked happened resolving", "ouldn't resolve",
        "Name or service not known", "No address associated with hostname",
        "\u89e3\u6c7a\u3067\u304d\u307e\u305b\u3093",
    )),
    ("timeout", ("timed out", "imeout", "timeout", "\u30bf\u30a4\u30e0\u30a2\u30a6\u30c8")),
    ("refused", ("onnection refused", "ouldn't connect to server", "Failed to connect")),
    ("unreachable", ("etwork is unreachable", "o route to host")),
    ("reset", ("onnection reset", "onnection failed [IP", "losed connection", "Empty reply", "Undetermined Error")),
    ("tls", ("SSL connect error", "handshake failed", "SSL_ERROR", "TLS packet", "ssl handshake")),
)  # fmt: skip


def fetch_failures(line: str) -> tuple[Found, ...]:
    """The downloads that failed as a line tells them: `apt-fetch-failed`, `yum-fetch-failed` or `zypper-fetch-failed`.

    One line may tell several where the extension has put the output of a command on one line.
    """
    return _short_line_failures(line) if len(line) <= _LONGEST_KNOWN else _all_failures(line)


def _all_failures(line: str) -> tuple[Found, ...]:
    return tuple(_fetch_failures(line)) if _fetch_pattern().search(line) else ()


_short_line_failures = lru_cache(maxsize=4096)(_all_failures)


@cache
def _fetch_pattern() -> re.Pattern[str]:
    return re.compile(_tree(fetch_texts()))


def _fetch_failures(line: str) -> Iterator[Found]:
    seen: set[tuple[str, ...]] = set()
    for part in _parts(line):
        found = _apt_failure(part) or _curl_failure(part) or _zypper_failure(part)
        if found is None:
            continue
        key = (found.sign, *sorted(found.values.values()))
        if key not in seen and len(seen) < 50:
            seen.add(key)
            yield found


_PART = re.compile(
    r"(?:^|\s)(?=[WE]: )|(?<=\s)(?=- (?:Curl error|Status code))|(?<=\s)(?=(?:Trying other mirror|Problem retr))"
)


def _parts(line: str) -> Iterator[str]:
    """A line that holds a whole output, cut where its lines began."""
    for part in _PART.split(line[:200_000]):
        if part.strip():
            yield part[:4000]


def _apt_failure(part: str) -> Found | None:
    phrase = next((text for text in _phrases("apt-fetch-failed") if text in part), None)
    match = _URL.search(part)
    if phrase is None or match is None:
        return None
    # In some languages the phrase stands behind the address: the reason is what follows both.
    why = (
        part[max(match.end(), part.find(phrase) + len(phrase)) :]
        if part.find(phrase) > match.start()
        else part[match.end() :]
    )
    return Found("apt-fetch-failed", {"manager": "apt", **_address(match["url"]), **_why(why[:600], match["url"])})


def _curl_failure(part: str) -> Found | None:
    if not any(text in part for text in _phrases("yum-fetch-failed")):
        return None
    curl = _CURL.search(part) or _ERRNO_14.search(part)
    status = _STATUS_CODE.search(part)
    if curl is None and status is None and "[Errno 1" not in part:
        return None
    url = _URL.search(part)
    values: Values = {**(_address(url["url"]) if url else {}), **_repository(part)}
    if status is not None:
        values["reason"] = f"http-{status['status']}" if status["status"] != "407" else "proxy-auth"
    else:
        values["reason"] = _reason(part)
        if curl is not None:
            values["curl"] = curl["curl"]
            by_number = _CURL_REASONS.get(int(curl["curl"]), "other")
            # 56 and 58 have several meanings; what stands beside the number tells which.
            if values["reason"] == "other" or by_number in ("dns", "timeout", "tls-untrusted"):
                values["reason"] = by_number
    return Found("yum-fetch-failed", values)


def _zypper_failure(part: str) -> Found | None:
    if not any(text in part for text in _phrases("zypper-fetch-failed")):
        return None
    url = _URL.search(part)
    if url is None and "Problem retrieving files from" not in part and _reason(part) == "other":
        return None
    values: Values = {"manager": "zypper", **(_address(url["url"]) if url else {}), **_repository(part)}
    values["reason"] = "http-404" if "not found on medium" in part else _reason(part)
    if "Permission to access" in part:
        values["reason"] = "http-403"
    return Found("zypper-fetch-failed", values)


def _repository(part: str) -> Values:
    match = _REPOSITORY.search(part)
    return {"repository": value_of(match["name"] or match["medium"])} if match else {}


def _address(url: str) -> Values:
    url = url.rstrip(".,;:")
    shown = value_of(url)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return {"url": shown}
    if not host:
        return {"url": shown}
    return {"url": shown, "host": host, "port": str(port or (443 if "https" in parts.scheme else 80))}


def _reason(text: str) -> str:
    for reason, marks in _REASONS:
        if any(mark in text for mark in marks):
            return reason
    return "other"


def _why(text: str, url: str) -> Values:
    """The reason that apt gives, and which machine it really dialled: another one than the repository is a proxy, or
    a host that the repository led to."""
    own = _address(url)
    values: Values = {"reason": _reason(text)}
    http = _HTTP.search(text)
    if http is not None and values["reason"] == "other":
        values["reason"] = f"http-{http['status']}"
    errno = _ERRNO.search(text)
    if errno is not None:
        values["errno"] = errno["errno"]
        if values["reason"] == "other":
            values["reason"] = _ERRNO_REASONS.get(int(errno["errno"]), "other")
    peer = _PEER.search(text.split("[IP")[0])
    named = _RESOLVING.search(text) if peer is None else None
    if peer is not None:
        values["peer"] = f"{peer['host']}:{peer['port']}"
        values["proxy"] = _is_proxy(peer["host"].strip("[]"), peer["port"], own)
    elif named is not None:
        values["peer"] = named["host"]
        if values["reason"] == "other":
            values["reason"] = "dns"
        values["proxy"] = "no" if named["host"].lower() == own.get("host", "") else "maybe"
    elif values["reason"].startswith("proxy"):
        values["proxy"] = "yes"
    return {name: value_of(value) for name, value in values.items()}


def _is_proxy(host: str, port: str, own: Values) -> str:
    if host.lower().rstrip(".") == own.get("host", "").rstrip("."):
        return "no"
    if port != own.get("port"):
        return "yes"
    try:
        return "yes" if ip_address(host).is_private else "maybe"
    except ValueError:
        return "maybe"


# --- a log -----------------------------------------------------------------------------------------------------------


def interesting_lines(artefact: Artefact, also: Iterable[str] = ()) -> Iterator[tuple[int, bytes]]:
    """The lines of a log that may hold a sign or one of `also`, with their numbers from 1, and between them, with
    the number 0, what was passed over.

    Logs repeat themselves, but for their numbers: each line is looked at once, whatever numbers it has, and remembered
    in bounded memory. Measured with a core.log of 1 GB: see docs/performance.md.
    """
    wanted_texts = tuple(
        dict.fromkeys(
            text.encode().translate(_DIGITS) for text in (*(each.text for each in _texts()), *fetch_texts(), *also)
        )
    )
    wanted: set[bytes] = set()
    boring: set[bytes] = set()
    number = 1
    for block in _blocks(artefact):
        alike = block.translate(_DIGITS).split(b"\n")
        distinct = set(alike)
        new = [line for line in distinct if line not in boring and line not in wanted]
        here = _holding(new, wanted_texts)
        if len(wanted) + len(boring) > _MOST_KNOWN:
            wanted = wanted & distinct
            boring = set()
        wanted |= here
        boring.update(line for line in new if line not in here and len(line) <= _LONGEST_KNOWN)
        if wanted.isdisjoint(distinct):
            yield 0, block
        else:
            raw, passed = block.split(b"\n"), 0
            for index, line in enumerate(alike):
                if line in wanted:
                    if index > passed:
                        yield 0, b"\n".join(raw[passed:index])
                    yield number + index, raw[index]
                    passed = index + 1
            if passed < len(raw):
                yield 0, b"\n".join(raw[passed:])
            wanted = {line for line in wanted if len(line) <= _LONGEST_KNOWN}
        number += len(alike)


def _holding(found: list[bytes], texts: tuple[bytes, ...]) -> set[bytes]:
    if not found:
        return set()
    together = b"\n".join(found)
    here = [text for text in texts if text in together]
    return {line for line in found if any(text in line for text in here)} if here else set()


def _blocks(artefact: Artefact) -> Iterator[bytes]:
    """Whole lines, without the end of the last one. A line without end is cut into pieces that count as lines."""
    if encoding_of(artefact.head).startswith("utf-16"):
        yield from _wide_blocks(artefact)
        return
    with artefact.open() as stream:
        held = b""
        while part := stream.read(_BLOCK):
            held += part
            end = held.rfind(b"\n")
            if end >= 0:
                yield held[:end]
                held = held[end + 1 :]
            elif len(held) >= LONGEST_LINE:
                yield held
                held = b""
        if held:
            yield held


def _wide_blocks(artefact: Artefact) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for _, line in lines(artefact):
        held.append(line.encode("utf-8", "replace"))
        size += len(held[-1])
        if size >= _BLOCK:
            yield b"\n".join(held)
            held, size = [], 0
    if held:
        yield b"\n".join(held)


def line_text(data: bytes) -> str:
    """A line of `interesting_lines` as text."""
    try:
        return data.decode("utf-8").rstrip("\r\0")
    except UnicodeDecodeError:
        return decode(data).rstrip("\r")


# --- how often -------------------------------------------------------------------------------------------------------


class _Count:
    __slots__ = ("further", "last", "seen")

    def __init__(self) -> None:
        self.seen = 0
        self.further = 0
        self.last: tuple[Found, int, datetime | None, str] | None = None


class Tally:
    """Bounds the records of a log: of the same sign with the same values `MOST_ALIKE` stand alone, and of one sign
    `MOST_DIFFERENT` values are told apart. What is beyond comes at the end as one record for each, that of the last
    occurrence, with `count` (occurrences without a record of their own, this one among them) and `last` (its time)."""

    def __init__(self, origin: str) -> None:
        self._file = origin
        self._counts: dict[tuple[str, tuple[tuple[str, str], ...] | None], _Count] = {}
        self._different: dict[str, int] = {}

    def signs(self, found: Iterable[Found], *, line: int, at: datetime | None, text: str) -> Iterator[LogSign]:
        """Records of signs in a line, as far as they are still to stand alone."""
        for each in found:
            key = (each.sign, tuple(sorted(each.values.items())))
            count = self._counts.get(key)
            if count is None:
                if self._different.get(each.sign, 0) >= MOST_DIFFERENT:
                    count = self._counts.setdefault((each.sign, None), _Count())
                    count.seen = MOST_ALIKE
                else:
                    self._different[each.sign] = self._different.get(each.sign, 0) + 1
                    count = self._counts[key] = _Count()
            count.seen += 1
            if count.seen > MOST_ALIKE:
                count.further += 1
                count.last = (each, line, at, text[:_LONGEST_KNOWN])
            else:
                yield self._record(each, line, at, text)

    def rest(self) -> Iterator[LogSign]:
        """Records for what did not stand alone."""
        for count in self._counts.values():
            if count.last is not None:
                record = self._record(*count.last)
                values = {**record.values, "count": str(count.further)}
                if record.at is not None:
                    values["last"] = record.at.isoformat()
                yield msgspec.structs.replace(record, values=values)

    def _record(self, found: Found, line: int, at: datetime | None, text: str) -> LogSign:
        return LogSign(
            origin=Origin(self._file, line=line), at=at, text=quoted(text), sign=found.sign, values=found.values
        )
