"""All known issues of the guest: those of updating, then those of Windows Server beside it."""

from aumdoctor.guest.issue import Issue
from aumdoctor.guest.issues.updating import ISSUES_OF_UPDATING
from aumdoctor.guest.issues.windows_server import ISSUES_OF_WINDOWS_SERVER

ISSUES: tuple[Issue, ...] = (*ISSUES_OF_UPDATING, *ISSUES_OF_WINDOWS_SERVER)
