"""AWS managed policy: only seen. It is asked of AWS when a playbook names a policy that the shipped list lacks.

AWS tells the documents of those that something in the account carries in one bulk read; of the others each takes a
request, and there are more than a thousand: only who names a few asks for those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from iamfix.fields import PolicyDocument, seen
from iamfix.kinds import defaults
from iamfix.kinds.protocol import Look, Reader, Scope, Want
from iamfix.model import UNREAD, Call, Mark
from iamfix.policy.document import Document

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = False
SINGLETON = None
READS = (
    ("iam", "list_policies"),
    ("iam", "get_account_authorization_details"),
    ("iam", "get_policy_version"),
)
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
    policy: Document | Mark | None = seen(
        "Its document, of a policy that something in the account carries; null of the others.",
        default=None, codec=PolicyDocument(optional=True), detail=True, volatile=True,
    )  # fmt: skip
    unused_policy: Document | Mark | None = seen(
        "The document of a policy that nothing in the account carries; null of the others. One request each.",
        default=None, codec=PolicyDocument(optional=True), detail=True, volatile=True, reads=("get_policy_version",),
    )  # fmt: skip


def observe(read: Reader, want: Want) -> dict[str, State]:
    documents = _documents(read) if "policy" in want.details else None
    listed = [one for one in read.get("iam", "list_policies", Scope="AWS")["Policies"] if want.has(one["PolicyName"])]
    states = {
        found["PolicyName"]: State(
            path=found["Path"],
            attached=found.get("AttachmentCount", 0) > 0,
            policy=UNREAD if documents is None else documents.get(found["PolicyName"]),
            unused_policy=UNREAD,
        )
        for found in listed
    }
    if "unused_policy" not in want.details:
        return states
    unused = [one for one in listed if not states[one["PolicyName"]].attached]
    params = [{"PolicyArn": one["Arn"], "VersionId": one["DefaultVersionId"]} for one in unused]
    held: dict[str, Document | None] = dict.fromkeys(states)
    for one, answer in zip(unused, read.each("iam", "get_policy_version", params, "NoSuchEntity"), strict=True):
        if answer is not None:  # else AWS withdrew it since it was listed
            text = answer["PolicyVersion"]["Document"]
            held[one["PolicyName"]] = Document.parse(text, partition=read.account.partition)
    return {name: replace(state, unused_policy=held[name]) for name, state in states.items()}


def _documents(read: Reader) -> dict[str, Document]:
    found = read.get("iam", "get_account_authorization_details", Filter=["AWSManagedPolicy"])["Policies"]
    return {
        policy["PolicyName"]: Document.parse(version["Document"], partition=read.account.partition)
        for policy in found
        for version in policy["PolicyVersionList"]
        if version["VersionId"] == policy["DefaultVersionId"]
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
