"""AWS managed policy: only seen. It is asked of AWS when a playbook names a policy that the shipped list lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iamfix.fields import seen
from iamfix.kinds import defaults
from iamfix.kinds.protocol import Look, Reader, Scope, Want
from iamfix.model import Call

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = False
SINGLETON = None
READS = (("iam", "list_policies"),)
EXAMPLE = """\
- name: Nobody carries an AWS managed policy that is about to be retired
  check:
    kind: iam_aws_managed_policy
    select: "attached and name.endswith('V1')"
    message: "{{ name }} is attached"
    severity: low
"""


@dataclass(frozen=True, slots=True)
class State:
    path: str = seen("Path, such as /service-role/.", default="/")
    attached: bool = seen("Something in the account carries it.", default=False, volatile=True)


def observe(read: Reader, want: Want) -> dict[str, State]:
    return {
        found["PolicyName"]: State(path=found["Path"], attached=found.get("AttachmentCount", 0) > 0)
        for found in read.get("iam", "list_policies", Scope="AWS")["Policies"]
        if want.has(found["PolicyName"])
    }


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    return iter(())


def arn(name: str, state: State, look: Look) -> str:
    return f"arn:{look.account.partition}:iam::aws:policy{state.path}{name}"


owner = defaults.no_owner
loses = defaults.loses_nothing
breaches = defaults.no_breaches
ripples = defaults.no_ripples
notes = defaults.no_notes
needs = defaults.own_needs
