"""Advice: ask Azure less at once."""

from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, remedy


@remedy(
    name="scan-slower",
    title="Scan again with fewer requests at once",
    risk=Risk.ADVICE,
    reversible=False,
)
def scan_slower(finding: Finding, estate: Estate) -> Prescription | None:
    """Nothing is changed in Azure: its limits are met by asking less. The finding names what was refused
    (`details.scope`)."""
    if "scope" not in finding.details:
        return None
    return Prescription(
        steps=(
            "Scan again with fewer requests under way at once, for example --concurrency 8, and without a --timeout.",
            "Scan a part of the estate at a time (--subscription, --management-group), or at a quieter hour.",
            "Where other tools sign in as the same principal, give the scan an identity of its own: Azure counts "
            "requests for each.",
        )
    )
