"""Every remedy, by hand, and the one place that makes them out for a finding."""

from aumdoctor.checks.check import Check
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.allow_extension_operations import allow_extension_operations
from aumdoctor.remedies.register_provider import register_provider
from aumdoctor.remedies.remedy import Remedy, RemedyKind

REMEDIES: tuple[RemedyKind, ...] = (
    allow_extension_operations,
    register_provider,
)

BY_NAME = {kind.name: kind for kind in REMEDIES}


def remedies_for(finding: Finding, check: Check, estate: Estate) -> tuple[Remedy, ...]:
    """The remedies of a finding's check made out for it, best first."""
    prescribed = (BY_NAME[name].prescribe(finding, estate) for name in check.remedies)
    return tuple(remedy for remedy in prescribed if remedy is not None)
