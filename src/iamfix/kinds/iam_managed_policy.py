"""IAM customer managed policy: its document, kept as versions of which AWS holds five, and its tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from iamfix.fields import DOCUMENTS, IDENTITY, SET, TAGS, TEXT, Partial, asked, seen
from iamfix.kinds import defaults
from iamfix.kinds import iam_shared as iam
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Ripple, Scope, Want
from iamfix.model import UNREAD, Call, Mark, Result
from iamfix.policy.document import Document

SCOPE: Scope = "global"
FOLDS_CASE = True
CREATABLE = True
SINGLETON = None
READS = (("iam", "get_account_authorization_details"), ("iam", "get_policy"))
EXAMPLE = """\
- name: Boundary of all application roles
  iam_managed_policy:
    name: AppBoundary
    description: The most that application roles may do.
    policy:
      Version: "2012-10-17"
      Statement:
        - {Effect: Allow, Action: ["s3:*", "sqs:*"], Resource: "*"}
    tags: {include: {Owner: platform}}
"""

MAX_SIZE = 6144
"""Characters of a document, white space not counted (IAM User Guide, reference_iam-quotas)."""
MAX_VERSIONS = 5


@dataclass(frozen=True, slots=True)
class State:
    path: str = asked(TEXT, "Path, beginning and ending with a slash.", default="/", fixed=True)
    policy: Document | None = asked(
        IDENTITY, "The policy document that is in force.", required=True, aliases=("document",)
    )
    description: str | Mark = asked(TEXT, "Description.", default="", fixed=True, detail=True, reads=("get_policy",))
    tags: iam.Tags | Mark = asked(TAGS, "Tags.", default={}, detail=True, reads=("get_policy",))
    versions: Mapping[str, Document] = seen(
        "All versions that AWS holds: ids with documents.", default={}, codec=DOCUMENTS
    )
    attached_to: frozenset[str] = seen("Who carries it: user/x, group/x, role/x.", default=frozenset(), codec=SET)
    boundary_of: frozenset[str] = seen(
        "Whose permissions boundary it is: user/x, role/x.", default=frozenset(), codec=SET
    )
    created: str | None = seen("When it was created (UTC).", volatile=True)


def observe(read: Reader, want: Want) -> dict[str, State]:
    attached, bounded = _uses(read)
    states: dict[str, State] = {}
    arns: dict[str, str] = {}
    for found in iam.details(read, "Policies"):
        name, arn = found["PolicyName"], found["Arn"]
        if not want.has(name):
            continue
        versions = {
            version["VersionId"]: Document.parse(version["Document"], partition=read.account.partition)
            for version in found["PolicyVersionList"]
        }
        arns[name] = arn
        states[name] = State(
            path=found["Path"],
            policy=versions[found["DefaultVersionId"]],
            description=UNREAD,
            tags=UNREAD,
            versions=versions,
            attached_to=frozenset(attached.get(arn, ())),
            boundary_of=frozenset(bounded.get(arn, ())),
            created=iam.when(found["CreateDate"]),
        )
    return _with_details(read, want, states, arns)


def _with_details(read: Reader, want: Want, states: dict[str, State], arns: Mapping[str, str]) -> dict[str, State]:
    """Fill in what AWS tells of one policy at a time; GetPolicy has both."""
    if not want.details:
        return states
    names = sorted(states)
    answers = read.each("iam", "get_policy", [{"PolicyArn": arns[name]} for name in names], "NoSuchEntity")
    return {
        name: replace(
            states[name], description=answer["Policy"].get("Description", ""), tags=iam.tags_of(answer["Policy"])
        )
        for name, answer in zip(names, answers, strict=True)
        if answer is not None
    }


def _uses(read: Reader) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Return who carries each policy, and whom it bounds, by the policy's ARN."""
    attached: dict[str, set[str]] = {}
    bounded: dict[str, set[str]] = {}
    for entity in ("User", "Group", "Role"):
        for found in iam.details(read, f"{entity}DetailList"):
            who = f"{entity.lower()}/{found[f'{entity}Name']}"
            for arn in iam.attached_of(found):
                attached.setdefault(arn, set()).add(who)
            if boundary := iam.boundary_of(found):
                bounded.setdefault(boundary, set()).add(who)
    return attached, bounded


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    state = after or before
    assert state is not None
    who = {"PolicyArn": arn(name, state, look)}
    if after is None:
        assert before is not None
        yield from _delete(who, before)
    elif before is None:
        yield _create(name, after)
        for user in sorted(after.attached_to):
            yield _attachment("attach", who, user)
    else:
        yield from _document_calls(name, who, before, after, look)
        if not isinstance(before.tags, Mark) and not isinstance(after.tags, Mark):
            yield from iam.tag_calls("policy", who, before.tags, after.tags)


def _create(name: str, after: State) -> Call:
    assert after.policy is not None
    params: dict[str, object] = {"PolicyName": name, "Path": after.path, "PolicyDocument": after.policy.json()}
    if isinstance(after.description, str) and after.description:
        params["Description"] = after.description
    if not isinstance(after.tags, Mark) and (tags := iam.without_aws(after.tags)):
        params["Tags"] = iam.tag_list(tags)
    return Call("iam", "create_policy", params)


def _document_calls(name: str, who: Mapping[str, str], before: State, after: State, look: Look) -> Iterator[Call]:
    assert after.policy is not None
    if before.policy != after.policy:
        held: str | Result | None = _version_with(before.versions, after.policy)
        if held is None:
            if len(before.versions) >= MAX_VERSIONS:
                yield _delete_version(who, _oldest_spare(before))
            made = Call("iam", "create_policy_version", {**who, "PolicyDocument": after.policy.json()})
            yield made
            held = Result(look.address("iam_managed_policy", name), made.operation, "PolicyVersion.VersionId")
        # Made first and put in force by a second call: a version in force before it has spread denies everything.
        yield Call("iam", "set_default_policy_version", {**who, "VersionId": held})
        if before.policy is not None and _version_with(before.versions, before.policy) is None:
            # The way back from a version that this very change made.
            made_here = Result(
                look.address("iam_managed_policy", name), "create_policy_version", "PolicyVersion.VersionId"
            )
            yield _delete_version(who, made_here)
    for version in sorted(before.versions.keys() - after.versions.keys(), key=_number):
        if before.versions[version] != after.policy:
            yield _delete_version(who, version)


def _version_with(versions: Mapping[str, Document], document: Document) -> str | None:
    """Return the newest version that holds this document."""
    return max((version for version, held in versions.items() if held == document), key=_number, default=None)


def _oldest_spare(state: State) -> str:
    assert state.policy is not None
    in_force = _version_with(state.versions, state.policy)
    return min((version for version in state.versions if version != in_force), key=_number)


def _number(version: str) -> int:
    return int(version.removeprefix("v"))


def _delete_version(who: Mapping[str, str], version: str | Result) -> Call:
    return Call("iam", "delete_policy_version", {**who, "VersionId": version})


def _attachment(verb: str, who: Mapping[str, str], user: str) -> Call:
    entity, name = user.split("/", 1)
    return Call("iam", f"{verb}_{entity}_policy", {f"{entity.title()}Name": name, **who})


def _delete(who: Mapping[str, str], before: State) -> Iterator[Call]:
    for user in sorted(before.attached_to):
        yield _attachment("detach", who, user)
    if before.policy is not None:
        in_force = _version_with(before.versions, before.policy)
        for version in sorted(before.versions.keys() - {in_force}, key=_number):
            yield _delete_version(who, version)
    yield Call("iam", "delete_policy", who)


def arn(name: str, state: State, look: Look) -> str:
    return iam.iam_arn(look, "policy", state.path, name)


def owner(name: str, state: State) -> str | None:
    return iam.owner_of(state.path, name, {} if isinstance(state.tags, Mark) else state.tags)


loses = defaults.loses_nothing


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        for user in sorted(before.boundary_of if before else ()):
            yield Breach(
                f"it is the permissions boundary of {user}; AWS does not delete it while it is",
                "give that principal another boundary in an earlier task",
            )
        return
    yield from iam.count_breaches("iam_managed_policy", before, look)
    if after.policy is not None and after.policy.size() > MAX_SIZE:
        yield Breach(
            f"a document of {after.policy.size()} characters; AWS takes {MAX_SIZE}", "split it into several policies"
        )
    if not isinstance(after.tags, Mark):
        yield from iam.tag_breaches(after.tags, fold_case=False)


def ripples(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Ripple]:
    old, new = before or State(), after or State()
    state = after or before
    assert state is not None
    mine = frozenset((arn(name, state, look),))
    for user in old.attached_to ^ new.attached_to:
        entity, _, who = user.partition("/")
        step = Partial(mine, frozenset()) if user in new.attached_to else Partial(frozenset(), mine)
        yield Ripple(f"iam_{entity}", who, "managed_policies", step)


notes = defaults.no_notes


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    return iam.needs("iam_managed_policy", call, name, state, look)
