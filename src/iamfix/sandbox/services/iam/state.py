"""IAM's state in one account: immutable records in eventually consistent stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

from iamfix.sandbox.store import Store, Visibility


@dataclass(frozen=True)
class PasswordLogin:
    """A user's console access. The password itself is not kept."""

    created: datetime
    reset_required: bool
    changed: datetime


@dataclass(frozen=True)
class AccessKey:
    """A long-term access key; its secret is told once and not kept."""

    id: str
    created: datetime
    active: bool = True


@dataclass(frozen=True)
class EnabledMfa:
    """An MFA device in use by a user."""

    serial: str
    enabled: datetime


@dataclass(frozen=True)
class Credential:
    """A signing certificate, SSH key or service-specific credential of a user."""

    id: str
    created: datetime
    active: bool = True
    body: str = ""
    service: str = ""


@dataclass(frozen=True)
class Principal:
    """What users, groups and roles have in common. `word` is the kind's word in ARNs."""

    word: ClassVar[str] = ""

    name: str
    path: str
    id: str
    created: datetime
    attached: tuple[str, ...] = ()
    inline: Mapping[str, str] = field(default_factory=dict)

    def arn(self, account: str, partition: str) -> str:
        """The principal's ARN."""
        return f"arn:{partition}:iam::{account}:{self.word}{self.path}{self.name}"


@dataclass(frozen=True)
class User(Principal):
    """An IAM user. `groups` are group ids."""

    word: ClassVar[str] = "user"
    boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    login: PasswordLogin | None = None
    password_last_used: datetime | None = None
    access_keys: tuple[AccessKey, ...] = ()
    mfa_devices: tuple[EnabledMfa, ...] = ()
    signing_certificates: tuple[Credential, ...] = ()
    ssh_keys: tuple[Credential, ...] = ()
    service_credentials: tuple[Credential, ...] = ()


@dataclass(frozen=True)
class Group(Principal):
    """An IAM group; its members are told by the users."""

    word: ClassVar[str] = "group"


@dataclass(frozen=True)
class Role(Principal):
    """An IAM role.

    `trust_ids` are the unique ids behind the users and roles that `trust` names, by ARN, as they were when the
    document was saved: AWS keeps ids, so that a principal that is deleted and made again is not trusted.
    `protected` roles belong to AWS (service-linked, Identity Center): nobody else may change them.
    """

    word: ClassVar[str] = "role"
    trust: str = ""
    trust_ids: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    max_session: int = 3600
    boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def protected(self) -> bool:
        """Whether only AWS may change it."""
        return self.path.startswith(("/aws-service-role/", "/aws-reserved/"))


@dataclass(frozen=True)
class PolicyVersion:
    """A version of a managed policy."""

    id: str
    document: str
    created: datetime


@dataclass(frozen=True)
class Policy:
    """A managed policy. `versions` are oldest first; ids are never used again (`next_version`)."""

    name: str
    path: str
    id: str
    arn: str
    description: str
    created: datetime
    updated: datetime
    versions: tuple[PolicyVersion, ...]
    default: str
    next_version: int = 2
    tags: Mapping[str, str] = field(default_factory=dict)

    def version(self, version_id: str) -> PolicyVersion | None:
        """The version with that id."""
        return next((version for version in self.versions if version.id == version_id), None)

    def document(self) -> str:
        """The default version's document."""
        return next(version.document for version in self.versions if version.id == self.default)


@dataclass(frozen=True)
class InstanceProfile:
    """An instance profile; `role_id` is its role."""

    name: str
    path: str
    id: str
    created: datetime
    role_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def arn(self, account: str, partition: str) -> str:
        """The instance profile's ARN."""
        return f"arn:{partition}:iam::{account}:instance-profile{self.path}{self.name}"


@dataclass(frozen=True)
class VirtualMfa:
    """A virtual MFA device; `user_id` is the user who has enabled it (the account id for the root user)."""

    serial: str
    user_id: str | None = None
    enabled: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OidcProvider:
    """An OpenID Connect provider; `url` has no scheme."""

    arn: str
    url: str
    created: datetime
    clients: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SamlProvider:
    """A SAML provider."""

    arn: str
    metadata: str
    created: datetime
    valid_until: datetime
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ServerCertificate:
    """A server certificate; `in_use`: a load balancer has it."""

    name: str
    path: str
    id: str
    created: datetime
    expires: datetime
    body: str
    in_use: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PasswordPolicy:
    """The account's password policy; the defaults are what AWS takes for what UpdateAccountPasswordPolicy leaves out.

    `max_age` and `reuse` are None for "none"; lengths are characters, ages days.
    """

    length: int = 6
    symbols: bool = False
    numbers: bool = False
    uppercase: bool = False
    lowercase: bool = False
    allow_change: bool = False
    max_age: int | None = None
    reuse: int | None = None
    hard_expiry: bool | None = None


ROOT = "<root_account>"
"""The root user's name within the sandbox, as the credential report has it; no IAM user can have it."""
_OPENED = datetime(2019, 3, 4, 10, tzinfo=UTC)


@dataclass(frozen=True)
class RootUser(User):
    """The root user of the account, whose id is the account's. A new one has nothing to sign in with.

    A virtual device of the root user also stands among the account's virtual devices.
    """

    name: str = ROOT
    path: str = "/"
    id: str = ""
    created: datetime = _OPENED

    def arn(self, account: str, partition: str) -> str:
        """The root user's ARN."""
        return f"arn:{partition}:iam::{account}:root"


def signed_up() -> RootUser:
    """The root user of an account that somebody has signed up for: with a password and a hardware device."""
    login, device = PasswordLogin(_OPENED, False, _OPENED), EnabledMfa("GAHT12345678", _OPENED)
    return RootUser(login=login, mfa_devices=(device,))


@dataclass(frozen=True)
class DeletionTask:
    """The deletion of a service-linked role, done at `due`; never when its service has `refused`, with the reason."""

    id: str
    role_name: str
    due: datetime
    refused: str | None = None


class IamState:
    """All of IAM in one account.

    Names are keys in lower case, since IAM holds names unique regardless of case; providers' keys are their ARNs.
    `role_deletion` is how many seconds a service-linked role's deletion takes, and `roles_in_use` (role name -> reason)
    are those that their services do not let go of. `password_policy` has the one key
    "account", `aliases` too.
    """

    def __init__(self, visibility: Visibility) -> None:
        self.users: Store[User] = Store(visibility)
        self.groups: Store[Group] = Store(visibility)
        self.roles: Store[Role] = Store(visibility)
        self.policies: Store[Policy] = Store(visibility)
        self.instance_profiles: Store[InstanceProfile] = Store(visibility)
        self.virtual_mfa: Store[VirtualMfa] = Store(visibility)
        self.oidc_providers: Store[OidcProvider] = Store(visibility)
        self.saml_providers: Store[SamlProvider] = Store(visibility)
        self.server_certificates: Store[ServerCertificate] = Store(visibility)
        self.password_policy: Store[PasswordPolicy] = Store(visibility)
        self.aliases: Store[str] = Store(visibility)
        self.deletion_tasks: dict[str, DeletionTask] = {}
        self.deleted: set[str] = set()
        """Deletion tasks that are done."""
        self.role_deletion = 0.0
        self.roles_in_use: dict[str, str] = {}
        self.root = signed_up()
        self.root_features: set[str] = set()
        """Of the management account's organization: RootCredentialsManagement, RootSessions."""
        self.report_made_at: datetime | None = None
        self.report: str = ""
        self.report_rounds = 0
        """How often a new report is still being written when it is asked for."""

    def put_user(self, user: User) -> None:
        """Write a user, or the root user."""
        if isinstance(user, RootUser):
            self.root = user
            return
        self.users.put(user.name.lower(), user)

    def put_group(self, group: Group) -> None:
        """Write a group."""
        self.groups.put(group.name.lower(), group)

    def put_role(self, role: Role) -> None:
        """Write a role."""
        self.roles.put(role.name.lower(), role)

    def put_policy(self, policy: Policy) -> None:
        """Write a customer managed policy."""
        self.policies.put(policy.name.lower(), policy)
