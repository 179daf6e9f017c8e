"""The built-in policies of Azure Update Manager and the roles that their identities need, by id.

Sources: Azure/azure-policy, `built-in-policies/policyDefinitions/Azure Update Manager`; Microsoft Learn, Azure built-in
roles; the troubleshooting article of Azure Update Manager for the role that is too small.
"""

from datetime import date

from aumdoctor.knowledge.dated import Table

PERIODIC_ASSESSMENT_VM = "59efceea-0c96-497e-a4a1-4eb2290dac15"
"""Configure periodic checking for missing system updates on Azure virtual machines (modify)."""

PERIODIC_ASSESSMENT_ARC = "bfea026e-043f-4ff4-9d1b-bf301ca7ff46"
"""Configure periodic checking for missing system updates on Azure Arc-enabled servers (modify)."""

PERIODIC_ASSESSMENT_AUDIT = "bd876905-5b84-4f73-ab2d-2e7a7c4568d9"
"""Machines should be configured to periodically check for missing system updates (audit). Its rule does not match VMs
without an OS profile, which it therefore calls compliant."""

SCHEDULE_RECURRING_UPDATES = "ba0df93e-e4ac-479a-aac2-134bbae39a1a"
"""Schedule recurring updates using Azure Update Manager (deployIfNotExists): attaches the machine to a maintenance
configuration and sets its patch mode."""

SCHEDULE_PREREQUISITES = "9905ca54-1471-49c6-8291-7582c04cd4d4"
"""Set prerequisites for scheduling recurring updates on Azure virtual machines (deployIfNotExists): patch mode
AutomaticByPlatform with `bypassPlatformSafetyChecksOnUserSchedule`."""

REPAIRING = frozenset(
    {PERIODIC_ASSESSMENT_VM, PERIODIC_ASSESSMENT_ARC, SCHEDULE_RECURRING_UPDATES, SCHEDULE_PREREQUISITES}
)
"""The policies that change machines, by an identity that needs rights for it."""

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
VIRTUAL_MACHINE_CONTRIBUTOR = "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"
"""May write VMs, but may not read the gallery image or disk encryption set that a VM refers to."""

TABLE = Table(
    name="policies",
    source="Azure/azure-policy: policyDefinitions/Azure Update Manager; Microsoft Learn: Azure built-in roles",
    as_of=date(2026, 11, 21),
    rows=len(REPAIRING) + 5,
)
