"""Lambda function: its execution role and tags; its variables are seen by name only. It is never made or deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import SET, TAGS, TEXT, FieldError, asked, seen
from iamfix.kinds import defaults, tagging
from iamfix.kinds import iam_shared as iam
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Scope, Want
from iamfix.kinds.secret_like import looks_secret
from iamfix.model import UNREAD, Call, Mark

SCOPE: Scope = "regional"
FOLDS_CASE = False
CREATABLE = False
SINGLETON = None
KEPT = "iamfix deletes no function"
READS = (("lambda", "list_functions"), ("resourcegroupstaggingapi", "get_resources"))
EXAMPLE = """\
- name: Functions belong to somebody
  lambda:
    select: "'Owner' not in tags"
    tags: {include: {Owner: platform}}
"""

_TAGS = tagging.ArnTags("lambda", arn="Resource", tags="Tags", keys="TagKeys")


def _role(text: str, look: Look) -> str:
    """Return the ARN of a role that is given by name or ARN. Raises FieldError."""
    start = iam.iam_arn(look, "role", "/", "")
    if text.startswith("arn:"):
        if not text.startswith(start):
            raise FieldError(f"{text!r} is no role of this account", f"write its name: {iam.name_of(text)}")
        return text
    found = look.get("iam_role", text)
    if found is None:
        raise FieldError(f"there is no role {text!r} in this account", "an earlier task can create it")
    return iam.iam_arn(look, "role", found.path, text)


@dataclass(frozen=True, slots=True)
class State:
    role: str = asked(TEXT, "Execution role, by name or ARN.", default="", resolve=_role)
    tags: tagging.Tags | Mark = asked(TAGS, "Tags.", default={}, detail=True, reads=("get_resources",))
    managed_by: str | Mark | None = seen(
        "The tool that made it and keeps it.", detail=True, always=True, reads=("get_resources",)
    )
    runtime: str | None = seen("Runtime; null for a container image.", volatile=True)
    modified: str | None = seen("When its code or configuration was last changed (UTC).", volatile=True)
    environment_names: frozenset[str] = seen(
        "Names of its environment variables.", default=frozenset(), codec=SET, volatile=True
    )
    environment_secrets: frozenset[str] = seen(
        "Names of those whose values look like credentials.", default=frozenset(), codec=SET, volatile=True
    )


def observe(read: Reader, want: Want) -> dict[str, State]:
    """One bulk read of all functions, and one of their tags. Values of variables are judged here and go no further."""
    found = read.get("lambda", "list_functions").get("Functions", ())
    functions = [one for one in found if want.has(one["FunctionName"])]
    tags: Mapping[str, tagging.Tags] | None = None
    if functions and {"tags", "managed_by"} & want.details:
        told = read.get(
            "resourcegroupstaggingapi", "get_resources", ResourcesPerPage=100, ResourceTypeFilters=["lambda:function"]
        )
        tags = {one["ResourceARN"]: iam.tags_of(one) for one in told.get("ResourceTagMappingList", ())}
    return {one["FunctionName"]: _state(one, tags) for one in functions}


def _state(one: Mapping[str, Any], tags: Mapping[str, tagging.Tags] | None) -> State:
    name, own = one["FunctionName"], None if tags is None else tags.get(one["FunctionArn"], {})
    variables = one.get("Environment", {}).get("Variables", {})
    return State(
        role=one["Role"],
        tags=UNREAD if own is None else own,
        managed_by=UNREAD if own is None else tagging.owner_of(name, own),
        runtime=one.get("Runtime"),
        modified=one["LastModified"][:19] + "Z",
        environment_names=frozenset(variables),
        environment_secrets=frozenset(key for key, value in variables.items() if looks_secret(key, value)),
    )


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if before is None or after is None:
        return
    if before.role != after.role:
        params = {"FunctionName": name, "Role": after.role}
        yield Call("lambda", "update_function_configuration", params, look.region)
    yield from _TAGS.calls(arn(name, after, look), look.region, before.tags, after.tags)


def arn(name: str, state: State, look: Look) -> str:
    return f"arn:{look.account.partition}:lambda:{look.region}:{look.account.id}:function:{name}"


def owner(name: str, state: State) -> str | None:
    return None if isinstance(state.managed_by, Mark) else state.managed_by


loses = defaults.loses_nothing


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    yield from tagging.limit(after.tags)
    if before is None or before.role == after.role:
        return
    role = look.get("iam_role", iam.name_of(after.role))
    if role is None:
        yield Breach(f"there is no role {iam.name_of(after.role)!r}", "create it in an earlier task")
    elif "lambda.amazonaws.com" not in role.assume_role_policy_document.json():
        yield Breach(
            f"the role {iam.name_of(after.role)!r} does not trust Lambda, which could not assume it",
            "allow sts:AssumeRole to the service lambda.amazonaws.com in its trust policy",
        )


ripples = defaults.no_ripples


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    if before is not None and after is not None and before.role != after.role:
        yield f"the function loses what the role {iam.name_of(before.role)} allows"


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    """Source: Service Authorization Reference, "AWS Lambda"; Lambda Developer Guide, "Execution role"."""
    yield Need(arn(name, state, look))
    if "Role" in call.params:
        yield Need(str(call.params["Role"]), "iam:PassRole")
