"""AUM024: the package manager of a Linux machine does not reach its repositories."""

import re
from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import PatchError, errors_of
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine

_OF_THE_NETWORK = re.compile(
    r"could not resolve"
    r"|temporary failure (?:resolving|in name resolution)|name or service not known"
    r"|couldn'?t resolve"
    r"|curl error|\(curl\) error|curl#\d"
    r"|failed to fetch"
    r"|failed to download metadata"
    r"|cannot download repomd\.xml"
    r"|cannot find a valid baseurl for repo|could not retrieve mirrorlist"
    r"|cannot retrieve (?:metalink|repository metadata)"
    r"|failed to retrieve new repository metadata"
    r"|errors? during downloading metadata"
    r"|could not connect to|unable to connect to|failed (?:to )?connect to|cannot initiate the connection"
    r"|connection (?:timed out|refused|reset)"
    r"|timeout (?:was )?(?:exceeded|reached)|timeout on https?:|operation timed out"
    r"|no route to host|network is unreachable",
    re.IGNORECASE,
)
_RETURN_CODE = re.compile(r"unexpected return code \(\d+\) from package manager", re.IGNORECASE)
_OF_ANOTHER_KIND = re.compile(
    r"dpkg --configure -a|package manager on machine is not healthy|type '(?:types|suites):' is not known"
    r"|expired ssl cert",
    re.IGNORECASE,
)
"""Texts of package managers that say what else is wrong: a broken dpkg, deb822 sources, expired certificates."""


@check(
    id="AUM024",
    name="linux-repositories-unreachable",
    severity=Severity.HIGH,
    applies_to=Subject.MACHINE,
    os="linux",
    needs=(Fact.ASSESSMENT, Fact.INSTALLATION),
    blocks=(Operation.ASSESS, Operation.INSTALL),
    remedies=("open-linux-repositories", "assess-now"),
    causes=("AUM130", "AUM131"),
    source="Azure Update Manager troubleshooting: Linux repositories aren't accessible; Azure/LinuxPatchExtension",
    seed="§22 Linux repositories aren't accessible",
)
def linux_repositories_unreachable(machine: Machine, context: Context) -> Iterator[Observation]:
    """The package manager reports that it cannot reach the repositories that the machine is configured with.

    ## Why it matters
    Updates come from the public or private repositories in the machine's own configuration, never from Azure Update
    Manager. A repository that is not reached stops the assessment and every installation.

    ## What to do
    Find the addresses in the machine's repository configuration, and let them through: network security group, route,
    firewall, proxy. Red Hat's RHUI servers answer only to addresses of Azure's datacentres, so that traffic sent
    through a company's own firewall is refused.

    ## When it is wrong
    Only the error texts of the last assessment and installation are judged; Azure keeps five of them, shortened. A
    return code of the package manager without a reason is reported with confidence medium. Texts which name another
    reason (a package manager that needs `dpkg --configure -a`, sources in a format the extension cannot read, expired
    certificates) are not reported here.
    """
    errors = errors_of(machine, "Failed", "CompletedWithWarnings")
    if not errors:
        return
    current = tuple(error for error in errors if not error.outlived) or errors
    outlived = all(error.outlived for error in current)
    of_another_kind = any(_OF_ANOTHER_KIND.search(error.text) for error in current)
    plain = tuple(
        error for error in current if _OF_THE_NETWORK.search(error.text) and not _OF_ANOTHER_KIND.search(error.text)
    )
    if plain:
        yield _observation(plain, "the package manager does not reach its repositories", outlived=outlived)
        return
    bare = tuple(error for error in current if _RETURN_CODE.search(error.text))
    if bare and not of_another_kind:
        yield _observation(
            bare,
            "the package manager ended with an error and gave no reason; most often a repository is not reached",
            confidence=Confidence.MEDIUM,
            outlived=outlived,
        )


def _observation(
    errors: tuple[PatchError, ...], message: str, *, outlived: bool, confidence: Confidence | None = None
) -> Observation:
    signs = tuple(error.sign for error in errors)
    if outlived:
        message = f"in the last installation {message}; an assessment has succeeded since then"
        return observe(message, *signs, severity=Severity.LOW, confidence=Confidence.MEDIUM)
    return observe(message, *signs, confidence=confidence)
