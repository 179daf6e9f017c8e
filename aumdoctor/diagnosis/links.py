"""The links of the chain that patching a machine hangs on, and which check looks after which."""

from __future__ import annotations

from enum import StrEnum


class Link(StrEnum):
    """What has to hold, in the order in which one thing needs the other; also the order in which to cure.

    PROVIDER: the subscription can use the services. POLICY: Azure Policy configures machines as it is told to.
    PATCH_MODE: patch mode and bypass flag leave the machine to its schedule. ASSESSMENT: it is assessed periodically.
    ASSIGNMENT: a static assignment or dynamic scope ties it to a schedule. SCHEDULE: the schedule itself can run.
    POWER: the machine is up and may be changed. AGENT: Azure reaches into it. EXTENSION: what assesses and installs is
    there and supports the system. LAST_RESULT: the last assessment and installation succeeded.
    """

    PROVIDER = "provider"
    POLICY = "policy"
    PATCH_MODE = "patch-mode"
    ASSESSMENT = "assessment"
    ASSIGNMENT = "assignment"
    SCHEDULE = "schedule"
    POWER = "power"
    AGENT = "agent"
    EXTENSION = "extension"
    LAST_RESULT = "last-result"


LINKS: dict[str, Link] = {
    "AUM002": Link.POLICY,
    "AUM003": Link.POLICY,
    "AUM004": Link.POLICY,
    "AUM005": Link.PROVIDER,
    "AUM006": Link.ASSIGNMENT,
    "AUM007": Link.PATCH_MODE,
    "AUM008": Link.LAST_RESULT,
    "AUM009": Link.SCHEDULE,
    "AUM010": Link.SCHEDULE,
    "AUM011": Link.LAST_RESULT,
    "AUM012": Link.POWER,
    "AUM013": Link.LAST_RESULT,
    "AUM014": Link.EXTENSION,
    "AUM015": Link.EXTENSION,
    "AUM016": Link.EXTENSION,
    "AUM017": Link.EXTENSION,
    "AUM018": Link.EXTENSION,
    "AUM023": Link.EXTENSION,
    "AUM024": Link.LAST_RESULT,
    "AUM025": Link.LAST_RESULT,
    "AUM026": Link.LAST_RESULT,
    "AUM027": Link.LAST_RESULT,
    "AUM028": Link.LAST_RESULT,
    "AUM029": Link.LAST_RESULT,
    "AUM030": Link.PATCH_MODE,
    "AUM031": Link.PATCH_MODE,
    "AUM032": Link.PATCH_MODE,
    "AUM033": Link.ASSIGNMENT,
    "AUM034": Link.PATCH_MODE,
    "AUM035": Link.PATCH_MODE,
    "AUM036": Link.PATCH_MODE,
    "AUM037": Link.PATCH_MODE,
    "AUM038": Link.AGENT,
    "AUM039": Link.ASSESSMENT,
    "AUM040": Link.SCHEDULE,
    "AUM041": Link.PATCH_MODE,
    "AUM042": Link.AGENT,
    "AUM043": Link.AGENT,
    "AUM044": Link.POWER,
    "AUM045": Link.PROVIDER,
    "AUM046": Link.PROVIDER,
    "AUM047": Link.PROVIDER,
    "AUM048": Link.PROVIDER,
    "AUM049": Link.EXTENSION,
    "AUM050": Link.EXTENSION,
    "AUM051": Link.ASSIGNMENT,
    "AUM052": Link.PATCH_MODE,
    "AUM053": Link.EXTENSION,
    "AUM054": Link.EXTENSION,
    "AUM055": Link.POLICY,
    "AUM056": Link.SCHEDULE,
    "AUM057": Link.SCHEDULE,
    "AUM058": Link.SCHEDULE,
    "AUM059": Link.SCHEDULE,
    "AUM060": Link.SCHEDULE,
    "AUM061": Link.SCHEDULE,
    "AUM062": Link.SCHEDULE,
    "AUM063": Link.SCHEDULE,
    "AUM064": Link.SCHEDULE,
    "AUM065": Link.SCHEDULE,
    "AUM066": Link.SCHEDULE,
    "AUM067": Link.SCHEDULE,
    "AUM068": Link.SCHEDULE,
    "AUM069": Link.SCHEDULE,
    "AUM070": Link.ASSIGNMENT,
    "AUM071": Link.SCHEDULE,
    "AUM072": Link.ASSIGNMENT,
    "AUM073": Link.ASSIGNMENT,
    "AUM074": Link.PROVIDER,
    "AUM075": Link.ASSIGNMENT,
    "AUM077": Link.SCHEDULE,
    "AUM078": Link.SCHEDULE,
    "AUM079": Link.SCHEDULE,
    "AUM080": Link.SCHEDULE,
    "AUM081": Link.SCHEDULE,
    "AUM082": Link.SCHEDULE,
    "AUM083": Link.SCHEDULE,
    "AUM084": Link.LAST_RESULT,
    "AUM087": Link.LAST_RESULT,
    "AUM089": Link.SCHEDULE,
    "AUM117": Link.AGENT,
    "AUM118": Link.AGENT,
    "AUM119": Link.AGENT,
    "AUM120": Link.EXTENSION,
    "AUM121": Link.PROVIDER,
    "AUM122": Link.AGENT,
    "AUM123": Link.EXTENSION,
    "AUM124": Link.AGENT,
    "AUM125": Link.EXTENSION,
    "AUM126": Link.PATCH_MODE,
    "AUM127": Link.PROVIDER,
    "AUM128": Link.EXTENSION,
    "AUM129": Link.LAST_RESULT,
    "AUM130": Link.LAST_RESULT,
    "AUM131": Link.LAST_RESULT,
    "AUM132": Link.LAST_RESULT,
    "AUM133": Link.LAST_RESULT,
    "AUM134": Link.LAST_RESULT,
    "AUM135": Link.LAST_RESULT,
    "AUM136": Link.LAST_RESULT,
    "AUM137": Link.LAST_RESULT,
    "AUM139": Link.PROVIDER,
    "AUM141b": Link.PATCH_MODE,
    "AUM141c": Link.PATCH_MODE,
    "AUM142": Link.ASSESSMENT,
    "WS001": Link.LAST_RESULT,
}
"""The link that each check looks after, by check id."""


def link_of(check_id: str) -> Link:
    """The link of a check. One that is not in the table is put at the end, where nothing is hidden behind it."""
    return LINKS.get(check_id, Link.LAST_RESULT)


POSITION: dict[Link, int] = {link: position for position, link in enumerate(Link)}
