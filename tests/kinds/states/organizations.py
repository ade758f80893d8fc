"""Random States of the Organizations kinds, in the sandbox's organization of five accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from iamfix.kinds import organization, organization_account, organizational_unit, organizations_policies, root_access
from iamfix.kinds.organization_account import Contact
from iamfix.model import Call
from iamfix.policy.document import Document
from tests.kinds.states.iam import tags

_TARGETS = ("root", "workloads", "workloads/prod", "sandbox", "payments-prod", "sandbox-alice")
_SERVICES = ("account.amazonaws.com", "iam.amazonaws.com", "access-analyzer.amazonaws.com")
_TYPES = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY", "AISERVICES_OPT_OUT_POLICY")
_texts = st.sampled_from(("", "what it is for", "für zwei"))


def _policies(*contents: Any) -> st.SearchStrategy[Any]:
    return st.builds(
        organizations_policies.State,
        content=st.sampled_from(contents).map(Document.parse), description=_texts,
        targets=st.frozensets(st.sampled_from(_TARGETS)), tags=tags, id=st.none(), aws_managed=st.just(False),
    )  # fmt: skip


def _deny(**elements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Resource": "*", **elements}]}


def _organization(services: frozenset[str]) -> st.SearchStrategy[Any]:
    accounts = st.frozensets(st.sampled_from(("payments-prod", "data-prod")), min_size=1)
    keys = st.sampled_from(sorted(services)) if services else st.nothing()
    return st.builds(
        organization.State,
        features=st.just("ALL"), policy_types=st.frozensets(st.sampled_from(_TYPES)),
        trusted_services=st.just(services), delegated_administrators=st.dictionaries(keys, accounts),
        resource_policy=st.none() | st.sampled_from(("organizations:List*", "organizations:Describe*")).map(_resource),
        id=st.none(), root_id=st.none(), management=st.none(),
    )  # fmt: skip


def _resource(action: str) -> Document:
    statement = {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": action, "Resource": "*"}
    return Document.parse({"Version": "2012-10-17", "Statement": [statement]})


_contacts = st.none() | st.builds(
    Contact,
    name=st.sampled_from(("Ann", "The team")),
    title=st.just("SOC"),
    email=st.just("a@example.com"),
    phone=st.just("+1 555"),
)

STATES: Mapping[str, st.SearchStrategy[Any]] = {
    "organization": st.frozensets(st.sampled_from(_SERVICES)).flatmap(_organization),
    "organizational_unit": st.builds(
        organizational_unit.State, tags=tags, id=st.none(), accounts=st.just(frozenset()), units=st.just(frozenset()),
    ),
    "organization_account": st.builds(
        organization_account.State,
        email=st.just("aws+payments-dev@example.com"), ou=st.sampled_from(("root", "workloads/prod", "sandbox")),
        tags=tags, billing_contact=_contacts, operations_contact=_contacts, security_contact=_contacts,
        id=st.none(), account_name=st.none(), status=st.just("ACTIVE"), management=st.just(False), joined=st.none(),
    ),
    "root_access": st.builds(root_access.State, credentials_management=st.booleans(), sessions=st.booleans()),
    "scp": _policies(
        _deny(Action="s3:PutObject"), _deny(Action="s3:Get*", Condition={"Null": {"aws:TagKeys": "true"}})
    ),
    "rcp": _policies(_deny(Principal="*", Action="s3:PutObject"), _deny(Principal="*", Action=["sqs:*", "s3:*"])),
    "tag_policy": _policies(
        {"tags": {"Env": {"tag_key": {"@@assign": "Env"}}}}, {"tags": {"Env": {"tag_value": {"@@assign": ["a", "b"]}}}}
    ),
    "ai_opt_out_policy": _policies(
        {"services": {"default": {"opt_out_policy": {"@@assign": "optOut"}}}},
        {"services": {"lex": {"opt_out_policy": {"@@assign": "optIn"}}}},
    ),
}  # fmt: skip

NAMES: Mapping[str, str] = {
    "organization": "organization",
    "organizational_unit": "workloads/thing",
    "organization_account": "payments-dev",
    "root_access": "root_access",
}
EXAMPLES: Mapping[str, int] = {
    "organization": 25,
    "root_access": 25,
    "organizational_unit": 25,
    "organization_account": 25,
}
_ROOT = "r-prac"
SURROUNDINGS: tuple[Call, ...] = (
    Call("organizations", "enable_aws_service_access", {"ServicePrincipal": "account.amazonaws.com"}),
    Call("organizations", "enable_aws_service_access", {"ServicePrincipal": "iam.amazonaws.com"}),
    Call("iam", "enable_organizations_root_credentials_management", {}),
    *(
        Call("organizations", "enable_policy_type", {"RootId": _ROOT, "PolicyType": one})
        for one in _TYPES
        if one != "SERVICE_CONTROL_POLICY"
    ),
    Call("organizations", "list_roots", {}),
)
