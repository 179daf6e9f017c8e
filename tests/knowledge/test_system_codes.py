import pytest

from aumdoctor.knowledge import error_codes, system_codes
from aumdoctor.knowledge.lookup import look_up


def names(code: int) -> list[str]:
    return [each.name for each in system_codes.names_of(code)]


def test_a_number_has_the_names_of_every_header() -> None:
    assert names(12030) == ["ERROR_INTERNET_CONNECTION_ABORTED", "ERROR_WINHTTP_CONNECTION_ERROR"]
    assert names(0x80072EFE) == ["WININET_E_CONNECTION_ABORTED"]
    assert names(0xC000015B) == ["STATUS_LOGON_TYPE_NOT_GRANTED"]
    assert names(86) == ["ERROR_INVALID_PASSWORD"]
    assert "STATUS_LOGON_TYPE_NOT_GRANTED" in names(0xD000015B)
    assert names(0x12345678) == []


@pytest.mark.parametrize(
    ("pasted", "code"),
    [
        ("12030", "0x00002EFE"),
        ("0x2EFE", "0x00002EFE"),
        ("0x00002EFE", "0x00002EFE"),
        ("-2146893044", "0x8009030C"),
        ("2148074252", "0x8009030C"),
        ("8009030C", "0x8009030C"),
        ("0xC000015B", "0xC000015B"),
        ("-1073741477", "0xC000015B"),
        ("0x8024402C", "0x8024402C"),
        ("88", "88"),
        ("1326", "0x0000052E"),
        ("ERROR_LOGON_FAILURE", "0x0000052E"),
        ("error_internet_connection_aborted", "0x00002EFE"),
    ],
)
def test_whatever_is_pasted_leads_to_its_number(pasted: str, code: str) -> None:
    assert look_up(pasted)[0].code == code


def test_an_entry_names_the_others_and_not_itself() -> None:
    (first, *_) = look_up("0x2EFE")
    assert first.name == "ERROR_WINHTTP_CONNECTION_ERROR"
    assert first.also == ("ERROR_INTERNET_CONNECTION_ABORTED (Windows error, wininet.h)",)


def test_a_number_of_which_only_the_name_is_known_says_so() -> None:
    (entry,) = look_up("1326")
    assert (entry.name, entry.code) == ("ERROR_LOGON_FAILURE", "0x0000052E")
    assert "nothing beside it" in entry.means
    assert entry.advice == ()


def test_no_number_and_no_name() -> None:
    assert look_up("0x12345678") == ()
    assert look_up("ERROR_THAT_NOBODY_HAS") == ()
    assert system_codes.code_named("__init__") is None


def test_the_names_of_the_own_table_are_those_of_windows() -> None:
    """Where Windows knows a number, the name in the table is one of its names."""
    wrong = {
        f"{code:08X}": (row.name, names(code))
        for code, row in error_codes.table().items()
        if row.area in ("ntstatus", "win32") and names(code) and not any(row.name in name for name in names(code))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("pasted", "kinds"),
    [
        ("0x500ff", ["reason code of a shutdown"]),
        ("327935", ["reason code of a shutdown"]),
        ("0x80020010", ["reason code of a shutdown"]),
        ("0x00050012", ["reason code of a shutdown"]),
        ("0x8024402C", ["Windows Update error"]),
        ("0x80070005", ["Windows error"]),
        ("0x2EFE", ["Windows error", "Windows error"]),
    ],
)
def test_a_reason_of_a_shutdown_is_told_where_it_can_be_one(pasted: str, kinds: list[str]) -> None:
    assert [entry.kind for entry in look_up(pasted)] == kinds
