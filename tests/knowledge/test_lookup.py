import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.checks.registry import CHECKS
from aumdoctor.knowledge import error_codes, error_texts, exit_codes
from aumdoctor.knowledge.lookup import known_names, look_up, nearest


def names(query: str) -> list[str]:
    return [entry.name for entry in look_up(query)]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("0x8024402C", "WU_E_PT_WINHTTP_NAME_NOT_RESOLVED"),
        ("WU_E_PT_WINHTTP_NAME_NOT_RESOLVED", "WU_E_PT_WINHTTP_NAME_NOT_RESOLVED"),
        ("-2146893044", "SEC_E_LOGON_DENIED"),
        ("0xC000015B", "STATUS_LOGON_TYPE_NOT_GRANTED"),
        ("12030", "ERROR_WINHTTP_CONNECTION_ERROR"),
        ("88", "HandlerFailed"),
        ("handlerfailed", "HandlerFailed"),
        ("ShutdownOrUnresponsive", "ShutdownOrUnresponsive"),
        ("shutdownorunresponsive", "ShutdownOrUnresponsive"),
    ],
)
def test_a_person_may_ask_in_any_form(query: str, name: str) -> None:
    assert names(query)[0] == name


def test_a_pasted_assessment_error_is_searched_for_its_code() -> None:
    message = (
        "Assessment failed due to this reason: '['Windows update API failed to assess the machine for available "
        "updates. Error:Exception from HRESULT: 0x8024402C, Hresult:0'"
    )
    (entry,) = look_up(message)
    assert entry.code == "0x8024402C"
    assert "AUM025" in entry.checks


def test_code_and_text_of_one_message_are_both_explained() -> None:
    message = (
        "The service cannot be started, either because it is disabled or because it has no enabled devices "
        "associated with it. (Exception from HRESULT: 0x80070422)"
    )
    assert names(message) == ["ERROR_SERVICE_DISABLED", "service cannot be started"]


@pytest.mark.parametrize(
    "message", ["Extension returned non-zero exit code for Install: 88", "exit code 88", "exited with exit code: 88."]
)
def test_an_exit_code_in_a_message_is_found(message: str) -> None:
    assert names(message) == ["HandlerFailed"]


def test_a_text_within_a_longer_one_is_not_meant() -> None:
    assert names("Code: LinkedAuthorizationFailed. The client has no permission") == ["LinkedAuthorizationFailed"]
    assert names("Code: AuthorizationFailed") == ["AuthorizationFailed"]


@pytest.mark.parametrize("code", ["MissingSubscriptionRegistration", "SubscriptionNotRegistered"])
def test_a_provider_that_is_not_registered_leads_to_its_checks(code: str) -> None:
    (entry,) = look_up(f"Code: {code}. The subscription must register first.")
    assert entry.name == code
    assert entry.checks == ("AUM045", "AUM005")


@pytest.mark.parametrize("system", ["Windows", "Linux"])
def test_a_patch_extension_that_could_not_be_installed_is_explained(system: str) -> None:
    message = (
        f"Plugin (Microsoft.CPlat.Core.{system}PatchExtension) returned non-zero exit code for Install: 3. "
        "Extension install failed."
    )
    (entry,) = look_up(message)
    assert entry.checks == ("AUM017",)


def test_line_breaks_in_a_pasted_message_do_not_matter() -> None:
    assert names("Unable to invoke\n   sudo successfully") == ["sudo"]


@pytest.mark.parametrize("query", ["", "0x12345678", "everything is fine", "2024-05-01", "1234567"])
def test_nothing_is_made_up(query: str) -> None:
    assert look_up(query) == ()


@given(st.text())
def test_no_text_breaks_the_look_up(text: str) -> None:
    assert all(entry.means for entry in look_up(text))


def test_a_mistyped_name_has_a_nearest() -> None:
    assert nearest("WU_E_WU_DISABELD", known_names())[0] == "WU_E_WU_DISABLED"
    assert nearest("shutdownorunresponsve", known_names())[0] == "ShutdownOrUnresponsive"
    assert nearest("qqqqqqqqqqqq", known_names()) == ()
    assert nearest("SomeSubscriptionRegistration", ("unsupported distribution",)) == ()


def test_every_check_that_the_data_name_is_an_id_and_those_of_today_exist() -> None:
    entries = [*exit_codes.table().values(), *error_texts.table(), *error_codes.advice().rows]
    named = {check for entry in entries for check in entry.checks}
    assert all(re.fullmatch(r"(AUM|WS)[0-9]{3}", check) for check in named)
    assert {"AUM008", "AUM011", "AUM012", "AUM017", "AUM025", "AUM026", "AUM027", "AUM028", "AUM029"} <= named
    assert {"AUM025", "AUM026", "AUM027", "AUM028", "AUM029"} <= {check.id for check in CHECKS}


def test_every_text_explains_and_advises() -> None:
    assert all(text.means and text.advice and text.contains for text in error_texts.table())
    assert len({text.name for text in error_texts.table()}) == len(error_texts.table())
