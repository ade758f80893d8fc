"""Who makes a request, and whether a `Principal` or `NotPrincipal` element means them.

Source: IAM User Guide, reference_policies_elements_principal and reference_policies_elements_notprincipal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Grant", "Principal", "PrincipalElement", "PrincipalKind", "parse_principal"]

PrincipalKind = Literal[
    "root", "user", "role", "session", "federated_user", "service", "federated", "canonical_user", "anonymous"
]
Grant = Literal["direct", "limited", "account"]
"""How an element names a principal: it itself (`direct`), the role or user behind its session (`limited`: boundary and
session policy still bound it), or only its account, which delegates the decision to the account's policies."""

_ARN = re.compile(r"arn:(aws[a-z0-9-]*):(iam|sts)::([0-9]{12}):(.+)", re.DOTALL)
_ACCOUNT = re.compile(r"[0-9]{12}")
_ID = re.compile(r"A(?:IDA|ROA)[A-Z0-9]+")
_CANONICAL = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]+)?(?:/[!-~]*)?", re.IGNORECASE)
"""An identity provider by its issuer, such as `accounts.google.com` or `oidc.eks.eu-west-1.amazonaws.com/id/X`."""
_SERVICE = re.compile(r"[a-z0-9.-]+\.(?:amazonaws\.com(?:\.cn)?|amazon\.com|aws\.internal|aws\.dev)")
_PROVIDERS = frozenset({"cognito-identity.amazonaws.com", "www.amazon.com"})
_SERVICE_LINKED = "AWSServiceRoleFor"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request.

    Attributes:
        kind: what it is. A `role` is some session of that role whose name does not matter.
        name: its ARN; a service's, provider's or canonical user's name; `*` for an anonymous caller.
        account: 12 digits, or None for services, identity providers and anonymous callers.
        partition: of the ARN, or None.
        role: ARN of the role behind a session, or None. Its path is missing where `path_known` is False.
        user: ARN of the user behind a federated user session, or None.
    """

    kind: PrincipalKind
    name: str
    account: str | None = None
    partition: str | None = None
    role: str | None = None
    user: str | None = None
    path_known: bool = True

    @property
    def service_linked(self) -> bool:
        """A service-linked role or its session: service control and resource control policies leave it alone."""
        if self.role is None:
            return False
        return ":role/aws-service-role/" in self.role or self.role.rpartition("/")[2].startswith(_SERVICE_LINKED)

    @property
    def in_account(self) -> bool:
        """Whether it belongs to an AWS account: policies of that account decide about it."""
        return self.account is not None

    def context(self) -> dict[str, tuple[str, ...]]:
        """The context keys (lower case) that follow from who it is; an empty tuple is a key known to be absent.

        Source: IAM User Guide, reference_policies_variables (principal key values) and
        reference_policies_condition-keys (properties of the principal).
        """
        if self.kind == "anonymous":
            return dict(_ANONYMOUS)
        service = self.kind == "service"
        result: dict[str, tuple[str, ...]] = {"aws:principalservicename": (self.name,) if service else ()}
        # An identity provider's token is no signature: its requests are not signed, and do not have this key.
        result["aws:principalisawsservice"] = () if self.kind == "federated" else ("true" if service else "false",)
        if self.kind != "user":
            result["aws:username"] = ()
        if self.account is None:
            result["aws:principalaccount"] = ()
            if service:
                result["aws:principalarn"] = ()
            return result
        result["aws:principalaccount"] = (self.account,)
        result["aws:principalarn"] = (self.role or self.name,)
        result["aws:principaltype"] = (_TYPES[self.kind],)
        if self.kind == "user":
            result["aws:username"] = (self.name.rpartition("/")[2],)
        elif self.kind == "root":
            result["aws:userid"] = (self.account,)
        elif self.kind == "federated_user":
            result["aws:userid"] = (f"{self.account}:{self.name.rpartition('/')[2]}",)
        return result

    def with_role(self, role: str) -> Principal:
        """The same session with the full ARN of its role, path included."""
        return Principal(self.kind, self.name, self.account, self.partition, role, self.user)


_ANONYMOUS: dict[str, tuple[str, ...]] = {
    "aws:principalaccount": ("anonymous",),
    "aws:principaltype": ("Anonymous",),
    "aws:userid": ("anonymous",),
    "aws:username": (),
    "aws:principalarn": (),
    "aws:principalisawsservice": (),
    "aws:principalservicename": (),
    "aws:principalorgid": (),
    "aws:principalorgpaths": (),
}
_TYPES = {
    "root": "Account",
    "user": "User",
    "role": "AssumedRole",
    "session": "AssumedRole",
    "federated_user": "FederatedUser",
}


def parse_principal(value: str | Mapping[str, Any]) -> Principal:
    """Read a principal: an ARN, an account id (its root user), a service's or identity provider's name, or `*`.

    A mapping such as `{"Service": "ec2.amazonaws.com"}` or `{"Federated": "accounts.google.com"}` says its type.

    Raises:
        ValueError: the value names no principal; a group is none.
    """
    if isinstance(value, Mapping):
        return _typed(value)
    text = value.strip()
    if text in ("*", "anonymous"):
        return Principal("anonymous", "*")
    if _ACCOUNT.fullmatch(text):
        return Principal("root", text, text)
    if _CANONICAL.fullmatch(text):
        return Principal("canonical_user", text)
    found = _ARN.fullmatch(text)
    if found is None:
        if text.startswith("arn:"):
            raise ValueError(f"{text!r} is not the ARN of a principal (an iam or sts ARN with an account)")
        if _ID.fullmatch(text):
            raise ValueError(f"{text!r} is a unique id; name the principal by its ARN, and the id as aws:userid")
        if not _HOST.fullmatch(text):
            raise ValueError(f"{text!r} is no principal: {_FORMS}")
        return Principal("service" if _SERVICE.fullmatch(text) and text not in _PROVIDERS else "federated", text)
    partition, service, account, rest = found.groups()
    kind, _, name = rest.partition("/")
    if kind in ("user", "role", "assumed-role", "federated-user") and name:
        _check_name(text, name.rpartition("/")[2])
    if service == "iam" and rest == "root":
        return Principal("root", text, account, partition)
    if service == "iam" and kind == "user" and name:
        return Principal("user", text, account, partition)
    if service == "iam" and kind == "role" and name:
        return Principal("role", text, account, partition, role=text)
    if service == "iam" and kind in ("saml-provider", "oidc-provider") and name:
        return Principal("federated", text)
    if service == "sts" and kind == "assumed-role" and name.count("/") == 1:
        role = f"arn:{partition}:iam::{account}:role/{name.partition('/')[0]}"
        return Principal("session", text, account, partition, role=role, path_known=False)
    if service == "sts" and kind == "federated-user" and name:
        user = f"arn:{partition}:iam::{account}:user/{name}"
        return Principal("federated_user", text, account, partition, user=user)
    if service == "iam" and kind == "group":
        raise ValueError(f"{text!r} is a group; a group makes no requests, its users do")
    raise ValueError(f"{text!r} is not the ARN of a principal (root, user, role, assumed-role or federated-user)")


_FORMS = (
    "an ARN (user, role, assumed-role, federated-user, root), an account id, a service such as ec2.amazonaws.com, "
    "an identity provider such as accounts.google.com, or *"
)


def _check_name(arn: str, name: str) -> None:
    """Source: IAM User Guide, reference_iam-quotas (names), STS API Reference, AssumeRole (RoleSessionName)."""
    if "*" in name or "?" in name:
        raise ValueError(f"{arn!r} has a wildcard; a request is made by one principal")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{arn!r} has a name with characters that IAM refuses")


def _typed(value: Mapping[str, Any]) -> Principal:
    if len(value) != 1:
        raise ValueError("a principal given as an object has exactly one key: AWS, Service, Federated or CanonicalUser")
    [(kind, name)] = value.items()
    if isinstance(name, list) and len(name) == 1:
        name = name[0]
    if not isinstance(name, str):
        raise ValueError(f"the principal's {kind} is not text")
    if kind == "Service":
        return Principal("service", name)
    if kind == "Federated":
        return Principal("federated", name)
    if kind == "CanonicalUser":
        return Principal("canonical_user", name)
    if kind == "AWS":
        return parse_principal(name)
    raise ValueError(f"{kind!r} is no type of principal; it is one of AWS, Service, Federated, CanonicalUser")


@dataclass(frozen=True, slots=True)
class PrincipalElement:
    """A `Principal` or `NotPrincipal` element, ready to be asked.

    Attributes:
        anyone: it is `"*"` (or, but in a trust policy, has `{"AWS": "*"}`): all principals of every type.
        any_aws: it has `{"AWS": "*"}`.
        aws, services, federated, canonical: the members of each type.
        ids: unique ids (`AIDA…`, `AROA…`) among those of type AWS.
    """

    anyone: bool
    any_aws: bool
    aws: frozenset[str]
    services: frozenset[str]
    federated: frozenset[str]
    canonical: frozenset[str]
    ids: frozenset[str] = frozenset()

    @classmethod
    def compile(cls, value: str | Mapping[str, list[str]], trust: bool) -> PrincipalElement:
        """Compile `"*"`, or the element's members by type."""
        if isinstance(value, str):
            return cls(True, True, frozenset(), frozenset(), frozenset(), frozenset())
        members = {kind: frozenset(names) for kind, names in value.items()}
        any_aws = "*" in members.get("AWS", ())
        none: frozenset[str] = frozenset()
        return cls(
            anyone=any_aws and not trust,
            any_aws=any_aws,
            aws=members.get("AWS", none),
            services=members.get("Service", none),
            federated=members.get("Federated", none),
            canonical=members.get("CanonicalUser", none),
            ids=frozenset(name for name in members.get("AWS", none) if _ID.fullmatch(name)),
        )

    def named_by_id(self, principal: Principal, userid: tuple[str, ...] | None) -> bool | None:
        """Whether a unique id among the members is that of the user, or of the role behind a session.

        AWS stores principals by these ids and shows one only where its user or role is no more, so that nobody is
        meant by it who has another id. Source: IAM User Guide, reference_policies_elements_principal, and
        reference_policies_variables (aws:userid is `AIDA…` of a user, `AROA…:session` of a role's session).

        Args:
            userid: the values of `aws:userid`; None: not known, and so is the answer.
        """
        kind = {"user": "AIDA", "role": "AROA", "session": "AROA"}.get(principal.kind)
        ids = [one for one in self.ids if kind is not None and one.startswith(kind)]
        if not ids:
            return False
        if userid is None:
            return None
        return any(value.partition(":")[0] in ids for value in userid)

    def names(self, principal: Principal) -> Grant | None:
        """How the element names the principal, the strongest way first; None: not at all."""
        if self.anyone or (
            self.any_aws and (principal.in_account or principal.kind in ("anonymous", "canonical_user"))
        ):
            return "direct"
        kind = principal.kind
        if kind == "service":
            return "direct" if principal.name in self.services or "*" in self.services else None
        if kind == "federated":
            return "direct" if principal.name in self.federated or "*" in self.federated else None
        if kind == "canonical_user":
            return "direct" if principal.name in self.canonical else None
        if kind == "anonymous":
            return None
        if kind == "root":
            return "direct" if self._account(principal) else None
        if kind != "role" and principal.name in self.aws:
            return "direct"
        if self._role(principal) or (principal.user is not None and principal.user in self.aws):
            return "limited"
        return "account" if self._account(principal) else None

    def exempts(self, principal: Principal, userid: tuple[str, ...] | None = ()) -> bool | None:
        """As a `NotPrincipal` with Deny: whether the principal and all that it stands on are named.

        The account is checked first, then the role, then the session, so each has to be in the list. None: that
        hangs on the principal's unique id, which is not known.
        """
        if principal.account is None:
            return self.names(principal) is not None
        if not self._account(principal):
            return False
        if principal.kind == "session" and principal.name not in self.aws:
            return False
        if principal.role is not None:
            return self._role(principal) or self.named_by_id(principal, userid)
        return principal.kind == "root" or principal.name in self.aws or self.named_by_id(principal, userid)

    def _account(self, principal: Principal) -> bool:
        account = principal.account
        if account is None:
            return False
        if account in self.aws:
            return True
        if principal.partition is not None:
            return f"arn:{principal.partition}:iam::{account}:root" in self.aws
        return any(name.endswith(f":iam::{account}:root") for name in self.aws)

    def _role(self, principal: Principal) -> bool:
        role = principal.role
        if role is None:
            return False
        if role in self.aws:
            return True
        if principal.path_known:
            return False
        # A session's ARN does not tell the path of its role, and a role's name is unique in its account.
        start, _, name = role.partition(":role/")
        return any(member.startswith(f"{start}:role/") and member.endswith(f"/{name}") for member in self.aws)
