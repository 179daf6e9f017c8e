"""`python -m benchmarks.one_by_one COUNT`: get COUNT VMs with their instance view, one after the other, by the SDK."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from azure.core.credentials import AccessToken
from azure.mgmt.compute import ComputeManagementClient


class _Token:
    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken(os.environ["AUMDOCTOR_ACCESS_TOKEN"], int(time.time()) + 3600)


def read(count: int) -> int:
    """Go through the subscriptions of the embedded Azure until `count` VMs were read. Returns how many were."""
    endpoint, bundle = os.environ["AUMDOCTOR_ARM_ENDPOINT"], os.environ["AUMDOCTOR_CA_BUNDLE"]
    seen = 0
    for subscription in _subscriptions(endpoint, bundle):
        client = ComputeManagementClient(
            _Token(),
            subscription,
            base_url=endpoint,
            credential_scopes=[f"{endpoint}/.default"],
            connection_verify=bundle,
        )
        for vm in client.virtual_machines.list_all():
            if seen == count:
                return seen
            group = str(vm.id).split("/")[4]
            client.virtual_machines.get(group, str(vm.name), expand="instanceView")
            seen += 1
    return seen


def _subscriptions(endpoint: str, bundle: str) -> list[str]:
    import requests

    answer = requests.get(
        f"{endpoint}/subscriptions?api-version=2022-12-01",
        headers={"Authorization": f"Bearer {os.environ['AUMDOCTOR_ACCESS_TOKEN']}"},
        verify=bundle,
        timeout=30,
    )
    answer.raise_for_status()
    return [each["subscriptionId"] for each in answer.json()["value"]]


if __name__ == "__main__":
    wanted = int(sys.argv[1])
    found = read(wanted)
    if found != wanted:
        sys.exit(f"only {found} VMs")
