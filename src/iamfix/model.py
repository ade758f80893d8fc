"""The words of iamfix as plain values: no AWS, no files, no screen.

A playbook's tasks are planned per account as a fold over the account's world. The result is a `Plan`: for each
account an ordered list of `Change`s, each with the AWS `Call`s that make it and those that take it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Literal

Json = Any
"""A value that `json.dumps` takes."""

Action = Literal["create", "update", "delete"]
Severity = Literal["error", "warning", "info"]


class Mark(StrEnum):
    """A field's value that is not a value."""

    UNREAD = "unread"
    """AWS tells this field only one resource at a time, and no task asked for it."""


UNREAD = Mark.UNREAD


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in an input file; line and column count from 1."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong or needs a decision: with its place, and what to do about it.

    An `error` in a plan refuses its apply; `rule` is the name by which `allow:` and `--allow` override a guard.
    """

    severity: Severity
    where: str
    summary: str
    hint: str = ""
    rule: str = ""


class IamfixError(Exception):
    """The root of all errors that iamfix explains to its user.

    IamfixError
    ├── InputError      playbooks, inventories, templates, plan files, options: with their places
    ├── AwsError        AWS refused, or could not be reached
    ├── NotHere         a kind whose resources live in another account than the one that is planned
    │   └── RegionClosed
    ├── Stopped         the run was interrupted
    └── JournalError    a run that cannot be read, or cannot be written on
    """


class InputError(IamfixError):
    """Mistakes in the input, all that were found in one go."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{p.where}: {p.summary}" for p in problems))
        self.problems = problems


class AwsError(IamfixError):
    """AWS refused a request, or could not be reached.

    `code` is AWS's error code without a trailing "Exception", or the botocore exception's name.
    """

    def __init__(self, service: str, operation: str, code: str, message: str, region: str | None = None) -> None:
        super().__init__(f"{service}:{operation} failed: {code}: {message}")
        self.service, self.operation, self.code, self.message, self.region = service, operation, code, message, region
        self.attempts = 1
        """How often the request was sent."""
        self.answered = True
        """Whether the refusal is AWS's own; else the request did not come so far."""


class Stopped(IamfixError):
    """The run was interrupted; what was being sent has been finished."""


class RegionClosed(AwsError):
    """A region is not enabled in the account, or a service control policy denies it: nothing of it can be read."""

    @property
    def why(self) -> str:
        by_scp = "service control policy" in self.message
        return "a service control policy denies it" if by_scp else "the account has not enabled it"


class NotHere(IamfixError):
    """The account has none of a kind's resources, and can have none. The message is a sentence for the user."""

    def __init__(self, summary: str, hint: str = "") -> None:
        super().__init__(summary)
        self.summary, self.hint = summary, hint


class JournalError(IamfixError):
    """A run's journal is missing, cannot be read, or cannot be written any more."""


_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
}


def partition_of(region: str) -> str:
    """Return the partition of a region name, as botocore's endpoint data has it: `aws`, `aws-cn`, …"""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")


@dataclass(frozen=True, slots=True)
class Account:
    """An AWS account of the inventory, and how to get into it.

    Exactly one way in is used: `role_arn` (or a role of that name, already resolved to its ARN) is assumed with the
    credentials of `profile` or of the environment; without it those credentials are the account's own.
    """

    id: str
    name: str
    groups: tuple[str, ...] = ()
    vars: Mapping[str, Json] = field(default_factory=dict)
    role_arn: str | None = None
    external_id: str | None = None
    profile: str | None = None
    regions: tuple[str, ...] = ("us-east-1",)
    home_region: str = "us-east-1"
    protected: tuple[Protected, ...] = ()
    where: str = ""
    only_by_name: bool = False
    """No pattern matches it but its own name or id, or the plain name of one of its groups; `all` does not."""

    @property
    def partition(self) -> str:
        return partition_of(self.home_region)

    def protects(self, arn: str) -> bool:
        """Tell whether a principal must keep its access: iamfix runs as it, or the inventory protects it."""
        return arn == self.role_arn or any(one.means(arn) for one in self.protected)


@dataclass(frozen=True, slots=True)
class Protected:
    """A principal that must keep its access, from the inventory's `protected:`.

    `principal` is an ARN (the account id may be `*`); `probes` are (action, resource) pairs, empty for the default set.
    """

    principal: str
    probes: tuple[tuple[str, str], ...] = ()
    where: str = ""

    def means(self, arn: str) -> bool:
        """Tell whether this is the principal; `*` and `?` are wildcards, and a name without a path stands for any path.

        Source: IAM User Guide, reference_iam-quotas (a user's or role's name is given once in an account, whatever its
        path).
        """
        wanted, found = self.principal.split(":", 5), arn.split(":", 5)
        if len(wanted) != 6:
            return arn.rpartition("/")[2] == self.principal
        if len(found) != 6 or not all(fnmatchcase(*pair) for pair in zip(found[:5], wanted[:5], strict=True)):
            return False
        kind, *path, name = found[5].split("/")
        return fnmatchcase(found[5], wanted[5]) or (bool(path) and fnmatchcase(f"{kind}/{name}", wanted[5]))


@dataclass(frozen=True, slots=True)
class Result:
    """A value that an earlier call of the run will give; stands in the params of a later `Call`.

    `path` walks the response of `operation` that the change at `address` made, e.g. `PolicyVersion.VersionId`; a number
    in it picks from a list. `field` is the field in which the resource shows the value once the call was made: from
    there it is taken when another run made that call.
    """

    address: str
    operation: str
    path: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Generated:
    """A secret that is made when the call is sent, and put into a file that only the caller can read; never shown."""

    what: Literal["password"] = "password"


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS call, as boto3 takes it: `operation` is the snake-case method, `params` its arguments."""

    service: str
    operation: str
    params: Mapping[str, Any]
    region: str | None = None
    as_root: bool = False
    """It is sent as the account's root user, in a session of `sts:AssumeRoot`."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a principal must be allowed for a call: an action (`iam:PassRole`; empty: the call's own) on a resource."""

    resource: str
    action: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """The task that asked for something."""

    task: str
    where: str = ""
    practice: int | None = None
    controls: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    step: tuple[int, int] = (0, 0)
    """(number of the play, number of the task in it): the order of the run."""


@dataclass(frozen=True, slots=True)
class Change:
    """A resource goes from `before` to `after`; None is absence. States are of the kind's `State` class."""

    address: str
    kind: str
    name: str
    region: str | None
    before: Any | None
    after: Any | None
    calls: tuple[Call, ...]
    undo: tuple[Call, ...]
    loses: tuple[str, ...]
    origin: Origin
    notes: tuple[str, ...] = ()
    needs: tuple[tuple[Need, ...], ...] = ()
    """What each of `calls` must be allowed, for `iamfix permissions`."""
    undo_needs: tuple[tuple[Need, ...], ...] = ()
    """What each of `undo` must be allowed."""

    @property
    def action(self) -> Action:
        if self.before is None:
            return "create"
        return "delete" if self.after is None else "update"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a `check` task matched and no call can fix, or what a staged task would fix."""

    address: str
    message: str
    severity: str
    origin: Origin
    staged: str | None = None
    """The word with which `enforce` has it fixed; None where a person must."""


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """What will change in one account. `error` says why the account could not be planned at all."""

    account: Account
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    unchanged: int = 0
    ignored: int = 0
    """Resources that a `select` matched and that belong to AWS services or other tools."""
    api_calls: int = 0
    seconds: float = 0.0
    error: str | None = None
    incomplete: bool = False
    """Some task could not be planned, because something could not be read."""
    reads: tuple[tuple[str, str], ...] = ()
    """The (service, operation) that planning has sent, or will once this is applied; for `iamfix permissions`."""
    access: tuple[Mapping[str, Json], ...] = ()
    """Who gains and loses which access, in the JSON form of the plan."""
    judged_for: tuple[str, ...] = ()
    """Of whom it was asked whether they keep their access; empty where the plan bears on nobody's."""


@dataclass(frozen=True, slots=True)
class Wave:
    """The accounts that one play holds for, and how it goes through them."""

    play: str
    batches: tuple[tuple[str, ...], ...]
    """Account names; a batch starts when the one before went well."""
    max_fail_percentage: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What an apply will do, everywhere. `digests` name the inputs: `{"playbooks": "sha256:…", "inventory": …}`."""

    id: str
    made_at: str
    digests: Mapping[str, str]
    accounts: tuple[AccountPlan, ...]
    waves: tuple[Wave, ...] = ()

    def changes(self) -> Iterator[Change]:
        for account in self.accounts:
            yield from account.changes

    def problems(self) -> Iterator[Problem]:
        for account in self.accounts:
            yield from account.problems


def address(account: str, kind: str, name: str, region: str | None = None) -> str:
    """Return `account/kind/name`, or `account/region/kind/name` for what lives in a region."""
    return f"{account}/{region}/{kind}/{name}" if region else f"{account}/{kind}/{name}"
