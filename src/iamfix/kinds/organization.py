"""The organization itself: its types of policies, trusted services, delegated administrators, and who may help."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from iamfix.fields import SET, Asked, FieldError, Map, PolicyDocument, Scalar, asked, seen
from iamfix.kinds import defaults
from iamfix.kinds import organizations_shared as org
from iamfix.kinds.organizations_names import account_name, account_names
from iamfix.kinds.protocol import Breach, Look, Reader, Scope, Want
from iamfix.model import UNREAD, Call, Mark, Result
from iamfix.organization_tree import Tree
from iamfix.policy.document import Document

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = "organization"
LANE = org.LANE
PLACE = org.PLACE
KEPT = "iamfix deletes no organization"
READS = (
    *org.TREE_READS,
    ("organizations", "list_aws_service_access_for_organization"),
    ("organizations", "list_delegated_administrators"),
    ("organizations", "list_delegated_services_for_account"),
    ("organizations", "describe_resource_policy"),
)
EXAMPLE = """\
- name: The organization
  organization:
    features: ALL
    policy_types: {include: [scp, rcp]}
    trusted_services: {include: [account.amazonaws.com, iam.amazonaws.com]}
"""

_POLICY = PolicyDocument(optional=True)
_PRINCIPAL = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")


class _Administrators(Map):
    """Services with accounts: one for which there is none is not in it, and so is taken away by an empty list."""

    def merge(self, before: Mapping[str, frozenset[str]], asked: Asked) -> dict[str, frozenset[str]]:
        return {service: accounts for service, accounts in Map.merge(self, before, asked).items() if accounts}


_ADMINISTRATORS = _Administrators(SET, "services, each with a list of accounts by name or id")


def _features(text: str, look: Look) -> str:
    """Return the features, which no call of iamfix changes once there is an organization. Raises FieldError."""
    there = look.get("organization", SINGLETON)
    if there is None or there.features == text:
        return text
    if text == "ALL":
        raise FieldError(
            "the organization has CONSOLIDATED_BILLING only, and to turn on all features asks every invited account "
            "to agree",
            "begin it by hand (`aws organizations enable-all-features`), and plan again once all have agreed",
        )
    raise FieldError(
        "the organization has all features, and AWS does not take them back", "features: ALL, or leave it out"
    )


def _policy_type(text: str, look: Look) -> str:
    """Return AWS's word for a type of policy that is given by it or by the name of its kind."""
    return org.POLICY_KINDS.get(text, text)


@dataclass(frozen=True, slots=True)
class State:
    features: str = asked(
        Scalar(str, "ALL or CONSOLIDATED_BILLING", choices=("ALL", "CONSOLIDATED_BILLING")),
        "What the organization is for: ALL features, or only one bill.", default="ALL", resolve=_features,
    )  # fmt: skip
    policy_types: frozenset[str] = asked(
        SET, "Types of policies that are enabled: scp, rcp, tag_policy, ai_opt_out_policy, or AWS's words.",
        default=frozenset(("SERVICE_CONTROL_POLICY",)), resolve=_policy_type,
    )  # fmt: skip
    trusted_services: frozenset[str] = asked(
        SET, "Services with trusted access, such as account.amazonaws.com.", default=frozenset()
    )
    delegated_administrators: Mapping[str, frozenset[str]] = asked(
        _ADMINISTRATORS, "Services with the accounts that administer them: their names or ids.", default={},
        resolve=account_name,
    )  # fmt: skip
    resource_policy: Document | Mark | None = asked(
        _POLICY,
        "Who outside the management account may manage policies; null for nobody.",
        default=None,
        detail=True,
        reads=("describe_resource_policy",),
    )
    id: str | None = seen("Its id, such as o-a1b2c3d4e5.", made=True)
    root_id: str | None = seen("Its root's id, such as r-ab12.", made=True)
    management: str | None = seen("The id of its management account.")


def observe(read: Reader, want: Want) -> dict[str, State]:
    tree = org.tree(read)
    if tree is None or not want.has(SINGLETON):
        return {}
    services = read.get("organizations", "list_aws_service_access_for_organization")["EnabledServicePrincipals"]
    state = State(
        features=tree.features,
        policy_types=frozenset(name for name, status in tree.policy_types.items() if status != "PENDING_DISABLE"),
        trusted_services=frozenset(one["ServicePrincipal"] for one in services),
        delegated_administrators=_administrators(read, tree),
        resource_policy=UNREAD,
        id=tree.id,
        root_id=tree.root_id,
        management=tree.management,
    )
    if "resource_policy" in want.details:
        found = read.find("organizations", "describe_resource_policy", "ResourcePolicyNotFound")
        text = None if found is None else found["ResourcePolicy"]["Content"]
        content = None if text is None else Document.parse(text, partition=read.account.partition)
        state = replace(state, resource_policy=content)
    return {SINGLETON: state}


def _administrators(read: Reader, tree: Tree) -> dict[str, frozenset[str]]:
    names, found = account_names(tree), dict[str, set[str]]()
    for one in read.get("organizations", "list_delegated_administrators")["DelegatedAdministrators"]:
        services = read.get("organizations", "list_delegated_services_for_account", AccountId=one["Id"])
        for service in services["DelegatedServices"]:
            found.setdefault(service["ServicePrincipal"], set()).add(names.get(one["Id"], one["Id"]))
    return {service: frozenset(accounts) for service, accounts in sorted(found.items())}


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if after is None:
        return
    old = before
    if old is None:
        yield Call("organizations", "create_organization", {"FeatureSet": after.features})
        # AWS enables service control policies with all features.
        old = State(after.features, frozenset(("SERVICE_CONTROL_POLICY",) if after.features == "ALL" else ()))
    yield from _type_calls(old.policy_types, after.policy_types, look)
    for service in sorted(after.trusted_services - old.trusted_services):
        yield Call("organizations", "enable_aws_service_access", {"ServicePrincipal": service})
    yield from _administrator_calls(old.delegated_administrators, after.delegated_administrators, look)
    for service in sorted(old.trusted_services - after.trusted_services):
        yield Call("organizations", "disable_aws_service_access", {"ServicePrincipal": service})
    if old.resource_policy != after.resource_policy and UNREAD not in (old.resource_policy, after.resource_policy):
        if isinstance(after.resource_policy, Document):
            yield Call("organizations", "put_resource_policy", {"Content": after.resource_policy.json()})
        else:
            yield Call("organizations", "delete_resource_policy", {})


def _type_calls(before: frozenset[str], after: frozenset[str], look: Look) -> Iterator[Call]:
    for verb, types in (("enable", after - before), ("disable", before - after)):
        for one in sorted(types):
            params = {"RootId": _root(look), "PolicyType": one}
            yield Call("organizations", f"{verb}_policy_type", params)


def _root(look: Look) -> org.Id:
    organization = look.get("organization", SINGLETON)
    if organization is not None and organization.root_id:
        return str(organization.root_id)
    return Result(look.address("organization", SINGLETON), "create_organization", "Roots.0.Id", "root_id")


def _administrator_calls(
    before: Mapping[str, frozenset[str]], after: Mapping[str, frozenset[str]], look: Look
) -> Iterator[Call]:
    old = {(service, account) for service, accounts in before.items() for account in accounts}
    new = {(service, account) for service, accounts in after.items() for account in accounts}
    for verb, pairs in (("register", new - old), ("deregister", old - new)):
        for service, account in sorted(pairs):
            params = {"AccountId": org.account_id(look, account), "ServicePrincipal": service}
            yield Call("organizations", f"{verb}_delegated_administrator", params)


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    for one in sorted(before.policy_types - (after.policy_types if after else before.policy_types)):
        yield f"all attachments of policies of the type {one}: enabling it again brings none back"


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    old = before or State(policy_types=after.policy_types, trusted_services=after.trusted_services)
    if after.policy_types and after.features != "ALL":
        yield Breach("types of policies need all features", "policy_types: []")
    for types in (old.policy_types - after.policy_types, old.trusted_services - after.trusted_services):
        for one in sorted(types):
            yield Breach(
                f"disabling {one} holds for every account of the organization",
                "keep it, or allow `whole-organization`",
                "whole-organization",
            )
    yield from _administrator_breaches(old, after, look)
    for service in sorted(after.trusted_services - old.trusted_services if before else after.trusted_services):
        if not _PRINCIPAL.fullmatch(service):
            yield Breach(f"{service!r} is no service principal", "such as access-analyzer.amazonaws.com")
    if before is not None and old.resource_policy != after.resource_policy:
        yield Breach(
            "it says who manages policies of every account",
            "allow `whole-organization`, if that is who shall",
            "whole-organization",
        )


def _administrator_breaches(old: State, after: State, look: Look) -> Iterator[Breach]:
    for service, accounts in after.delegated_administrators.items():
        if service not in after.trusted_services:
            yield Breach(f"{service} has administrators but no trusted access", "add it to trusted_services")
        for name in sorted(accounts - old.delegated_administrators.get(service, frozenset())):
            account = look.get("organization_account", name)
            if account is not None and account.management:
                yield Breach(
                    f"{name} is the management account, and AWS takes a member as administrator of {service}",
                    "name a member account",
                )
            elif account is not None and account.status != "ACTIVE":
                yield Breach(f"{name} is {account.status}, and cannot be administrator of {service}", "name another")


notes = defaults.no_notes
arn = defaults.no_arn
owner = defaults.no_owner
ripples = defaults.no_ripples
needs = defaults.own_needs
