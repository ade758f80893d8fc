"""Resource control policy: the most that anybody may do with resources of the accounts below its targets."""

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
- name: Buckets are for the organization
  rcp:
    name: OwnBucketsOnly
    content:
      Version: "2012-10-17"
      Statement:
        - Effect: Deny
          Principal: "*"
          Action: "s3:*"
          Resource: "*"
          Condition:
            StringNotEqualsIfExists: {"aws:PrincipalOrgID": o-practice01}
            BoolIfExists: {"aws:PrincipalIsAWSService": "false"}
    targets: []
"""

State = policies.State
_KIND = "rcp"


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
