"""Errors that a person reads: what went wrong, where, and what to do next. `cli` prints them; nothing else does."""

from __future__ import annotations


class AumDoctorError(Exception):
    """Ends a command with one message. `advice` is the next step, `exit_code` what the process ends with."""

    exit_code = 2

    def __init__(self, message: str, *, advice: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class UsageError(AumDoctorError):
    """An option, a configuration file or a file given by the user is wrong."""


class UnreadableError(AumDoctorError):
    """Nothing in scope could be read (no credential, no network, no permission)."""

    exit_code = 3
