from pathlib import Path

import pytest

from aumdoctor.cli.outputs import Output, parse
from aumdoctor.errors import UsageError


def test_a_json_file_alone_says_its_format(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    assert parse(["table", str(file)]) == (Output("table"), Output("json", file))
    assert parse([str(file)], ("table", "role"), json="role") == (Output("role", file),)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["yaml"], "no such output"),
        (["json="], "no such output"),
        (["report.xml"], "no such output"),
        (["no/such/folder/report.json"], "the folder is not there"),
        (["table", "json"], "two outputs"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_read(wanted: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(wanted)


def test_one_file_takes_one_output(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    with pytest.raises(UsageError, match="another output goes to that file"):
        parse([f"json={file}", str(file)])
