"""Plans of the shipped practices without a network, call by call."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from iamfix.aws.model import faults
from iamfix.kinds import KINDS
from iamfix.model import AccountPlan, Call, Change
from iamfix.plan import Choice, Fold
from iamfix.playbook import load_playbooks
from iamfix.policy.document import Document
from iamfix.render import Renderer
from iamfix.sandbox.building import trust
from tests.direct import Direct

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"


def supported() -> Direct:
    """An account with a role for AWS Support, so that nothing is said of that."""
    aws = Direct()
    aws.build.role(
        "Support",
        trust({"Service": "ssm-incidents.amazonaws.com"}),
        attached=["arn:aws:iam::aws:policy/AWSSupportAccess"],
    )
    return aws


def plan(
    aws: Direct, *practices: str, principal: str | None = None, tags: tuple[str, ...] = (), **variables: Any
) -> AccountPlan:
    """Plan practices by name (`groups`), or `baseline`, in this order; variables are as with -e, tags as with -t.

    `principal` is the ARN as which iamfix runs.
    """
    made = folded(aws, *practices, principal=principal, tags=tags, **variables)
    assert [problem for problem in made.problems if problem.severity == "error"] == []
    return made


def folded(
    aws: Direct, *practices: str, principal: str | None = None, tags: tuple[str, ...] = (), **variables: Any
) -> AccountPlan:
    """Like `plan`, with whatever problems there are."""
    paths = [PLAYBOOKS / "baseline.yml" if p == "baseline" else PLAYBOOKS / "practices" / f"{p}.yml" for p in practices]
    loaded = load_playbooks(paths, KINDS)
    world = aws.world(live=False)
    world.principal = principal
    scope = Renderer(loaded.template_roots).scope(aws.account, variables, world, aws.now)
    folding = Fold(world, scope, faults, Choice(tags))
    for number, play in enumerate(loaded.plays):
        folding.run(number, play)
    return folding.result(aws.account)


def steps(made: AccountPlan) -> list[list[Change]]:
    """Return the changes as they are applied: those of one task side by side, the tasks in order."""
    found: dict[tuple[int, int], list[Change]] = {}
    for change in made.changes:
        found.setdefault(change.origin.step, []).append(change)
    return [found[step] for step in sorted(found)]


def calls(made: AccountPlan) -> Iterator[Call]:
    """Yield all calls in the order of the plan."""
    for change in made.changes:
        yield from change.calls


def apply(aws: Direct, made: AccountPlan) -> None:
    """Send all calls."""
    for change in made.changes:
        aws.follow(change.calls)


@cache
def _digest(text: str) -> str:
    return Document.parse(text).digest


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def held(aws: Direct) -> dict[str, set[str]]:
    """Return what every user and role holds: digests of the documents, from whatever policy and group they come."""
    return held_as_told(aws.get("iam", "get_account_authorization_details"))


def held_as_told(told: Mapping[str, Any]) -> dict[str, set[str]]:
    """Like `held`, from an answer of GetAccountAuthorizationDetails."""
    documents = {
        policy["Arn"]: _digest(_text(version["Document"]))
        for policy in told["Policies"]
        for version in policy["PolicyVersionList"]
        if version["VersionId"] == policy["DefaultVersionId"]
    }

    def own(one: Any, inline: str) -> set[str]:
        return {documents[policy["PolicyArn"]] for policy in one.get("AttachedManagedPolicies", ())} | {
            _digest(_text(policy["PolicyDocument"])) for policy in one.get(inline) or ()
        }

    groups = {group["GroupName"]: own(group, "GroupPolicyList") for group in told["GroupDetailList"]}
    users = {
        f"user/{user['UserName']}": own(user, "UserPolicyList").union(*(groups[g] for g in user.get("GroupList", ())))
        for user in told["UserDetailList"]
    }
    return users | {f"role/{role['RoleName']}": own(role, "RolePolicyList") for role in told["RoleDetailList"]}
