"""Finding users, groups, roles and policies, as one replica shows them.

`see_*` are for reads: what the replica shows. `take_*` are for writes: the replica must show it, and it must still be
there; the value is the last one written, so that no write is lost.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Protocol, TypeVar

from iamfix.sandbox.call import Call
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam import aws_policies
from iamfix.sandbox.services.iam.state import ROOT, Group, IamState, Policy, Role, User
from iamfix.sandbox.store import Store


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


def iam(call: Call) -> IamState:
    """IAM's state in the called account."""
    return call.state(IamState)


def no_such_entity(message: str) -> AwsError:
    """The answer to a name that does not exist."""
    return AwsError("NoSuchEntity", message)


def see(call: Call, store: Store[N], word: str, name: str) -> N:
    """The thing of that name as the replica shows it. `word` is IAM's word for it. Raises NoSuchEntity."""
    found = store.seen(name.lower(), call.replica)
    if found is None or found.name != name:
        raise no_such_entity(f"The {word} with name {name} cannot be found.")
    return found


def take(call: Call, store: Store[N], word: str, name: str) -> N:
    """The thing of that name as last written, if the replica shows it too. Raises NoSuchEntity."""
    see(call, store, word, name)
    found = store.latest(name.lower())
    if found is None or found.name != name:
        raise no_such_entity(f"The {word} with name {name} cannot be found.")
    return found


def see_user(call: Call, name: str) -> User:
    """A user, for reading; the root user by the name that `caller_user_name` gives it."""
    if name == ROOT:
        return replace(iam(call).root, id=call.account)
    return see(call, iam(call).users, "user", name)


def take_user(call: Call, name: str) -> User:
    """A user, for writing; the root user too."""
    if name == ROOT:
        return see_user(call, name)
    return take(call, iam(call).users, "user", name)


def see_group(call: Call, name: str) -> Group:
    """A group, for reading."""
    return see(call, iam(call).groups, "group", name)


def take_group(call: Call, name: str) -> Group:
    """A group, for writing."""
    return take(call, iam(call).groups, "group", name)


def see_role(call: Call, name: str) -> Role:
    """A role, for reading."""
    return see(call, iam(call).roles, "role", name)


def take_role(call: Call, name: str) -> Role:
    """A role, for writing. Raises UnmodifiableEntity for roles that only AWS may change."""
    role = take(call, iam(call).roles, "role", name)
    if role.protected:
        raise AwsError(
            "UnmodifiableEntity",
            f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS",
        )
    return role


def see_policy(call: Call, arn: str, message: str | None = None) -> Policy:
    """A managed policy of the account or of AWS, for reading."""
    check_policy_arn(arn)
    aws = aws_policies.by_arn(call.partition).get(arn)
    if aws is not None:
        return aws
    found = iam(call).policies.seen(arn.rsplit("/", 1)[-1].lower(), call.replica)
    if found is None or found.arn != arn:
        raise no_such_entity(message or f"Policy {arn} was not found.")
    return found


def take_policy(call: Call, arn: str, message: str | None = None) -> Policy:
    """A customer managed policy, for writing. AWS's own policies cannot be written: AccessDenied."""
    seen = see_policy(call, arn, message)
    if is_aws_policy(arn):
        raise AwsError("AccessDenied", f"The policy {arn} belongs to AWS and cannot be changed.", status=403)
    found = iam(call).policies.latest(seen.name.lower())
    if found is None or found.arn != arn:
        raise no_such_entity(message or f"Policy {arn} was not found.")
    return found


def is_aws_policy(arn: str) -> bool:
    """Whether a policy ARN is one of AWS's managed policies."""
    return arn.split(":")[4:5] == ["aws"]


def check_policy_arn(arn: str) -> None:
    """Raise InvalidInput unless a text has the form of a policy's ARN."""
    if not re.fullmatch(r"arn:[a-z-]+:iam::(aws|[0-9]{12}):policy/[\x21-\x7e]+", arn):
        raise AwsError("InvalidInput", f"ARN {arn} is not valid.")


def policy_named(call: Call, arn: str) -> str:
    """The name at the end of a policy's ARN."""
    return arn.rsplit("/", 1)[-1]
