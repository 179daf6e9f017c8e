"""Files of /etc as records: what they say of the system, of proxies, of repositories, of the agent, and of sudo.

Each takes the numbered lines of a file, the name of the artefact, and the path that the file has on the machine. A
password in an address is never kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from aumdoctor.guest.signs import value_of
from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import Observation, OperatingSystem, Origin, Proxy, Record, State

Numbered = Iterator[tuple[int, str]]

_ASSIGNED = re.compile(
    r"^\s*(?:export\s+|declare -x\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.]{0,80})\s*=\s*(?P<value>[^\n]{0,1000})$"
)
_PROXY_NAMES = {"http_proxy", "https_proxy", "all_proxy", "ftp_proxy"}
_APT_PROXY = re.compile(
    r"(?P<name>(?:Acquire::)?(?:https?|ftp|socks)::Proxy(?:::[\w.-]{1,253})?)\s+\"(?P<value>[^\"]{0,500})\"",
    re.IGNORECASE,
)
_APT_NESTED = re.compile(r"^\s*(?:Proxy|HTTP|HTTPS)\s+\"(?P<value>[a-z0-9+]{3,10}://[^\"]{1,500})\"", re.IGNORECASE)
_DEB = re.compile(r"^\s*deb(?:-src)?\s+(?:\[[^\]\n]{0,500}\]\s+)?(?P<url>[a-z+]{3,10}:(?://)?\S{1,500})")
_URIS = re.compile(r"^\s*URIs:\s*(?P<urls>[^\n]{1,2000})", re.IGNORECASE)
_REPO = re.compile(r"^\s*(?:baseurl|mirrorlist|metalink)\s*=\s*(?P<url>[^\n]{1,500})", re.IGNORECASE)
_SECTION = re.compile(r"^\s*\[(?P<name>[^\]\n]{1,200})\]")
_ENABLED = re.compile(r"^\s*enabled\s*[=:]\s*(?P<value>\w+)", re.IGNORECASE)
_USERINFO = re.compile(r"^(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{1,20}://)[^/\s]*@")


def os_release(numbered: Numbered, file: str, where: str) -> Iterator[Record]:
    """os-release: the system."""
    found: dict[str, str] = {}
    first = 1
    for number, text in numbered:
        match = _ASSIGNED.match(text[:2000])
        if match is not None:
            first = number if not found else first
            found[match["name"]] = match["value"].strip().strip("\"'")
    if not found.get("ID"):
        return
    yield OperatingSystem(
        origin=Origin(file, line=first),
        text=quoted(f"ID={found['ID']} VERSION_ID={found.get('VERSION_ID', '')} {found.get('PRETTY_NAME', '')}"),
        family="linux",
        name=value_of(found.get("PRETTY_NAME") or found.get("NAME", "")),
        distribution=value_of(found["ID"].lower()),
        version=value_of(found.get("VERSION_ID", "")),
    )


def environment(numbered: Numbered, file: str, where: str) -> Iterator[Record]:
    """Variables (`env`, /etc/environment, SLES's /etc/sysconfig/proxy): the proxies among them."""
    proxies: list[tuple[int, str, str]] = []
    bypass, is_on = "", True
    for number, text in numbered:
        match = _ASSIGNED.match(text[:2000])
        if match is None:
            continue
        name, value = match["name"].lower(), match["value"].strip().strip("\"';")
        if name in _PROXY_NAMES and value:
            proxies.append((number, match["name"], value))
        elif name == "no_proxy":
            bypass = value
        elif name == "proxy_enabled":
            is_on = value.lower() != "no"
    for number, name, value in proxies[:50] if is_on else ():
        yield proxy(Origin(file, line=number), where or "environment", name, value, bypass)


def apt_conf(numbered: Numbered, file: str, where: str) -> Iterator[Record]:
    """apt.conf and apt.conf.d: `Acquire::http::Proxy "…";`, alone or in nested braces."""
    for number, text in numbered:
        text = text[:2000]
        if text.lstrip().startswith(("//", "#")):
            continue
        match = _APT_PROXY.search(text) or _APT_NESTED.search(text)
        if match is not None and match["value"].upper() != "DIRECT" and match["value"]:
            yield proxy(Origin(file, line=number), where, "Acquire::Proxy", match["value"])


def package_conf(numbered: Numbered, file: str, where: str) -> Iterator[Record]:
    """yum.conf, dnf.conf, tdnf.conf, zypp.conf: `proxy=…`."""
    for number, text in numbered:
        match = _ASSIGNED.match(text[:2000])
        value = match["value"].strip().strip("\"'") if match else ""
        if match is not None and match["name"].lower() == "proxy" and value.lower() not in ("", "_none_", "none"):
            yield proxy(Origin(file, line=number), where, "proxy", value)


def waagent_conf(numbered: Numbered, file: str, where: str) -> Iterator[Record]:
    """waagent.conf: its proxy, and whether extensions may run (`Extensions.Enabled`; absent is yes)."""
    host, port, at = "", "", 0
    for number, text in numbered:
        match = _ASSIGNED.match(text[:2000].split("#")[0])
        if match is None:
            continue
        name, value = match["name"].lower(), match["value"].strip().strip("\"'")
        if name == "extensions.enabled" and value:
            state = State.BAD if value.lower() in ("n", "no", "false", "0") else State.OK
            yield Observation(
                origin=Origin(file, line=number),
                text=quoted(text),
                subject="extension-operations",
                state=state,
                values={"where": value_of(where)},
            )
        elif name == "httpproxy.host" and value.lower() not in ("", "none"):
            host, at = value, number
        elif name == "httpproxy.port" and value.lower() not in ("", "none"):
            port = value
    if host:
        yield proxy(Origin(file, line=at), where, "HttpProxy.Host", f"{host}:{port}" if port else host)


def repositories(numbered: Numbered, file: str, where: str) -> Iterator[Record]:
    """sources.list, *.sources, *.repo: the repositories. Nobody asked whether they answer: their state is unknown."""
    name = ""
    held: list[Record] = []
    seen: set[str] = set()
    is_enabled = True
    for number, text in numbered:
        text = text[:2500]
        if text.lstrip().startswith("#"):
            continue
        section, enabled = _SECTION.match(text), _ENABLED.match(text)
        if section is not None or not text.strip():
            yield from held if is_enabled else ()
            held, is_enabled = [], True
            name = section["name"] if section else name
        elif enabled is not None:
            is_enabled = enabled["value"].lower() not in ("0", "no", "false")
        deb, uris, repo = _DEB.match(text), _URIS.match(text), _REPO.match(text)
        urls = (
            [deb["url"]]
            if deb
            else uris["urls"].split()
            if uris
            else [repo["url"].split()[0]]
            if repo and repo["url"].split()
            else []
        )
        for url in urls[:50]:
            if url not in seen and len(seen) < 500:
                seen.add(url)
                held.append(_repository(Origin(file, line=number), text, url, name if repo else ""))
        if deb:
            yield from held
            held = []
    yield from held if is_enabled else ()


def sudoers(numbered: Numbered, file: str, where: str) -> Iterator[Record]:
    """sudoers and sudoers.d: requiretty."""
    for number, text in numbered:
        text = text[:2000]
        match = re.match(r"^\s*Defaults(?P<for>[:>!@]?\S*)\s+(?P<options>[^#\n]*\brequiretty\b[^#\n]*)", text)
        if match is not None:
            is_off = "!requiretty" in match["options"].replace(" ", "")
            yield Observation(
                origin=Origin(file, line=number),
                text=quoted(text),
                subject="requiretty",
                state=State.OK if is_off else State.BAD,
                values={"where": value_of(where), **({"for": value_of(match["for"])} if match["for"] else {})},
            )


def proxy(origin: Origin, where: str, name: str, address: str, bypass: str = "") -> Proxy:
    """A proxy setting; user and password in the address are dropped, whatever they look like."""
    clean = value_of(_USERINFO.sub(r"\g<scheme>", address))
    if "://" not in clean and "@" in clean:
        clean = clean.rpartition("@")[2]
    return Proxy(origin=origin, text=quoted(f"{name}={clean}"), where=where, address=clean, bypass=value_of(bypass))


def _repository(origin: Origin, text: str, url: str, name: str) -> Observation:
    clean = value_of(_USERINFO.sub(r"\g<scheme>", url))
    values = {"url": clean}
    try:
        parts = urlsplit(clean)
        if parts.hostname:
            values["host"] = parts.hostname
            values["port"] = str(parts.port or (443 if "https" in parts.scheme else 80))
    except ValueError:
        pass
    if name:
        values["repository"] = value_of(name)
    return Observation(
        origin=origin, text=quoted(text.replace(url, clean)), subject="repository", state=State.UNKNOWN, values=values
    )
