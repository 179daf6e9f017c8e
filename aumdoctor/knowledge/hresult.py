"""HRESULT codes in the error texts of the Windows patch extension.

They stand there as `0x8024402C` ("Exception from HRESULT: 0x8024402C") or as the same 32 bits read as a signed number
(-2145107924), as Windows Update's own log and .NET print them. The canonical form is `0x` and eight capital hex digits.
"""

import re

_HRESULT = re.compile(r"(?<!\w)(?:0[xX](?P<hex>[0-9A-Fa-f]{8})|(?P<signed>-\d{10}))(?!\w)")
_LOWEST = -(2**31)


def find_hresults(text: str) -> tuple[str, ...]:
    """The HRESULTs in a text, canonical, each once, in order of appearance.

    A hexadecimal number counts with exactly eight digits, a signed one with ten (every failure code of Windows has
    them) and within 32 bits.

    >>> find_hresults("Exception from HRESULT: 0x8024402c, Hresult:-2145107924")
    ('0x8024402C',)
    """
    found: dict[str, None] = {}
    for match in _HRESULT.finditer(text):
        if match["hex"]:
            found["0x" + match["hex"].upper()] = None
        elif int(match["signed"]) >= _LOWEST:
            found[f"0x{int(match['signed']) & 0xFFFFFFFF:08X}"] = None
    return tuple(found)


def is_failure(hresult: str) -> bool:
    """Whether a canonical HRESULT says that something failed: its highest bit is set."""
    return int(hresult, 16) >= 0x80000000
