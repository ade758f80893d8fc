"""AWS managed policy: only seen. It is asked of AWS when a playbook names a policy that the shipped list lacks.

AWS tells the documents of those that something in the account carries, in one bulk read; asking for the others would
take a request for each of more than a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iamfix.fields import PolicyDocument, seen
from iamfix.kinds import defaults
from iamfix.kinds.protocol import Look, Reader, Scope, Want
from iamfix.model import UNREAD, Call, Mark
from iamfix.policy.document import Document

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = False
SINGLETON = None
READS = (("iam", "list_policies"), ("iam", "get_account_authorization_details"))
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


def observe(read: Reader, want: Want) -> dict[str, State]:
    documents = _documents(read) if "policy" in want.details else None
    return {
        name: State(
            path=found["Path"],
            attached=found.get("AttachmentCount", 0) > 0,
            policy=UNREAD if documents is None else documents.get(name),
        )
        for found in read.get("iam", "list_policies", Scope="AWS")["Policies"]
        if want.has(name := found["PolicyName"])
    }


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
