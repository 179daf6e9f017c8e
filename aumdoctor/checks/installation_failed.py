"""AUM131: the last installation failed, or some of its updates did."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import assessed_since, errors_of, place, telling
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import Installation, Machine


@check(
    id="AUM131",
    name="installation-failed",
    severity=Severity.HIGH,
    applies_to=Subject.MACHINE,
    needs=(Fact.INSTALLATION,),
    uses=(Fact.ASSESSMENT,),
    remedies=("install-on-demand", "assess-now"),
    source="azure-docs: update-manager/workflow-update-manager.md, update-manager/query-logs.md",
)
def installation_failed(machine: Machine, context: Context) -> Iterator[Observation]:
    """The newest installation on the machine has the status `Failed`, or updates that failed.

    ## Why it matters
    One update that fails makes the whole run `Failed`, whatever else was installed. So does a restart that takes too
    long, a machine that does not come back, and an assessment that fails at the beginning or at the end of the run.

    ## What to do
    Read which updates failed (`patchinstallationresources/softwarepatches` in Resource Graph, or the run's page in the
    portal) and what the error says; `aumdoctor explain` knows the common ones. Then install those on demand, or wait
    for the next window.

    ## When it is wrong
    It tells of the last run, which may be weeks ago: what failed then may have been installed by other means. Where an
    assessment has succeeded since, or the run did not fail as a whole, it is reported as medium.
    """
    installation = machine.installation
    if installation is None:
        return
    failed = (installation.status or "").lower() == "failed"
    if not failed and not installation.failed_count:
        return
    signs: list[Sign] = [sign(place(installation, "status"), installation.status, "Succeeded")]
    count = ""
    if installation.failed_count:
        signs.append(sign(place(installation, "failedPatchCount"), installation.failed_count, 0))
        count = f"{installation.failed_count} update(s) failed"
    errors = [
        error for error in errors_of(machine, "Failed", "CompletedWithWarnings") if error.fact is Fact.INSTALLATION
    ]
    signs += [error.sign for error in errors]
    outlived = assessed_since(machine.assessment, installation)
    verdict = "failed" if failed else f"ended as {installation.status}"
    parts = (f"the last installation{_date(installation)} {verdict}", count, telling(errors))
    message = ": ".join(filter(None, parts))
    if outlived:
        message += " (an assessment has succeeded since then)"
    yield observe(message, *signs, severity=Severity.MEDIUM if outlived or not failed else None)


def _date(installation: Installation) -> str:
    ended = installation.last_modified or installation.started_at
    return f" of {ended:%Y-%m-%d}" if ended is not None else ""
