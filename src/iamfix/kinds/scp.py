"""Service control policy: the most that principals in the accounts below its targets may do."""

from __future__ import annotations

from collections.abc import Iterator

from iamfix.kinds import defaults
from iamfix.kinds import organizations_lockout as lockout
from iamfix.kinds import organizations_policies as policies
from iamfix.kinds import organizations_shared as org
from iamfix.kinds.protocol import Breach, Look, Reader, Scope, Want
from iamfix.model import Call

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
LANE = org.LANE
PLACE = org.PLACE
READS = policies.READS
EXAMPLE = """\
- name: Nobody leaves the organization
  scp:
    name: DenyLeaving
    description: Accounts stay in the organization.
    content:
      Version: "2012-10-17"
      Statement: [{Effect: Deny, Action: "organizations:LeaveOrganization", Resource: "*"}]
    targets: {include: [sandbox]}
"""

State = policies.State
_KIND = "scp"


def observe(read: Reader, want: Want) -> dict[str, State]:
    return policies.observe(_KIND, read, want)


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    return policies.calls(_KIND, name, before, after, look)


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    yield from policies.breaches(_KIND, name, before, after, look)
    yield from lockout.policy_breaches(_KIND, name, before, after, look)


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    return policies.notes(_KIND, name, before, after, look)


arn = defaults.no_arn
owner = defaults.no_owner
loses = defaults.loses_nothing
ripples = defaults.no_ripples
needs = defaults.own_needs
