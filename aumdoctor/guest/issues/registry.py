"""All known issues of the guest, in the order of their numbers."""

from aumdoctor.guest.issue import Issue

ISSUES: tuple[Issue, ...] = ()
