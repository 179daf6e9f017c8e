from aumdoctor.knowledge.agent_versions import AZURE_LINUX, AZURE_WINDOWS, minimums, table


def test_both_published_minimums_for_windows_are_kept_with_their_sources() -> None:
    windows = {row.purpose: row for row in minimums(AZURE_WINDOWS)}
    assert windows["supported"].version == "2.7.41491.1010"
    assert windows["troubleshooter"].version == "2.4.0.2"
    assert windows["supported"].source != windows["troubleshooter"].source


def test_linux_has_one_and_an_agent_that_is_not_known_none() -> None:
    assert [row.version for row in minimums(AZURE_LINUX)] == ["2.2.53.1"]
    assert minimums("azure-plan9") == ()


def test_every_minimum_is_a_dotted_number_and_says_what_it_means() -> None:
    for row in table().rows:
        assert all(part.isdecimal() for part in row.version.split("."))
        assert row.means
        assert row.source
