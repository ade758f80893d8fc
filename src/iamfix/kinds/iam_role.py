"""IAM role: who may assume it, its policies, permissions boundary, session duration and tags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from iamfix.fields import DOCUMENTS, FOLDED_TAGS, OPTIONAL_TEXT, SET, TEXT, TRUST, Scalar, asked, seen
from iamfix.kinds import defaults
from iamfix.kinds import iam_shared as iam
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Ripple, Scope, Want
from iamfix.model import Call
from iamfix.policy.document import Document

SCOPE: Scope = "global"
FOLDS_CASE = True
CREATABLE = True
SINGLETON = None
READS = (("iam", "get_account_authorization_details"), ("iam", "list_roles"))
EXAMPLE = """\
- name: Deployment role
  iam_role:
    name: deployer
    path: /app/
    assume_role_policy_document:
      Version: "2012-10-17"
      Statement:
        - {Effect: Allow, Principal: {Service: codebuild.amazonaws.com}, Action: sts:AssumeRole}
    managed_policies: [ReadOnlyAccess]
    permissions_boundary: PowerUserAccess
    tags: {include: {Owner: platform}}
"""

MAX_TRUST = 2048
"""Characters of a trust policy, white space not counted, unless AWS has raised it."""


@dataclass(frozen=True, slots=True)
class State:
    path: str = asked(TEXT, "Path, beginning and ending with a slash.", default="/", fixed=True)
    assume_role_policy_document: Document | None = asked(
        TRUST, "Trust policy: who may assume the role.", required=True, aliases=("trust_policy",)
    )
    description: str = asked(TEXT, "Description.", default="")
    max_session_duration: int = asked(
        Scalar(int, "a number of seconds", low=3600, high=43200), "Longest session, in seconds.", default=3600
    )
    managed_policies: frozenset[str] = asked(
        SET, "Managed policies attached, by name or ARN.", default=frozenset(), resolve=iam.policy_arn,
        refers=iam.policy_of,
    )  # fmt: skip
    inline_policies: iam.Documents = asked(DOCUMENTS, "Inline policies: names with documents.", default={})
    permissions_boundary: str | None = asked(
        OPTIONAL_TEXT, "Permissions boundary: a managed policy by name or ARN; null for none.",
        resolve=iam.policy_arn, aliases=("boundary",),
    )  # fmt: skip
    tags: iam.Tags = asked(FOLDED_TAGS, "Tags.", default={})
    instance_profiles: frozenset[str] = seen("Instance profiles that hold the role.", default=frozenset(), codec=SET)
    created: str | None = seen("When it was created (UTC).", volatile=True)
    last_used: str | None = seen("When it was last assumed (UTC), of the last 400 days.", volatile=True)
    unused_days: int | None = seen("Days since it was last assumed, or since it was created.", volatile=True)


def observe(read: Reader, want: Want) -> dict[str, State]:
    # GetAccountAuthorizationDetails has neither description nor session duration; ListRoles has both.
    listed = {role["RoleName"]: role for role in read.get("iam", "list_roles")["Roles"]}
    states = {}
    for found in iam.details(read, "RoleDetailList"):
        name = found["RoleName"]
        if not want.has(name):
            continue
        role = listed.get(name, {})
        used = found.get("RoleLastUsed", {}).get("LastUsedDate")
        states[name] = State(
            path=found["Path"],
            assume_role_policy_document=Document.parse(
                found["AssumeRolePolicyDocument"], trust=True, partition=read.account.partition
            ),
            description=role.get("Description", ""),
            max_session_duration=role.get("MaxSessionDuration", 3600),
            managed_policies=iam.attached_of(found),
            inline_policies=iam.inline_of(found, "RolePolicyList", read.account.partition),
            permissions_boundary=iam.boundary_of(found),
            tags=iam.tags_of(found),
            instance_profiles=frozenset(p["InstanceProfileName"] for p in found.get("InstanceProfileList", ())),
            created=iam.when(found["CreateDate"]),
            last_used=iam.when(used),
            unused_days=iam.days_since(used or found["CreateDate"], read.now),
        )
    return states


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    who = {"RoleName": name}
    if after is None:
        assert before is not None
        yield from _delete(who, before)
        return
    old = before or State()
    if before is None:
        yield _create(who, after)
        # CreateRole has set these already.
        old = State(
            permissions_boundary=after.permissions_boundary, description=after.description,
            max_session_duration=after.max_session_duration, tags=after.tags,
        )  # fmt: skip
    elif old.assume_role_policy_document != after.assume_role_policy_document:
        assert after.assume_role_policy_document is not None
        document = after.assume_role_policy_document.json()
        yield Call("iam", "update_assume_role_policy", {**who, "PolicyDocument": document})
    if (old.description, old.max_session_duration) != (after.description, after.max_session_duration):
        # Both, always: what UpdateRole is not told, some of its implementations reset.
        settings = {"Description": after.description, "MaxSessionDuration": after.max_session_duration}
        yield Call("iam", "update_role", {**who, **settings})
    # A boundary comes before the permissions that it bounds, and goes after them.
    if old.permissions_boundary != after.permissions_boundary and after.permissions_boundary:
        yield iam.boundary_call("role", who, after.permissions_boundary)
    yield from iam.policy_calls("role", who, old, after)
    if old.permissions_boundary and not after.permissions_boundary:
        yield iam.boundary_call("role", who, None)
    yield from iam.tag_calls("role", who, old.tags, after.tags)
    for profile in sorted(after.instance_profiles - old.instance_profiles):
        yield Call("iam", "add_role_to_instance_profile", {"InstanceProfileName": profile, **who})


def _create(who: dict[str, str], after: State) -> Call:
    assert after.assume_role_policy_document is not None
    params: dict[str, object] = {
        **who,
        "Path": after.path,
        "AssumeRolePolicyDocument": after.assume_role_policy_document.json(),
        "Description": after.description,
        "MaxSessionDuration": after.max_session_duration,
    }
    if after.permissions_boundary:
        params["PermissionsBoundary"] = after.permissions_boundary
    if tags := iam.without_aws(after.tags):
        params["Tags"] = iam.tag_list(tags)
    return Call("iam", "create_role", params)


def _delete(who: dict[str, str], before: State) -> Iterator[Call]:
    for profile in sorted(before.instance_profiles):
        yield Call("iam", "remove_role_from_instance_profile", {"InstanceProfileName": profile, **who})
    yield from iam.inline_calls("role", who, before.inline_policies, {})
    yield from iam.attachment_calls("role", who, before.managed_policies, frozenset())
    yield Call("iam", "delete_role", who)


def arn(name: str, state: State, look: Look) -> str:
    return iam.iam_arn(look, "role", state.path, name)


def owner(name: str, state: State) -> str | None:
    return iam.owner_of(state.path, name, state.tags)


loses = defaults.loses_nothing


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    yield from iam.count_breaches("iam_role", before, look)
    yield from iam.attachment_breaches(after.managed_policies)
    yield from iam.inline_breaches("role", after.inline_policies)
    yield from iam.tag_breaches(after.tags, fold_case=True)
    trust = after.assume_role_policy_document
    if trust is not None and trust.size() > MAX_TRUST:
        yield Breach(
            f"a trust policy of {trust.size()} characters; AWS takes {MAX_TRUST} unless the quota was raised",
            "name fewer principals, or allow `quota` where AWS has raised the limit",
        )


def _role_of(holds: bool, name: str, _: str | None) -> str | None:
    """Return which role an instance profile then has."""
    return name if holds else None


def ripples(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Ripple]:
    old, new = before or State(), after or State()
    yield from iam.attachment_ripples("role", name, old.managed_policies, new.managed_policies)
    yield from iam.boundary_ripples("role", name, old.permissions_boundary, new.permissions_boundary)
    for profile in old.instance_profiles ^ new.instance_profiles:
        yield Ripple("iam_instance_profile", profile, "role", partial(_role_of, profile in new.instance_profiles, name))


notes = defaults.no_notes


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    return iam.needs("iam_role", call, name, state, look)
