"""Takes secrets out of texts that Azure hands back, before they reach an estate, a report or an error.

Extension messages and errors quote command lines, connection strings and SAS URLs; an Arc agent's proxy URL may carry
a user and a password; collected files hold JSON, in JSON again, and XML.

Texts may be whole lines of logs: no pattern looks at a character more often than a fixed number of times. What repeats
without a bound is possessive or cannot begin anew within what it has passed.
"""

from __future__ import annotations

import re

_REPLACEMENT = "[redacted]"
# Short words stand alone or after a mark: else there would be a "sig" or "sas" in many others, and PublicKeyToken.
_NAME = (
    r"(?:password|passwd|passphrase|secret|(?:access|auth|id|refresh|sas|session)[_-]?token|"
    r"(?:access|account|api|secret|shared|storage)[_-]?key|(?<![a-z])(?:sig|signature|token|pwd|sas))"
)
_HARMLESS = (
    r"(?:and|cannot|expected|expired|false|for|has|in|invalid|is|missing|must|no|none|not|null|or|required|to|true|was|yes)"
    r"(?:[\s,.;)}\]]|\Z)"
)
# A quote, in JSON inside JSON with backslashes before it. Its like ends the value, unless more backslashes escape it;
# those that only stand for backslashes at the end of the value come in twice as many and two.
_ENDING = r"(?:(?P=escape)\\(?P=escape)\\)*+"
_VALUE = (
    rf"(?:(?P<quote>(?P<escape>\\{{0,15}})[\"'])(?:(?!(?<!\\){_ENDING}(?P=quote))[^\n])*+{_ENDING}(?P<end>(?P=quote)?)|"
    rf"(?!{_HARMLESS}|[\[{{]\s?[\]}}\\\"'{{])(?:[^\s&;,\"'<\\]|<(?!/)|\\(?![\"'\\]{{0,15}}[\"']))++)"
)
_INNER_VALUE = r"""(?:\{\s{0,8}\\{0,15}["']value\\{0,15}["']\s{0,8}:\s{0,8})?"""
_NAMED = re.compile(rf"""(?i)(?P<name>{_NAME}[\]"'\\]{{0,18}}\s{{0,8}}[=:]\s{{0,8}}{_INNER_VALUE}){_VALUE}""")
_OPTION = re.compile(rf"(?i)(?P<name>(?<![\w-])--?[\w-]{{0,40}}{_NAME}\s{{1,8}})(?!-){_VALUE}")
_XML = re.compile(rf"(?i)(<[\w.:-]{{0,40}}{_NAME}(?:\s[^<>]{{0,200}})?>)(?:<!\[CDATA\[)?[^<]++(?=</)")
_AUTHORIZATION = re.compile(
    r"""(?i)(\bauthorization["'\\]{0,18}\s{0,8}[=:]\s{0,8}["'\\]{0,18}"""
    r"""(?:basic|bearer|digest|negotiate|ntlm|sharedkey(?:lite)?|sharedaccesssignature)\s{1,8})[^\s"'\\]++"""
)
_BEARER = re.compile(r"(?i)\b(bearer\s{1,8})[A-Za-z0-9._~+/=-]{8,}+")
_JWT = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}+\.[A-Za-z0-9_-]{5,}+(?:\.[A-Za-z0-9_-]*+)?")
_URL_USER = re.compile(r"""(?<=[A-Za-z0-9+.-]://)[^/\s@:"<>]*+:[^/\s"<>]*@""")
_MARKS = ("pass", "secret", "token", "key", "sig", "pwd", "sas", "bearer", "authorization", "eyj", "://")


def redact(text: str) -> str:
    """The text with passwords, keys, tokens and signatures replaced."""
    lower = text.lower()
    if not any(mark in lower for mark in _MARKS):
        return text
    text = _AUTHORIZATION.sub(rf"\g<1>{_REPLACEMENT}", text)
    text = _BEARER.sub(rf"\g<1>{_REPLACEMENT}", text)
    text = _JWT.sub(_REPLACEMENT, text)
    text = _XML.sub(rf"\g<1>{_REPLACEMENT}", text)
    for pattern in (_NAMED, _OPTION):
        text = pattern.sub(rf"\g<name>\g<quote>{_REPLACEMENT}\g<end>", text)
    return _URL_USER.sub(f"{_REPLACEMENT}@", text)
