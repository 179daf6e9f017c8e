"""Configuration assignments as the remedies put and delete them: the request's version and the `az` words."""

from aumdoctor.model import ids

API_VERSION = "2023-04-01"


def az_words(resource_id: str, name: str) -> tuple[str, ...]:
    """What names an assignment on a machine to `az maintenance assignment` (an extension of az)."""
    machine = ids.parse(resource_id)
    provider, _, resource_type = machine.type.partition("/")
    return (
        *("--configuration-assignment-name", name, "--provider-name", provider, "--resource-type", resource_type),
        *("--resource-name", machine.name, "--resource-group", machine.resource_group),
        *("--subscription", machine.subscription),
    )
