"""RC-05: register a resource provider in a subscription."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.declared import declared_registration
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, az, remedy


@remedy(
    name="register-provider",
    title="Register the resource provider",
    risk=Risk.SAFE,
    reversible=False,
    portal="Subscriptions > (the subscription) > Settings > Resource providers > (the namespace) > Register",
)
def register_provider(finding: Finding, estate: Estate) -> Prescription | None:
    """POST register, then wait until `registrationState` is `Registered`; harmless, though not taken back."""
    namespace = finding.details.get("namespace")
    if namespace is None:
        return None
    subscription = ids.subscription_of(finding.resource_id)
    path = f"{ids.provider_id(subscription, namespace)}/register"
    line = az("provider", "register", "--namespace", namespace, "--subscription", subscription, "--wait")
    call = ArmCall(method="POST", path=path, api_version="2021-04-01")
    return Prescription(calls=(call,), az=(line,), terraform=declared_registration(namespace))
