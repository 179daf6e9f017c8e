"""Takes secrets out of texts that Azure hands back, before they reach an estate, a report or an error.

Extension messages and errors quote command lines, connection strings and SAS URLs; an Arc agent's proxy URL may carry
a user and a password.
"""

from __future__ import annotations

import re

_REPLACEMENT = "[redacted]"
_NAMED_SECRET = re.compile(
    r"(?i)\b((?:sig|signature|token|access_?token|password|passwd|pwd|secret|client_?secret|account_?key|"
    r"shared_?access_?key|sas)\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s&;,\"']+)"
)
_BEARER = re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}")
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?")
_URL_USER = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s@:]*:[^/\s@]*@")


def redact(text: str) -> str:
    """The text with passwords, keys, tokens and signatures replaced."""
    if not any(mark in text for mark in "=:@") and "earer" not in text.lower() and "eyJ" not in text:
        return text
    text = _NAMED_SECRET.sub(rf"\g<1>{_REPLACEMENT}", text)
    text = _BEARER.sub(rf"\g<1>{_REPLACEMENT}", text)
    text = _JWT.sub(_REPLACEMENT, text)
    return _URL_USER.sub(rf"\g<1>{_REPLACEMENT}@", text)
