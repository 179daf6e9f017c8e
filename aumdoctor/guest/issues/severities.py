"""How bad each issue is where it is true, apart from how sure it is."""

from aumdoctor.model.finding import Severity

_CRITICAL = ("AUM018", "AUM019", "AUM042")
_MEDIUM = (
    *("AUM020", "AUM023", "AUM027", "AUM028", "AUM043", "AUM054", "AUM066", "AUM069", "AUM091", "AUM094", "AUM096"),
    *("AUM098", "AUM100", "AUM101", "AUM104", "AUM106", "AUM107", "AUM108", "AUM109", "AUM115", "AUM116", "GST002"),
    *("WS003",),
)
_LOW = ("AUM029", "AUM097", "AUM105", "AUM110", "AUM114", "GST003")
_INFO = ("AUM001", "AUM102", "AUM103", "AUM111", "AUM112", "AUM113", "AUM137")

_LISTED = {
    **dict.fromkeys(_CRITICAL, Severity.CRITICAL),
    **dict.fromkeys(_MEDIUM, Severity.MEDIUM),
    **dict.fromkeys(_LOW, Severity.LOW),
    **dict.fromkeys(_INFO, Severity.INFO),
}


def severity_of(issue_id: str) -> Severity:
    """The severity of an issue by its id; high where nothing else is said."""
    return _LISTED.get(issue_id, Severity.HIGH)
