r"""The registry as text: `reg query`, `.reg` exports, and what PowerShell prints (Get-ItemProperty, Get-Item,
Get-ItemPropertyValue, Test-Path).

A key that was seen is a record with the name "" beside those of its values, so that keys which say something by being
there (`…\Auto Update\RebootRequired`) can be asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from aumdoctor.guest.command_output import Line, Parser, Section, objects
from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import Damage, Observation, Proxy, Record, RegistryValue, State
from aumdoctor.model.redaction import redact

_HIVES = {
    "hklm": "HKEY_LOCAL_MACHINE",
    "hkcu": "HKEY_CURRENT_USER",
    "hku": "HKEY_USERS",
    "hkcr": "HKEY_CLASSES_ROOT",
    "hkcc": "HKEY_CURRENT_CONFIG",
}
_KEY = re.compile(
    r"(?i)(?:HKEY_(?:LOCAL_MACHINE|CURRENT_USER|USERS|CLASSES_ROOT|CURRENT_CONFIG)|HK(?:LM|CU|CR|CC|U):?)\\"
)
# A sentence may begin with the name of a key.
_PROSE = re.compile(r"[。、「」:;]|\s(?:is|the|to|and|in|under|REG_\w+)\s|\sの|\.$")
_KIND = re.compile(r"\s(REG_[A-Z][A-Z_]{1,40})(?:\s|$)")
_DEFAULT_NAMES = (
    "(default)",
    "(既定)",
    "(standard)",
    "(par défaut)",
    "(predeterminado)",
    "<no name>",
    "(default value)",
)
_SECRET = re.compile(r"(?i)passw|pwd|secret|token|credential")
_HIDDEN = "[redacted]"
_LONGEST_VALUE = 4096
_NOT_FOUND = re.compile(
    r"(?i)unable to find|not found|does not exist|見つかりません|存在しない|gefunden|introuvable|no se encontr|"
    r"找不到|찾을 수"
)
_ERROR = re.compile(r"(?i)[ \t]*(?:error|エラー|fehler|erreur|错误|錯誤|오류)[ \t]*[:\uff1a]")
_IN_COMMAND = re.compile(r"(?i)(?:registry::)?((?:HKEY_[A-Z_]{4,20}|HK(?:LM|CU|CR|CC|U)):?\\(?:[^'\"|;)\r\n]{1,500}))")


def long_key(key: str) -> str:
    r"""The name of a key with the long name of its hive, without quotes and trailing backslashes."""
    key = key.strip().strip("'\"").strip()
    key = key.rpartition("::")[2] if "::" in key else key
    hive, _, rest = key.partition("\\")
    hive = hive.rstrip(":")
    return "\\".join(part for part in (_HIVES.get(hive.lower(), hive.upper()), rest.strip("\\")) if part)


def _read(section: Section) -> Iterator[Record]:
    found = False
    for record in (*_text_values(section), *_printed_values(section), *_of_get_item(section)):
        found = True
        yield record
    if section.command and not found:
        yield from _answer(section)
    yield from _missing_in_powershell(section)


def _text_values(section: Section) -> Iterator[Record]:
    """Values as `reg query` prints them and as `.reg` files hold them."""
    key, exported = "", False
    block: list[RegistryValue] = []
    is_first = True
    for line in _joined(section.lines):
        text = line.text.strip()
        is_exported_key = text.startswith("[") and text.endswith("]") and _KEY.match(text, 1) is not None
        if is_exported_key or (not exported and _KEY.match(text) and _PROSE.search(text) is None):
            if not (is_first and section.continued):
                yield from _unlisted(section, block, exported)
            is_first = not block and is_first
            key, exported = long_key(text.strip("[]")), is_exported_key
            block = []
            for record in _key(section, line, key):
                block += [record] if isinstance(record, RegistryValue) else []
                yield record
        elif text.startswith("[-"):
            key = ""
        elif key and exported and text[:1] in ('"', "@"):
            for record in _exported(section, line, key, text):
                block += [record] if isinstance(record, RegistryValue) else []
                yield record
        elif key and text and (kind := _KIND.search(line.text)) is not None and line.text[: kind.start()].strip():
            name, value = line.text[: kind.start()].strip(), line.text[kind.end() :].strip()
            for record in _value(section, line, key, name, kind[1], _converted(kind[1], value)):
                block += [record] if isinstance(record, RegistryValue) else []
                yield record
    if not section.continues and not (is_first and section.continued):
        yield from _unlisted(section, block, exported)


WANTED_VALUES = {
    "HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate": (
        "WUServer",
        "WUStatusServer",
        "DisableWindowsUpdateAccess",
        "DoNotConnectToWindowsUpdateInternetLocations",
    ),
    "HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\\AU": (
        "UseWUServer",
        "NoAutoUpdate",
        "AUOptions",
        "AlwaysAutoRebootAtScheduledTime",
    ),
    "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL": ("SendExtraRecord",),
    "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System": ("ShutdownWithoutLogon",),
    "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\\WinStations\\RDP-Tcp": (
        "UserAuthentication",
    ),
}
"""Values that known issues ask for. Where a whole key is listed without one of them, it is not set."""

_WANTED = {key.lower(): names for key, names in WANTED_VALUES.items()}


def _unlisted(section: Section, block: list[RegistryValue], exported: bool) -> Iterator[Record]:
    """The values that a listing of a whole key would show and does not.

    It is whole in an export, where the command line asks for no single value, and where there are several values: with
    `/v` there is one.
    """
    if not block or block[0].key.lower() not in _WANTED:
        return
    listed = {value.name.lower() for value in block if value.name}
    asked = re.match(r"(?i)reg(?:\.exe)?\s+query\b", section.command)
    if asked and re.search(r"(?i)\s/(?:v|ve|f)\b", section.command):
        return
    if not exported and len(listed) < (1 if asked else 2):
        return
    for name in _WANTED[block[0].key.lower()]:
        if name.lower() not in listed:
            yield RegistryValue(
                origin=block[0].origin,
                text=quoted(f"{block[0].key} lists no {name}"),
                key=block[0].key,
                name=name,
                exists=False,
            )


def _joined(lines: Iterable[Line]) -> Iterator[Line]:
    r"""Lines of which those that end with a backslash after hex numbers go on in the next."""
    held: Line | None = None
    parts: list[str] = []
    for line in lines:
        text = line.text.strip() if held else line.text
        goes_on = text.endswith("\\") and (held is not None or "hex" in text) and len(parts) < 10_000
        if goes_on:
            held = held or line
            parts.append(text[:-1])
        elif held is not None:
            yield Line(held.number, "".join(parts) + text)
            held, parts = None, []
        else:
            yield line
    if held is not None:
        yield Line(held.number, "".join(parts))


def _key(section: Section, line: Line, key: str) -> Iterator[Record]:
    yield RegistryValue(origin=section.origin(line), text=quoted(line.text), key=key, name="")
    folded = key.lower()
    if folded.endswith(("component based servicing\\rebootpending", "windowsupdate\\auto update\\rebootrequired")):
        yield Observation(
            origin=section.origin(line),
            text=quoted(line.text),
            subject="pending-reboot",
            state=State.BAD,
            values={"reason": key.rpartition("\\")[2]},
            tool="reg query",
        )


def _exported(section: Section, line: Line, key: str, text: str) -> Iterator[Record]:
    name, value = _named(text)
    if value.startswith('"'):
        kind, converted = "REG_SZ", value[1:].rpartition('"')[0].replace('\\"', '"').replace("\\\\", "\\")
        yield from _value(section, line, key, name, kind, converted)
    elif value.lower().startswith("dword:"):
        number = _number(value[6:].strip(), 16)
        if number is not None:
            yield from _value(section, line, key, name, "REG_DWORD", number)
    elif value.lower().startswith("hex"):
        yield from _hex_value(section, line, key, name, value)


def _named(text: str) -> tuple[str, str]:
    r"""Name and value of a line of a `.reg` file: `"a\"b"=dword:…` or `@=…`."""
    if text.startswith("@"):
        return "(Default)", text[1:].lstrip(" =")
    end = 1
    while end < len(text) and text[end] != '"':
        end += 2 if text[end] == "\\" else 1
    return text[1:end].replace('\\"', '"').replace("\\\\", "\\"), text[end + 1 :].lstrip(" =")


_HEX_KINDS = {
    "": "REG_BINARY",
    "1": "REG_SZ",
    "2": "REG_EXPAND_SZ",
    "4": "REG_DWORD",
    "7": "REG_MULTI_SZ",
    "b": "REG_QWORD",
}


def _hex_value(section: Section, line: Line, key: str, name: str, value: str) -> Iterator[Record]:
    head, _, digits = value.partition(":")
    kind = _HEX_KINDS.get(head[3:].strip("() ").lower(), "REG_BINARY")
    try:
        data = bytes(int(part, 16) for part in digits.replace(" ", "").split(",") if part)
    except ValueError:
        yield Damage(origin=section.origin(line), text=quoted(line.text), why="a value of the registry is cut off")
        return
    converted: int | str
    if kind in ("REG_DWORD", "REG_QWORD"):
        converted = int.from_bytes(data, "little")
    elif kind == "REG_BINARY":
        converted = data.hex()
    else:
        converted = data.decode("utf-16-le", "replace").strip("\0").replace("\0", "\n")
    yield from _value(section, line, key, name, kind, converted)


def _converted(kind: str, value: str) -> int | str:
    if kind.startswith(("REG_DWORD", "REG_QWORD")):
        number = _number(value.split()[0] if value else "", 16 if "x" in value.lower() else 10)
        return value if number is None else number
    return value.replace("\\0", "\n").strip("\n") if kind == "REG_MULTI_SZ" else value


def _number(text: str, base: int) -> int | None:
    try:
        found = int(text, base) if len(text) <= 20 else None
    except ValueError:
        return None
    return found if found is not None and -(2**63) <= found < 2**63 else None


def _value(section: Section, line: Line, key: str, name: str, kind: str, value: int | str) -> Iterator[Record]:
    if name.lower() in _DEFAULT_NAMES:
        name = "(Default)"
    text = quoted(line.text)
    if name.lower() == "winhttpsettings" and isinstance(value, str):
        yield from _winhttp_proxy(section, line, key, value)
    if isinstance(value, str):
        if _SECRET.search(name):
            value, text = _HIDDEN, f"{name} {_HIDDEN}"
        value = redact(value[:_LONGEST_VALUE])
    yield RegistryValue(origin=section.origin(line), text=text, key=key, name=name, kind=kind, value=value)


def _winhttp_proxy(section: Section, line: Line, key: str, value: str) -> Iterator[Record]:
    """WinHttpSettings: the flags at byte 8 (2 is "a proxy is named"), the length of its name at 12, the name, and the
    same for the list of what is reached without it."""
    try:
        data = bytes.fromhex(value)
    except ValueError:
        return
    if len(data) < 16:
        return
    length = int.from_bytes(data[12:16], "little")
    address = data[16 : 16 + length].decode("latin-1") if data[8] & 2 and length <= len(data) - 16 else ""
    rest = data[16 + length :] if address else b""
    bypass = rest[4 : 4 + int.from_bytes(rest[:4], "little")].decode("latin-1")
    if address.isprintable() and (address or not data[8] & 2):
        yield Proxy(
            origin=section.origin(line),
            text=quoted(f"{key}\\WinHttpSettings: {address or 'direct'}"),
            where="winhttp",
            address=redact(address),
            bypass=bypass if bypass.isprintable() else "",
        )


# What PowerShell prints.


def _printed_values(section: Section) -> Iterator[Record]:
    named = _key_in(section.command) if re.search(r"(?i)get-itemproperty\b", section.command) else ""
    for row in objects(section.lines):
        path = row["PSPath"]
        key = long_key(path) if _KEY.search(path) else named if "PSPath" not in row else ""
        if not key:
            continue
        yield from _key(section, row.line("PSPath"), key)
        for each in row.properties:
            if not each.name.startswith("PS") or each.name not in _ADDED:
                value = _guessed(each.name, each.value)
                yield from _value(
                    section, Line(each.line.number, f"{each.name} : {each.value}"), key, each.name, "", value
                )


def _of_get_item(section: Section) -> Iterator[Record]:
    """Get-Item and Get-ChildItem: the hive above, names of keys on the left, their values on the right."""
    hive, key, column = "", "", 0
    for before, line in zip(section.lines, section.lines[1:], strict=False):
        text = line.text
        if (named := re.match(r"\s*(?:Hive|ハイブ|Struktur)\s?[:\uff1a]\s(HKEY_\S.{0,500})", text)) is not None:
            hive, key, column = long_key(named[1]), "", 0
        elif hive and text.startswith("----") and before.text.startswith("Name"):
            column = text.find(" --") + 1
        elif hive and column and text.strip():
            if text[:column].strip():
                key = f"{hive}\\{text[:column].strip()}"
                yield from _key(section, Line(line.number, key), key)
            name, mark, value = text[column:].partition(" : ")
            if key and mark and name.strip():
                yield from _value(section, line, key, name.strip(), "", _guessed(name.strip(), value.strip()))


_ADDED = ("PSPath", "PSParentPath", "PSChildName", "PSDrive", "PSProvider", "PSComputerName")
_TEXTS = ("currentbuild", "currentbuildnumber", "releaseid", "displayversion", "currentversion")


def _guessed(name: str, value: str) -> int | str:
    """PowerShell prints no kind: what looks like a number is one, save in the values of Windows that are texts."""
    number = _number(value, 10) if name.lower() not in _TEXTS and value.lstrip("-").isdecimal() else None
    if number is None:
        return value
    return number & 0xFFFFFFFF if -(2**31) <= number < 0 else number


def _answer(section: Section) -> Iterator[Record]:
    """An answer that only the command line gives a meaning: nothing was found, a bare value, True or False."""
    command, key = section.command, _key_in(section.command)
    first = next((line for line in section.lines if line.text.strip()), None)
    if not key or first is None:
        return
    if re.match(r"(?i)reg(?:\.exe)?\s+query\b", command):
        name = _option(command, "v")
        if re.search(r"(?i)\s/ve\b", command):
            name = "(Default)"
        error = next((line for line in section.lines if _ERROR.match(line.text)), None)
        if error is None or re.search(r"(?i)\s/f\b", command):
            return
        if _NOT_FOUND.search(error.text):
            yield _absent(section, error, key, name)
        else:
            yield Damage(origin=section.origin(error), text=quoted(error.text), why=f"{key} could not be read")
    elif re.match(r"(?i)test-path\b", command) and first.text.strip() in ("True", "False"):
        if first.text.strip() == "True":
            yield from _key(section, Line(first.number, key), key)
        else:
            yield _absent(section, first, key, "")
    elif (name := _one_name(command)) and not first.text.startswith(("Get-", "+", " ")):
        yield from _value(section, first, key, name, "", _guessed(name, first.text.strip()))


def _one_name(command: str) -> str:
    """The name of the value where the command prints it bare."""
    bare = re.search(r"\)\.([A-Za-z_]\w{0,100})\s*$", command)
    if bare and re.search(r"(?i)get-itemproperty\b", command):
        return bare[1]
    if not re.search(r"(?i)get-itempropertyvalue\b", command):
        return ""
    named = re.search(r"(?i)\s-Name\s+['\"]?([^'\"|;,]{1,200})", command)
    placed = re.search(r"['\"]?\s+['\"]?(\w{1,100})['\"]?\s*$", command)
    found = named or placed
    return found[1].split(" -")[0].strip() if found else ""


_NO_PATH = re.compile(r"(?i)cannot find path '([^']{3,500})'|パス '([^']{3,500})' (?:が存在しない|は存在しない)")
_NO_VALUE = re.compile(
    r"(?i)property ([\w.() -]{1,200}?) does not exist at path (HK.{3,500}?)\.?$|"
    r"プロパティ ([\w.() -]{1,200}?) は?パス (HK.{3,500}?) に存在しません"
)


def _missing_in_powershell(section: Section) -> Iterator[Record]:
    """Errors of PowerShell: the path does not exist, or the key has no such value.

    Windows PowerShell 5 adds the category of an error in English whatever the language, and what it was about.
    """
    told: set[tuple[str, str]] = set()
    for number, line in enumerate(section.lines):
        key = name = ""
        text = line.text.replace("\u2018", "'").replace("\u2019", "'")
        if (path := _NO_PATH.search(text)) is not None:
            key = long_key(path[1] or path[2])
        elif (value := _NO_VALUE.search(text)) is not None:
            key, name = long_key(value[2] or value[4]), (value[1] or value[3]).strip()
        elif "CategoryInfo" in text and re.search(r"\[Get-Item\w*\]|\[Test-Path\]", text):
            above = " ".join(each.text for each in section.lines[max(0, number - 6) : number])
            is_value = "PSArgumentException" in text
            about = re.search(r"\(([\w.-]{1,200}):String\)", text) if is_value else None
            key = _key_in(above.replace("\u2018", "'").replace("\u2019", "'")) or _key_in(section.command)
            name = about[1] if about else ""
            key = key if name or "ObjectNotFound" in text else ""
        # A file that is missing is none of the registry's.
        if key.startswith("HKEY_") and "..." not in key and (key, name) not in told:
            told.add((key, name))
            yield _absent(section, line, key, name)


def _absent(section: Section, line: Line, key: str, name: str) -> RegistryValue:
    asked = f"{key}\\{name}" if name else key
    return RegistryValue(
        origin=section.origin(line), text=quoted(f"{asked}: {line.text.strip()}"), key=key, name=name, exists=False
    )


def _key_in(text: str) -> str:
    found = _IN_COMMAND.search(text)
    if found is None:
        return ""
    key = found[1]
    before = text[: found.start(1)].rstrip()
    if not before.endswith(("'", '"', "::")) or before.endswith("::"):
        # Without quotes a path ends at the next option.
        key = re.split(r"(?i)\s+(?:/|-)\w|\s+(?:は|が|does)\b|\s*$", key, maxsplit=1)[0]
        key = key.split(" does not exist")[0]
        if " " in key and _KEY.match(key) and not text.lower().startswith("reg") and before.lower().endswith("path"):
            key = key.split(" ")[0]
    return long_key(key.rstrip(".")) if "\\" in key else ""


def _option(command: str, name: str) -> str:
    found = re.search(rf"(?i)\s/{name}\s+(?:\"([^\"]{{1,300}})\"|([^\s\"]{{1,300}}))", command)
    return (found[1] or found[2]) if found else ""


REGISTRY = Parser(
    name="registry",
    form=re.compile(
        r"(?m)^[ \t]*\[?HKEY_(?:LOCAL_MACHINE|CURRENT_USER|USERS|CLASSES_ROOT|CURRENT_CONFIG)\\|"
        r"^[ \t]*(?:Hive|ハイブ|Struktur) ?[:\uff1a] HKEY_|^Windows Registry Editor Version|^REGEDIT4|Registry::HKEY_|"
        r"\((?:HKLM|HKCU|HKEY_)[^)\r\n]{1,400}:String\)|(?:path|パス) (?:'HK|HKEY_)"
    ),
    commands=re.compile(r"(?i)reg(?:\.exe)?\s+query|get-item|test-path.{0,80}hk"),
    read=_read,
)
