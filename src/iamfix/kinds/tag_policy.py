"""Tag policy: how tags are to be written in the accounts below its targets."""

from __future__ import annotations

from collections.abc import Iterator

from iamfix.kinds import defaults
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
- name: Cost centres are written one way
  tag_policy:
    name: CostCentre
    content: {tags: {CostCentre: {tag_key: {"@@assign": CostCentre}}}}
    targets: []
"""

State = policies.State
_KIND = "tag_policy"


def observe(read: Reader, want: Want) -> dict[str, State]:
    return policies.observe(_KIND, read, want)


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    return policies.calls(_KIND, name, before, after, look)


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    yield from policies.breaches(_KIND, name, before, after, look)


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    return policies.notes(_KIND, name, before, after, look)


arn = defaults.no_arn
owner = defaults.no_owner
loses = defaults.loses_nothing
ripples = defaults.no_ripples
needs = defaults.own_needs
