"""AUM114: a status of the patch extension that came with a golden image."""

from __future__ import annotations

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.verdicts import Judgement, known_issue
from aumdoctor.guest.issues.weighing import Ground, quotes_of
from aumdoctor.model.guest import Likelihood, Missing, PatchRequest, PatchStatus


@known_issue(
    id="AUM114",
    name="stale-extension-status-in-image",
    title="The machine was made from an image that has old statuses of the patch extension in it",
    source="Blake Drumm: Azure Update Manager and images with left-over status files (2025-06); "
    "azure-compute-docs: extensions/troubleshoot.md",
    explains=("AUM017",),
    remedies=("read-guest-log", "assess-now"),
    verification=("The extension's folder Status has no file whose number is above that of the newest .settings.",),
)
def stale_extension_status_in_image(evidence: Evidence) -> Judgement | None:
    """The extension's folder holds a status with a higher number than any request that was made of this machine.

    ## Why it matters
    Such a status is from the machine that the image was made of. It tells of updates and failures of another machine,
    and may be taken for the answer to a request that was never answered.

    ## What to do
    Delete the files above the newest request's number from the folder, then assess. Before an image is captured remove
    the patch extension, or empty its folders `RuntimeSettings` and `Status`.

    ## When it is wrong
    Where the newest `.settings` was not among the files that were collected, a genuine status looks left over.
    """
    orphans = [each for each in evidence.of(PatchStatus) if each.is_orphan]
    if not orphans:
        return None
    requests = [each.sequence for each in evidence.of(PatchRequest) if each.sequence is not None]
    newest = max(requests, default=None)
    numbers = sorted({each.sequence for each in orphans if each.sequence is not None})
    shown = ", ".join(str(number) for number in numbers[:5])
    return Judgement(
        likelihood=Likelihood.CONFIRMED if newest is not None else Likelihood.LIKELY,
        said=f"status {shown or 'files'} answers no request of this machine"
        + (f": the newest request is {newest}" if newest is not None else ""),
        evidence=quotes_of(
            evidence, (Ground(record=each, says="a status without a request; it is not judged") for each in orphans)
        ),
        missing=()
        if newest is not None
        else (
            Missing(
                what="the newest request in the extension's folder of settings",
                command=r"Get-ChildItem C:\Packages\Plugins\*Patch*\*\RuntimeSettings; "
                r"Get-ChildItem C:\Packages\Plugins\*Patch*\*\Status",
            ),
        ),
        details={"sequence": shown},
    )
