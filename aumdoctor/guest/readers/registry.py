"""All readers, in the order in which they are asked: the first that knows an artefact reads it.

What wraps other outputs comes first, then what is known by its own bytes or its own JSON, then logs by their form, and
last what is known by single lines in any text.
"""

from __future__ import annotations

from aumdoctor.guest.reader import Reader
from aumdoctor.guest.readers.aggregate_status import AGGREGATE_STATUS
from aumdoctor.guest.readers.command_outputs import COMMAND_OUTPUTS
from aumdoctor.guest.readers.core_log import core_log
from aumdoctor.guest.readers.event_csv import event_csv
from aumdoctor.guest.readers.event_json import event_json
from aumdoctor.guest.readers.event_text import event_text
from aumdoctor.guest.readers.event_xml import event_xml
from aumdoctor.guest.readers.evtx import evtx
from aumdoctor.guest.readers.ext_log import ext_log
from aumdoctor.guest.readers.extension_state import extension_state
from aumdoctor.guest.readers.linux_outputs import linux_config, linux_log, linux_outputs
from aumdoctor.guest.readers.patch_status import patch_status_file
from aumdoctor.guest.readers.probe import PROBE
from aumdoctor.guest.readers.reporting_events import REPORTING_EVENTS
from aumdoctor.guest.readers.run_command import RUN_COMMAND
from aumdoctor.guest.readers.settings import settings
from aumdoctor.guest.readers.troubleshooter import TROUBLESHOOTER
from aumdoctor.guest.readers.waagent_log import waagent_log
from aumdoctor.guest.readers.windows_update_extension_log import WINDOWS_UPDATE_EXTENSION_LOG
from aumdoctor.guest.readers.windows_update_log import WINDOWS_UPDATE_LOG

READERS: tuple[Reader, ...] = (
    evtx,
    RUN_COMMAND,
    TROUBLESHOOTER,
    PROBE,
    patch_status_file,
    settings,
    extension_state,
    AGGREGATE_STATUS,
    linux_config,
    event_xml,
    event_json,
    REPORTING_EVENTS,
    core_log,
    ext_log,
    waagent_log,
    WINDOWS_UPDATE_EXTENSION_LOG,
    WINDOWS_UPDATE_LOG,
    linux_log,
    event_csv,
    event_text,
    COMMAND_OUTPUTS,
    linux_outputs,
)

WINDOWS_TEXTS = (event_text, COMMAND_OUTPUTS)
"""What people paste into one file: both are asked where one knows a text, and where nobody knows its beginning."""
