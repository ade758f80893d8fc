"""Random States of the IAM kinds, and what must exist around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from iamfix.kinds import iam_group, iam_managed_policy, iam_password_policy, iam_role, iam_user
from iamfix.model import Call
from iamfix.policy.document import Document

USERS = ("ann", "bob", "cyd")
POLICIES = ("One", "Two", "Three")
ARNS = (
    *(f"arn:aws:iam::111111111111:policy/{name}" for name in POLICIES),
    "arn:aws:iam::aws:policy/ReadOnlyAccess",
    "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess",
)


def allow(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def _trust(service: str) -> Document:
    statement = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return Document.parse({"Version": "2012-10-17", "Statement": [statement]}, trust=True)


TRUST_EC2 = _trust("ec2").json()

documents = st.sampled_from(("s3:GetObject", "s3:PutObject", "sqs:*", "ec2:Describe*")).map(
    lambda action: Document.parse(allow(action))
)
paths = st.sampled_from(("/", "/app/", "/people/eu/"))
attached = st.frozensets(st.sampled_from(ARNS), max_size=4)
inline = st.dictionaries(st.sampled_from(("first", "second", "third+x")), documents, max_size=3)
tags = st.dictionaries(st.sampled_from(("Owner", "Env", "Cost.Center")), st.sampled_from(("", "a", "b c")), max_size=3)
boundaries = st.none() | st.sampled_from(ARNS)

STATES: Mapping[str, st.SearchStrategy[Any]] = {
    "iam_group": st.builds(
        iam_group.State, path=paths, managed_policies=attached, inline_policies=inline,
        users=st.frozensets(st.sampled_from(USERS)), created=st.none(),
    ),
    "iam_user": st.builds(
        iam_user.State, path=paths, managed_policies=attached, inline_policies=inline, permissions_boundary=boundaries,
        tags=tags, console_access=st.booleans(), groups=st.just(frozenset()), mfa_devices=st.just(()),
        access_keys=st.just(()), other_credentials=st.just(()), password_last_used=st.none(), created=st.none(),
    ),
    "iam_role": st.builds(
        iam_role.State, path=st.just("/app/"),
        assume_role_policy_document=st.sampled_from(("ec2", "lambda", "ecs-tasks")).map(_trust),
        description=st.sampled_from(("", "a role", "für zwei")), max_session_duration=st.sampled_from((3600, 7200)),
        managed_policies=attached, inline_policies=inline, permissions_boundary=boundaries, tags=tags,
        instance_profiles=st.just(frozenset()), created=st.none(), last_used=st.none(), unused_days=st.none(),
    ),
    "iam_managed_policy": st.builds(
        iam_managed_policy.State, path=st.just("/"), policy=documents, description=st.just("fixed"), tags=tags,
        versions=st.just({}), attached_to=st.just(frozenset()), boundary_of=st.just(frozenset()), created=st.none(),
    ),
    "iam_password_policy": st.builds(
        iam_password_policy.State, min_pw_length=st.integers(6, 24), require_symbols=st.booleans(),
        require_numbers=st.booleans(), require_uppercase=st.booleans(), require_lowercase=st.booleans(),
        allow_pw_change=st.booleans(), pw_max_age=st.sampled_from((0, 90)), pw_reuse_prevent=st.sampled_from((0, 24)),
        pw_expire=st.booleans(),
    ),
}  # fmt: skip
"""Every IAM kind that can be made, with random States."""

NAMES: Mapping[str, str] = {"iam_password_policy": "account"}

SURROUNDINGS = (
    *(Call("iam", "create_user", {"UserName": name}) for name in USERS),
    *(
        Call("iam", "create_policy", {"PolicyName": name, "PolicyDocument": Document.parse(allow("s3:*")).json()})
        for name in POLICIES
    ),
)
"""What the States above refer to."""
