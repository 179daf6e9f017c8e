"""The known issues of Windows Server beside updating, in the order of their numbers."""

from __future__ import annotations

from aumdoctor.guest.issue import Issue
from aumdoctor.guest.issues.cluster_password_update import cluster_password_update
from aumdoctor.guest.issues.power_off_at_logon_screen import power_off_at_logon_screen
from aumdoctor.guest.issues.replica_logon_denied import replica_logon_denied
from aumdoctor.guest.issues.schannel_record_splitting import schannel_record_splitting

ISSUES_OF_WINDOWS_SERVER: tuple[Issue, ...] = (
    cluster_password_update,
    power_off_at_logon_screen,
    schannel_record_splitting,
    replica_logon_denied,
)
