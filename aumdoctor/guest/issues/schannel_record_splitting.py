"""WS003: after MS12-006, SCOM 2007 R2 and its Unix/Linux agents no longer understand each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issue import issue
from aumdoctor.guest.issues.event_facts import gap, number_of, squeezed, texts_of
from aumdoctor.model.guest import (
    Differential,
    Event,
    InstalledUpdate,
    Likelihood,
    LogSign,
    Missing,
    OperatingSystem,
    Quote,
    Record,
    RegistryValue,
    UpdateEvent,
    Verdict,
)

_ID = "WS003"
_NAME = "schannel-record-splitting"
_TITLE = "SCOM 2007 R2 loses its Unix/Linux agents after MS12-006 (SendExtraRecord)"

_SCHANNEL = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
_SETUP = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Microsoft Operations Manager\3.0\Setup"
_VERSIONS = ("ServerVersion", "CurrentVersion", "ManagementServerVersion", "UIVersion", "AgentVersion")

_PATCHES = frozenset({"KB2585542", "KB2638806"})
"""The updates of MS12-006: for Windows Vista to Server 2008 R2, and for Windows XP and Server 2003."""

_WITH_FIX = frozenset({"KB2626076", "KB2783850"})
"""Cumulative Update 6 of SCOM 2007 R2, and 7, which holds it."""

_R2 = (6, 1, 7221)
_CU6 = 99
"""The last part of the version after Cumulative Update 6."""

_LAST_BUILD = 7601
"""Windows Server 2008 R2, the last on which SCOM 2007 R2 has its management servers."""

_AFTER_THE_PATCH = timedelta(days=3)

_KB = re.compile(r"(?i)\bKB\s?([0-9]{6,7})\b")
_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,6})\.(\d{1,6})")
_HTTP_501 = re.compile(r"(?i)HTTP[^\n]{0,60}(?<!\d)501(?!\d)")

_HEARTBEATS = tuple(
    squeezed(text) for text in ("Unix Heartbeat Monitor", "Unix ハートビート モニタ", "UNIX/Linux Heartbeat")
)
_FAILURES = tuple(squeezed(text) for text in ("Heartbeat Failure", "ハートビート エラー"))
_UNIX = tuple(squeezed(text) for text in ("Unix", "Linux", "Cross Platform"))

_READ_VALUE = r'reg query "HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL" /v SendExtraRecord'
_READ_SCOM = r'reg query "HKLM\SOFTWARE\Microsoft\Microsoft Operations Manager\3.0\Setup"'
_READ_UPDATES = 'powershell -Command "Get-HotFix | Sort-Object InstalledOn"'
_READ_ERRORS = (
    'wevtutil qe "Operations Manager" /c:200 /rd:true /f:text "/q:*[System[(Level=1 or Level=2 or Level=3)]]"'
)
_READ_AGENT = "winrm identify -r:https://<agent>:1270 -u:<user> -auth:basic -skipcacheck -skipcncheck -encoding:utf-8"


class _Product(StrEnum):
    """SCOM 2007 R2 on the machine. FIXED: with Cumulative Update 6 or later. UNFIXED: known to be older. R2: that it is
    there is known, its update is not."""

    ABSENT = "absent"
    FIXED = "fixed"
    UNFIXED = "unfixed"
    R2 = "r2"
    UNKNOWN = "unknown"


class _Symptoms(msgspec.Struct, frozen=True, kw_only=True):
    """What the monitoring complains of: answers with HTTP 501 from agents, and heartbeats of Unix machines that fail.
    `follow_the_patch` where the first heartbeat failed within days of the installation of the patch."""

    http_501: tuple[Record, ...] = ()
    heartbeats: tuple[Record, ...] = ()
    follow_the_patch: bool = False

    @property
    def any(self) -> bool:
        return bool(self.http_501 or self.heartbeats)


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """All that counts. `setting` is SendExtraRecord: 0 where it is not set, None where nobody looked."""

    product: _Product
    patch: Record | None
    setting: int | None
    symptoms: _Symptoms
    records: tuple[Record, ...] = ()


@issue(
    id=_ID,
    name=_NAME,
    title=_TITLE,
    source="System Center support blog (Japan): heartbeat failures of Unix/Linux agents after MS12-006; KB2626076; "
    "KB2643584",
    seed="002: MS12-006 and Unix/Linux agents",
)
def schannel_record_splitting(evidence: Evidence, all_hosts: Sequence[Evidence]) -> Verdict | None:
    r"""Schannel splits encrypted records since MS12-006, which the Unix/Linux agents of SCOM 2007 R2 do not understand.

    ## Why it matters
    A SCOM 2007 R2 management server talks to its Unix and Linux agents with SSL. With MS12-006 (KB2585542; KB2638806 on
    Windows Server 2003) it loses them: the Unix heartbeat monitor turns critical, and the discovery of new agents fails
    with HTTP status 501 from WS-Management. Cumulative Update 6 (KB2626076) mends it.

    Until then people set `SendExtraRecord` to 2. That turns the splitting off for all of the machine's encrypted
    traffic, and with it the protection of TLS 1.0 against BEAST: a workaround that has to go once the update is there,
    and that is easily forgotten.

    ## What to do
    Install Cumulative Update 6 of SCOM 2007 R2, then set `SendExtraRecord` to 0, its default, and restart. Where the
    update has to wait, set it to 2 on the management server for the time being.

    ## When it is wrong
    That KB2585542 is not listed proves nothing: later updates of Schannel replace it. Heartbeats of Unix machines that
    fail without a 501, and not right after the patch, mostly have another cause: the agent or its certificate, sudo, or
    port 1270. Systems this old are beyond what Update Manager supports.
    """
    seen = _look(evidence)
    if seen is None:
        return None
    likelihood, state, said, remedies = _judged(seen)
    if _is_unsupported(evidence):
        said += ". Update Manager does not support this system: it cannot patch it"
    is_over = likelihood is Likelihood.RULED_OUT and not remedies
    return Verdict(
        issue=_ID,
        name=_NAME,
        title=_TITLE,
        likelihood=likelihood,
        said=said,
        hosts=(evidence.name,),
        evidence=tuple(_evidence(evidence, seen)),
        missing=tuple(_missing(evidence, seen)) if likelihood is not Likelihood.RULED_OUT else (),
        differentials=tuple(_differentials(evidence, seen)) if seen.symptoms.any else (),
        remedies=remedies,
        verification=() if is_over else _VERIFICATION,
        details={"state": state, "send_extra_record": "" if seen.setting is None else str(seen.setting)},
    )


_VERIFICATION = (
    f"SendExtraRecord is 0 or not there: {_READ_VALUE}",
    "The Unix heartbeat monitors are healthy",
    "The discovery wizard finds and adds a Unix/Linux agent without HTTP status 501",
    "The machine was restarted after the value had been changed",
)


def _look(evidence: Evidence) -> _Seen | None:
    """All that counts; None where nothing of it touches the issue."""
    product, about = _product(evidence)
    value = evidence.registry(_SCHANNEL, "SendExtraRecord")
    setting = _setting(value)
    patch = _patch(evidence)
    symptoms = _symptoms(evidence, patch)
    if product in (_Product.ABSENT, _Product.UNKNOWN) and setting != 2 and not symptoms.any:
        return None
    return _Seen(
        product=product,
        patch=patch,
        setting=setting,
        symptoms=symptoms,
        records=tuple(each for each in (*about, value) if each is not None),
    )


_Judged = tuple[Likelihood, str, str, tuple[str, ...]]

_CURE = ("install-scom-cu6", "set-send-extra-record")
_RESET = ("reset-send-extra-record",)


def _judged(seen: _Seen) -> _Judged:
    """Likelihood, state, sentence, remedies."""
    if seen.product is _Product.ABSENT:
        if seen.setting == 2:
            return (
                Likelihood.RULED_OUT,
                "hardening",
                "SCOM 2007 R2 is not on this machine; but SendExtraRecord is 2, which weakens TLS 1.0 for nothing",
                _RESET,
            )
        return Likelihood.RULED_OUT, "not-applicable", "SCOM 2007 R2 is not on this machine", ()
    if seen.product is _Product.UNKNOWN:
        if seen.setting == 2:
            return (
                Likelihood.INSUFFICIENT,
                "workaround-of-unknown-use",
                "SendExtraRecord is 2, which weakens TLS 1.0; whether SCOM 2007 R2 is here and needs it is not known",
                (),
            )
        return (
            Likelihood.INSUFFICIENT,
            "symptoms-only",
            f"{_of(seen.symptoms)}; whether this is a management server of SCOM 2007 R2 is not known",
            (),
        )
    if seen.product is _Product.FIXED:
        return _judged_with_fix(seen)
    return _judged_without_fix(seen)


def _judged_with_fix(seen: _Seen) -> _Judged:
    if seen.setting == 2:
        return (
            Likelihood.CONFIRMED,
            "left-over-workaround",
            "Cumulative Update 6 is installed, and SendExtraRecord is still 2: the workaround was left over, and "
            "weakens TLS 1.0",
            _RESET,
        )
    if seen.setting is None:
        return (
            Likelihood.INSUFFICIENT,
            "fixed",
            "Cumulative Update 6 is installed; whether the workaround was taken back is not known",
            (),
        )
    more = f"; {_of(seen.symptoms)}, which has another cause" if seen.symptoms.any else ""
    return Likelihood.RULED_OUT, "clean", f"Cumulative Update 6 is installed and no workaround is left{more}", ()


def _judged_without_fix(seen: _Seen) -> _Judged:
    is_sure = seen.product is _Product.UNFIXED
    product = "SCOM 2007 R2 lacks Cumulative Update 6" if is_sure else "SCOM 2007 R2 is there, its update is not known"
    if seen.setting == 2:
        if seen.symptoms.any:
            said = f"{product}; SendExtraRecord is 2 and still {_of(seen.symptoms)}: another cause, or no restart since"
            return Likelihood.INSUFFICIENT, "worked-around", said, ()
        if is_sure:
            said = f"{product}, and SendExtraRecord is 2: worked around, at the price of a weaker TLS 1.0"
            return Likelihood.LIKELY, "worked-around", said, _CURE[:1]
        said = f"{product}; SendExtraRecord is 2: worked around, or left over"
        return Likelihood.INSUFFICIENT, "worked-around", said, ()
    patched = "MS12-006 is installed" if seen.patch is not None else "whether MS12-006 is in is not known"
    setting = "not known" if seen.setting is None else str(seen.setting)
    whole = f"{product}, {patched}, SendExtraRecord is {setting}"
    if not seen.symptoms.any:
        if seen.patch is None or not is_sure:
            return Likelihood.INSUFFICIENT, "exposed", f"{whole}; no complaint about Unix/Linux agents was found", ()
        return Likelihood.POSSIBLE, "exposed", f"{whole}: it loses its Unix/Linux agents, if it has any", _CURE
    whole = f"{whole}; {_of(seen.symptoms)}"
    if not is_sure or seen.setting is None:
        return Likelihood.POSSIBLE, "affected", whole, _CURE
    if not seen.symptoms.http_501:
        if seen.symptoms.follow_the_patch:
            return Likelihood.LIKELY, "affected", f"{whole}, right after the patch", _CURE
        return Likelihood.POSSIBLE, "affected", f"{whole}, without HTTP 501: mostly that has another cause", _CURE
    return (Likelihood.CONFIRMED if seen.patch is not None else Likelihood.LIKELY), "affected", whole, _CURE


def _of(symptoms: _Symptoms) -> str:
    found = []
    if symptoms.http_501:
        found.append("an agent answered with HTTP status 501")
    if symptoms.heartbeats:
        found.append("heartbeats of Unix/Linux agents failed")
    return " and ".join(found)


def _product(evidence: Evidence) -> tuple[_Product, tuple[Record, ...]]:
    """SCOM 2007 R2 on this machine, and the records that say so."""
    for update in _updates(evidence):
        if _kbs(update) & _WITH_FIX:
            return _Product.FIXED, (update,)
    versions = [
        (version, value)
        for name in _VERSIONS
        if (value := evidence.registry(_SETUP, name)) is not None
        and value.exists
        and (version := _version(str(value.value))) is not None
    ]
    if versions:
        return _by_version(versions)
    looked = evidence.registry(_SETUP, "ServerVersion")
    if looked is not None and not looked.exists and not looked.name:
        return _Product.ABSENT, (looked,)
    if (build := _build(evidence)) is not None and build[0] > _LAST_BUILD:
        return _Product.ABSENT, (build[1],)
    # The SDK and configuration services are on management servers only, and of SCOM 2012 or later as well.
    service = evidence.service("HealthService")
    if service is not None and not service.exists:
        return _Product.ABSENT, (service,)
    return _Product.UNKNOWN, ()


def _by_version(versions: Sequence[tuple[tuple[int, ...], RegistryValue]]) -> tuple[_Product, tuple[Record, ...]]:
    newest, value = max(versions, key=lambda each: each[0])
    if newest[:3] > _R2:
        return _Product.ABSENT, (value,)
    if newest[:3] < _R2:
        return _Product.ABSENT, (value,)
    if newest[3] >= _CU6:
        return _Product.FIXED, (value,)
    # Cumulative updates do not always raise the version in the registry: 0 is what the release itself wrote.
    return (_Product.UNFIXED if newest[3] else _Product.R2), (value,)


def _version(text: str) -> tuple[int, ...] | None:
    found = _VERSION.search(text[:100])
    return tuple(int(part) for part in found.groups()) if found else None


def _build(evidence: Evidence) -> tuple[int, Record] | None:
    systems = [each for each in evidence.of(OperatingSystem) if each.build is not None]
    newest = max(systems, key=lambda each: each.build or 0, default=None)
    return None if newest is None else (newest.build or 0, newest)


def _is_unsupported(evidence: Evidence) -> bool:
    build = _build(evidence)
    return build is not None and build[0] <= _LAST_BUILD


def _setting(value: RegistryValue | None) -> int | None:
    if value is None:
        return None
    if not value.exists:
        return 0
    return value.value if isinstance(value.value, int) else number_of(value.value or "")


def _updates(evidence: Evidence) -> tuple[InstalledUpdate | UpdateEvent, ...]:
    done = (each for each in evidence.of(UpdateEvent) if each.code == 183 and each.hresult == 0)
    return (*evidence.of(InstalledUpdate), *done)


def _kbs(update: InstalledUpdate | UpdateEvent) -> frozenset[str]:
    named = {f"KB{number}" for number in _KB.findall(update.title[:1000])}
    if isinstance(update, InstalledUpdate):
        named.add(f"KB{update.kb.strip().upper().removeprefix('KB')}")
    return frozenset(named)


def _patch(evidence: Evidence) -> Record | None:
    return next((update for update in _updates(evidence) if _kbs(update) & _PATCHES), None)


def _symptoms(evidence: Evidence, patch: Record | None) -> _Symptoms:
    errors: list[Record] = []
    heartbeats: list[Record] = []
    for record, texts in _texts(evidence):
        if any(_is_501(text) for text in texts):
            errors.append(record)
        elif any(_is_heartbeat(squeezed(text)) for text in texts):
            heartbeats.append(record)
    follows = any(_follows(patch, each.at) for each in heartbeats)
    was_before = any(patch is not None and _is_before(each.at, patch.at) for each in heartbeats)
    return _Symptoms(http_501=tuple(errors), heartbeats=tuple(heartbeats), follow_the_patch=follows and not was_before)


def _texts(evidence: Evidence) -> Iterator[tuple[Record, tuple[str, ...]]]:
    for event in evidence.of(Event):
        yield event, texts_of(event)
    for sign in evidence.of(LogSign):
        yield sign, (sign.text, *sign.values.values())


def _is_501(text: str) -> bool:
    """HTTP 501 from WS-Management, which the texts name in every language."""
    if "501" not in text or _HTTP_501.search(text) is None:
        return False
    plain = squeezed(text)
    return "ws-management" in plain or "winrm" in plain or "wsman" in plain


def _is_heartbeat(plain: str) -> bool:
    if any(name in plain for name in _HEARTBEATS):
        return True
    return any(name in plain for name in _FAILURES) and any(name in plain for name in _UNIX)


def _follows(patch: Record | None, moment: datetime | None) -> bool:
    between = gap(patch.at, moment) if patch is not None else None
    return between is not None and timedelta(0) <= between <= _AFTER_THE_PATCH


def _is_before(moment: datetime | None, other: datetime | None) -> bool:
    between = gap(moment, other)
    return between is not None and between > timedelta(0)


def _evidence(evidence: Evidence, seen: _Seen) -> Iterator[Quote]:
    for record in seen.records:
        says = "how Schannel splits records" if _is_setting(record) else "which SCOM is on the machine"
        yield evidence.quote(record, says)
    if seen.patch is not None:
        yield evidence.quote(seen.patch, "MS12-006 is installed")
    yield from evidence.quotes(seen.symptoms.http_501, "an agent answered with HTTP status 501", most=3)
    yield from evidence.quotes(seen.symptoms.heartbeats, "heartbeats of Unix/Linux agents failed", most=3)


def _is_setting(record: Record) -> bool:
    return isinstance(record, RegistryValue) and record.key.casefold().endswith("schannel")


def _missing(evidence: Evidence, seen: _Seen) -> Iterator[Missing]:
    on = evidence.name
    if seen.product in (_Product.UNKNOWN, _Product.R2):
        yield Missing(
            what="whether SCOM 2007 R2 is on the machine, and which cumulative update it has", command=_READ_SCOM, on=on
        )
    if seen.setting is None:
        yield Missing(what="the value of SendExtraRecord", command=_READ_VALUE, on=on)
    if seen.product is _Product.FIXED:
        return
    if seen.patch is None:
        yield Missing(
            what="whether MS12-006 is installed (that it is not listed proves nothing)", command=_READ_UPDATES, on=on
        )
    if not seen.symptoms.http_501:
        yield Missing(
            what="what SCOM logs of its Unix/Linux agents, and the message of the discovery wizard",
            command=_READ_ERRORS,
            on=on,
        )


def _differentials(evidence: Evidence, seen: _Seen) -> Iterator[Differential]:
    """What else makes heartbeats of Unix machines fail."""
    test = Missing(what="what an agent answers", command=_READ_AGENT, on=evidence.name)
    if seen.symptoms.http_501:
        quotes = evidence.quotes(seen.symptoms.http_501, "the agent was reached and answered", most=1)
        said = "an answer with HTTP status came: port 1270 is open, and the certificate was accepted"
        yield Differential(name="port-1270-blocked", state=Likelihood.RULED_OUT, said=said, evidence=quotes)
        yield Differential(name="agent-certificate", state=Likelihood.RULED_OUT, said=said, evidence=quotes)
    else:
        state = Likelihood.INSUFFICIENT if seen.symptoms.follow_the_patch else Likelihood.POSSIBLE
        said = "without HTTP status 501, heartbeats fail mostly because port 1270 is blocked"
        yield Differential(name="port-1270-blocked", state=state, said=said, missing=(test,))
        said = "without HTTP status 501, heartbeats fail mostly because of the agent's certificate (name, date)"
        yield Differential(name="agent-certificate", state=state, said=said, missing=(test,))
    state = Likelihood.INSUFFICIENT if seen.symptoms.http_501 or seen.symptoms.follow_the_patch else Likelihood.POSSIBLE
    yield Differential(
        name="agent-or-sudo",
        state=state,
        said="the agent may not run, or its account may lack sudo",
        missing=(Missing(what="whether the agent runs", command="scxadmin -status", on="the Unix/Linux machine"),),
    )
