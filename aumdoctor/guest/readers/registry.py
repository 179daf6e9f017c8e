"""All readers, in the order in which they are asked: the first that knows an artefact reads it.

What wraps other outputs comes first, then what is known by its own bytes, then logs by their form, and last what is
known by single lines in any text.
"""

from __future__ import annotations

from aumdoctor.guest.reader import Reader
from aumdoctor.guest.readers.probe import PROBE
from aumdoctor.guest.readers.run_command import RUN_COMMAND
from aumdoctor.guest.readers.troubleshooter import TROUBLESHOOTER

READERS: tuple[Reader, ...] = (RUN_COMMAND, TROUBLESHOOTER, PROBE)
