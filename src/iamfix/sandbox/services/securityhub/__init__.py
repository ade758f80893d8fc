"""Security Hub: on or off in a region, with its standards, and nothing that it would find."""

from __future__ import annotations

from dataclasses import dataclass, replace

from iamfix.sandbox.call import Answer, Call, Handler, Service, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.store import Store, Visibility

STANDARDS = (
    "standards/aws-foundational-security-best-practices/v/1.0.0",
    "standards/cis-aws-foundations-benchmark/v/1.4.0",
    "standards/cis-aws-foundations-benchmark/v/3.0.0",
    "standards/cis-aws-foundations-benchmark/v/5.0.0",
    "standards/nist-800-53/v/5.0.0",
    "standards/pci-dss/v/3.2.1",
    "ruleset/cis-aws-foundations-benchmark/v/1.2.0",
)
BY_DEFAULT = (STANDARDS[0], STANDARDS[-1])


@dataclass(frozen=True)
class Hub:
    """A region's hub. `standards` are named as in their ARNs."""

    since: str
    auto_enable: bool
    generator: str
    standards: frozenset[str]


class SecurityHubState:
    """The hubs of an account, by region."""

    def __init__(self, visibility: Visibility) -> None:
        self.hubs: Store[Hub] = Store(visibility)


def _take(call: Call) -> Hub:
    found = call.state(SecurityHubState).hubs.seen(call.region, call.replica)
    if found is None:
        told = f"Account {call.account} is not subscribed to AWS Security Hub"
        raise AwsError("InvalidAccessException", told, status=401)
    return call.state(SecurityHubState).hubs.latest(call.region) or found


def _arn(call: Call, standard: str) -> str:
    region = "" if standard.startswith("ruleset/") else call.region
    return f"arn:{call.partition}:securityhub:{region}::{standard}"


def _shown(call: Call, standard: str) -> dict[str, object]:
    own = f"arn:{call.partition}:securityhub:{call.region}:{call.account}"
    return {
        "StandardsSubscriptionArn": f"{own}:subscription/{standard.split('/', 1)[1]}",
        "StandardsArn": _arn(call, standard),
        "StandardsInput": {},
        "StandardsStatus": "READY",
    }


def enable_security_hub(call: Call) -> Answer:
    """EnableSecurityHub: with two standards unless told otherwise."""
    hubs = call.state(SecurityHubState).hubs
    if hubs.latest(call.region) is not None:
        raise AwsError("ResourceConflictException", "Account is already subscribed to Security Hub", status=409)
    defaults = call.params.get("EnableDefaultStandards")
    standards = frozenset(BY_DEFAULT if defaults in (None, True) else ())
    generator = call.params.get("ControlFindingGenerator") or "SECURITY_CONTROL"
    hubs.put(call.region, Hub(call.cloud.now().isoformat(), True, generator, standards))
    return {}


def disable_security_hub(call: Call) -> Answer:
    """DisableSecurityHub."""
    _take(call)
    call.state(SecurityHubState).hubs.delete(call.region)
    return {}


def describe_hub(call: Call) -> Answer:
    """DescribeHub."""
    found = _take(call)
    return {
        "HubArn": f"arn:{call.partition}:securityhub:{call.region}:{call.account}:hub/default",
        "SubscribedAt": found.since,
        "AutoEnableControls": found.auto_enable,
        "ControlFindingGenerator": found.generator,
    }


def update_configuration(call: Call) -> Answer:
    """UpdateSecurityHubConfiguration: what is not named stays."""
    found = _take(call)
    auto = call.params.get("AutoEnableControls")
    changed = replace(
        found,
        auto_enable=found.auto_enable if auto is None else auto,
        generator=call.params.get("ControlFindingGenerator") or found.generator,
    )
    call.state(SecurityHubState).hubs.put(call.region, changed)
    return {}


def get_enabled_standards(call: Call) -> Answer:
    """GetEnabledStandards."""
    found = sorted(_take(call).standards)
    some, token = page(call, found, size_param="MaxResults", token_param="NextToken")
    return {"StandardsSubscriptions": [_shown(call, one) for one in some], "NextToken": token}


def batch_enable_standards(call: Call) -> Answer:
    """BatchEnableStandards: those that there are."""
    found, known = _take(call), {_arn(call, one): one for one in STANDARDS}
    asked = [request["StandardsArn"] for request in call.params["StandardsSubscriptionRequests"]]
    if unknown := [arn for arn in asked if arn not in known]:
        raise AwsError("InvalidInputException", f"Invalid parameter: {unknown[0]} is no standard.")
    names = [known[arn] for arn in asked]
    call.state(SecurityHubState).hubs.put(call.region, replace(found, standards=found.standards | set(names)))
    return {"StandardsSubscriptions": [_shown(call, one) for one in names]}


def batch_disable_standards(call: Call) -> Answer:
    """BatchDisableStandards: by their subscriptions."""
    found = _take(call)
    known = {str(_shown(call, one)["StandardsSubscriptionArn"]): one for one in found.standards}
    if unknown := [arn for arn in call.params["StandardsSubscriptionArns"] if arn not in known]:
        raise AwsError("InvalidInputException", f"Invalid parameter: {unknown[0]} is no subscription.")
    names = [known[arn] for arn in call.params["StandardsSubscriptionArns"]]
    call.state(SecurityHubState).hubs.put(call.region, replace(found, standards=found.standards - set(names)))
    return {"StandardsSubscriptions": [_shown(call, one) for one in names]}


_OPERATIONS: dict[str, Handler] = {
    "EnableSecurityHub": enable_security_hub,
    "DisableSecurityHub": disable_security_hub,
    "DescribeHub": describe_hub,
    "UpdateSecurityHubConfiguration": update_configuration,
    "GetEnabledStandards": get_enabled_standards,
    "BatchEnableStandards": batch_enable_standards,
    "BatchDisableStandards": batch_disable_standards,
}
SERVICE = Service("securityhub", _OPERATIONS, moto=False)
