"""What a new account answers while AWS is still setting it up, although Organizations says that it is made.

Sources: AWS's own samples and issue threads of tools that make accounts: roles that cannot be assumed, IAM and EC2 that
ask for a subscription, EC2 that is pending verification; each for a while.
"""

from __future__ import annotations

from iamfix.sandbox.cloud import Cloud
from iamfix.sandbox.errors import AwsError

_ASSUMABLE, _SUBSCRIBED = 1 / 3, 2 / 3
"""How far on its way an account must be for its roles to be assumed, and for its services to be subscribed to."""


def assumable(cloud: Cloud, account: str) -> bool:
    """Whether the roles of an account can be assumed already."""
    found = cloud.accounts.get(account)
    return found is None or found.readiness(cloud.clock.now()) >= _ASSUMABLE


def check_usable(cloud: Cloud, account: str, service: str) -> None:
    """Raise what a service answers to a caller of an account that is not ready for it."""
    found = cloud.accounts.get(account)
    ready = 1.0 if found is None else found.readiness(cloud.clock.now())
    if ready >= 1 or service == "sts":
        return
    if service == "ec2" and ready >= _SUBSCRIBED:
        told = "Your request for accessing resources in this region is being validated."
        raise AwsError("PendingVerification", told, status=400)
    if ready < _SUBSCRIBED:
        code = "OptInRequired" if service == "ec2" else "SubscriptionRequiredException"
        raise AwsError(code, "The AWS Access Key Id needs a subscription for the service", status=403)
