"""The samples of event logs, and messages as Windows renders them."""

import gzip
from pathlib import Path

from aumdoctor.guest.reader import Reader
from aumdoctor.model.guest import Event
from tests.guest.artefacts import artefact

_FOLDER = Path(__file__).parent / "samples" / "events"

SHUTDOWN = (
    "The process C:\\Windows\\system32\\winlogon.exe (TS01) has initiated the power off of computer TS01 on behalf of "
    "user NT AUTHORITY\\SYSTEM for the following reason: No title for this reason could be found\n"
    " Reason Code: 0x500ff\n Shutdown Type: power off\n Comment: "
)
SHUTDOWN_JA = (
    "次の理由で、プロセス C:\\Windows\\system32\\winlogon.exe (TS01) は、ユーザー NT AUTHORITY\\SYSTEM の代わりに、"
    "コンピューター TS01 の 電源を切る を始めました: この理由のタイトルが見つかりません\n"
    " 理由コード: 0x500ff\n シャットダウンの種類: 電源を切る\n コメント: "
)
LOGON = """An account failed to log on.

Subject:
\tSecurity ID:\t\tNULL SID
\tAccount Name:\t\t-
\tAccount Domain:\t\t-
\tLogon ID:\t\t0x0

Logon Type:\t\t\t3

Account For Which Logon Failed:
\tSecurity ID:\t\tNULL SID
\tAccount Name:\t\tREPLICAHOST1$
\tAccount Domain:\t\tCONTOSO.COM

Failure Information:
\tFailure Reason:\t\tThe user has not been granted the requested logon type at this machine.
\tStatus:\t\t\t0xC000015B
\tSub Status:\t\t0x0

Process Information:
\tCaller Process ID:\t0x0
\tCaller Process Name:\t-

Network Information:
\tWorkstation Name:\tHOST1
\tSource Network Address:\t203.0.113.7
\tSource Port:\t\t49152

Detailed Authentication Information:
\tLogon Process:\t\tKerberos
\tAuthentication Package:\tKerberos
"""
PASSWORD = """The computer object associated with the cluster network name resource 'Cluster Name' could not be updated in domain 'contoso.local' during the
Password change operation.

The text for the associated error code is: The specified network password is not correct.


The cluster identity 'CLUS01$' may lack permissions required to update the object. Please work with your domain administrator.
"""  # noqa: E501


def sample(name: str) -> bytes:
    """The bytes of a sample, unpacked where it is packed."""
    packed = _FOLDER / f"{name}.gz"
    return gzip.decompress(packed.read_bytes()) if packed.exists() else (_FOLDER / name).read_bytes()


def events(reader: Reader, content: bytes | str, name: str = "x") -> list[Event]:
    """The events that a reader finds."""
    return [record for record in reader.read(artefact(name, content)) if isinstance(record, Event)]


def only_event(reader: Reader, content: bytes | str, name: str = "x") -> Event:
    (event,) = events(reader, content, name)
    return event
