"""AI services opt-out policy: whether AWS may use content of the accounts below its targets to train."""

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
- name: No content is used for training
  ai_opt_out_policy:
    name: OptOut
    content: {services: {default: {opt_out_policy: {"@@assign": optOut}}}}
    targets: []
"""

State = policies.State
_KIND = "ai_opt_out_policy"


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
