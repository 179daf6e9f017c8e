import pytest

from aumdoctor.guest.issues import linux_symptoms as symptoms
from tests.guest.issues.updating_records import (
    after,
    assessed,
    installed,
    likelihood,
    ok,
    saw,
    sign,
    status,
    summary,
    told,
    wrapper,
)

TOLD = [
    (symptoms.vm_agent_outdated, sign("agent-too-old")),
    (
        symptoms.vm_agent_outdated,
        assessed("error", "Terminal exception Exception('Unsupported older Azure Linux Agent v"),
    ),
    (symptoms.linux_end_of_life, sign("ubuntu-pro-required", number="12")),
    (symptoms.linux_end_of_life, assessed("warning", "12 patches", code="UA_ESM_REQUIRED")),
    (symptoms.linux_classification_combination, sign("classification-combination-invalid")),
    (symptoms.apt_deb822_unsupported, sign("apt-source-unknown-type", path="/x.list")),
    (symptoms.python_missing, sign("python-missing")),
    (symptoms.python_missing, wrapper(52)),
    (symptoms.python_missing, saw("python")),
    (symptoms.systemd_missing, sign("systemd-missing")),
    (symptoms.systemd_missing, saw("systemd")),
    (symptoms.linux_os_blocked_by_extension, wrapper(51)),
    (symptoms.linux_os_blocked_by_extension, sign("distribution-unsupported")),
    (
        symptoms.operation_superseded,
        installed("error", "Execution was stopped due to a newer operation taking precedence."),
    ),
    (symptoms.noexec_mount, sign("extension-command-failed", exit_code="64")),
    (symptoms.noexec_mount, saw("noexec", path="/var")),
    (symptoms.yum_no_classification_metadata, sign("classification-metadata-missing")),
    (symptoms.linux_eula_or_uefi_settings, sign("uefi-certificate-update")),
    (symptoms.error_details_truncated, sign("status-truncated")),
]


@pytest.mark.parametrize(("issue", "record"), TOLD)
def test_one_text_code_or_answer_tells_it(issue, record) -> None:
    verdict = told(issue, record)
    assert verdict.likelihood == "confirmed"
    assert verdict.remedies


def test_a_note_on_certificates() -> None:
    note = status(summary("PatchInstallationSummary", "success", "hibernation", code="CERTIFICATE_UPDATE"))
    assert likelihood(symptoms.linux_eula_or_uefi_settings, note) == "confirmed"


@pytest.mark.parametrize(
    ("issue", "record"),
    [
        (symptoms.vm_agent_outdated, sign("agent-too-old")),
        (symptoms.apt_deb822_unsupported, sign("apt-source-unknown-type")),
        (symptoms.python_missing, wrapper(52)),
        (symptoms.operation_superseded, sign("operation-superseded")),
    ],
)
def test_what_a_later_success_heals(issue, record) -> None:
    assert likelihood(issue, record, assessed(at=after(60), sequence=6)) == "ruled-out"
    assert likelihood(issue, record, assessed("error", at=after(60), sequence=6)) == "confirmed"


def test_an_assessment_does_not_heal_what_it_does_not_touch() -> None:
    assert likelihood(symptoms.linux_end_of_life, sign("ubuntu-pro-required"), assessed(at=after(60))) == "confirmed"


def test_the_troubleshooter_s_old_list_of_systems_only_hints() -> None:
    assert likelihood(symptoms.linux_os_blocked_by_extension, saw("supported-system", weak=True)) == "possible"


def test_values_go_into_the_details() -> None:
    assert told(symptoms.apt_deb822_unsupported, sign("apt-source-unknown-type", path="/x", line="3")).details == {
        "path": "/x",
        "line": "3",
    }


@pytest.mark.parametrize("issue", list(dict.fromkeys(row[0] for row in TOLD)))
def test_a_healthy_machine(issue) -> None:
    healthy = (assessed(), installed(), ok("python"), ok("systemd"), ok("noexec"), ok("supported-system"))
    assert likelihood(issue, *healthy) is None
