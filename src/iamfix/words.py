"""The words of a playbook and an inventory as pydantic models: what is checked, and what `iamfix schema` prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from iamfix.model import Json, Problem
from iamfix.yamlfile import Source, nearest

Text = Annotated[str, Field(strict=True)]
Names = list[Text]
Severity = Literal["critical", "high", "medium", "low", "info"]
SEVERITIES: tuple[str, ...] = get_args(Severity)
Templated = Annotated[str, Field(strict=True, pattern=r"\{\{")]


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CheckWords(_Words):
    """What no call can fix: each resource that matches is a finding."""

    kind: Text = Field(description="The kind whose resources are looked at.")
    name: Text | None = Field(None, description="The one resource that it is about, whether it `exists` or not.")
    select: Text | bool = Field(description="Expression over a resource's name and fields.")
    message: Text = Field(description="What is wrong and what to do; may name the resource's fields.")
    severity: Severity | Templated = Field("medium", description="How bad it is.")


class StagedWords(_Words):
    """A fix that may break something: a finding until the variable `enforce` names the task."""

    message: Text = Field(description="What would be done, and why; may name the resource's fields.")
    severity: Severity = Field("medium", description="How bad it is as it is.")
    when: Text | bool | list[Text | bool] = Field(
        [], description="Expression(s) over the resource: where they do not hold, nothing can break, and it is done."
    )


class TaskWords(_Words):
    """A task: one kind with its arguments, a check, or other tasks from a file."""

    name: Text = Field("", description="What the task is for, in the plan.")
    when: Text | bool | list[Text | bool] = Field([], description="Expression(s) that must hold.")
    loop: Any = Field(None, description="A list, or an expression that gives one; each member is `item`.")
    vars: dict[str, Any] = Field({}, description="Variables of this task.")
    tags: Text | Names = Field([], description="Words for --tags and --skip-tags.")
    practice: Annotated[int, Field(strict=True, ge=1, le=12)] | None = Field(
        None, description="Which practice it serves."
    )
    controls: Names | Templated = Field(
        [], description="Control ids it serves, such as CIS-7.0/2.13; a template may tell them of each item."
    )
    allow: Names = Field([], description="Guards that this task overrides, by name.")
    staged: StagedWords | None = Field(
        None, description="It may break something: reported, and done where `enforce` names its practice or a tag."
    )
    regions: Text | Names = Field([], description="Regions for kinds that live in one: a list, or all.")
    include_tasks: Text | None = Field(None, description="A file of tasks, relative to this one.")
    check: CheckWords | None = Field(None, description="A finding instead of a change.")


class PlayWords(_Words):
    """A play: tasks for accounts."""

    name: Text = Field("", description="What the play is for.")
    accounts: Text = Field(description="Which accounts: names, groups, ids, globs; a:b, a:&b, a:!b.")
    serial: str | int | list[str | int] = Field([], description="Waves: numbers or shares of the accounts.")
    max_fail_percentage: Annotated[float, Field(strict=True, ge=0, le=100)] | None = Field(
        None, description="Share of a wave that may fail before the run stops."
    )
    vars: dict[str, Any] = Field({}, description="Variables of this play.")
    vars_files: Text | Names = Field([], description="Files of variables, relative to this one; they win over vars.")
    tags: Text | Names = Field([], description="Words for --tags and --skip-tags.")
    tasks: list[Any] = Field(description="What to do, in order.")


class ProbeWords(_Words):
    """Something a protected principal must stay able to do."""

    action: Text = Field(description="An action, such as sts:AssumeRole.")
    resource: Text = Field("*", description="An ARN, or *.")


class ProtectedWords(_Words):
    """A principal that must keep its access."""

    principal: Text
    probes: list[ProbeWords] = []


class ConnectionWords(_Words):
    """The variables of a group that say how its accounts are entered."""

    role_arn: Text | None = Field(None, description="The role to assume; null for the caller's own credentials.")
    role_name: Text | None = Field(None, description="The role to assume, by name.")
    external_id: Text | None = Field(None, description="External id for assuming the role.")
    profile: Text | None = Field(None, description="Profile of the AWS configuration.")
    regions: Text | Names | None = Field(None, description="Regions to work in.")
    home_region: Text | None = Field(None, description="Where what lives in one region is kept.")
    protected: list[Text | ProtectedWords] | None = Field(None, description="Principals that must keep their access.")


class AccountWords(ConnectionWords):
    """An account of the inventory."""

    id: str | int = Field(description="Twelve digits.")
    only_by_name: Annotated[bool, Field(strict=True)] = Field(
        False, description="No pattern matches it but its own name, id, or the plain name of its group."
    )
    vars: dict[str, Any] = Field({}, description="Variables of this account.")


class OrganizationWords(ConnectionWords):
    """A dynamic inventory: the accounts of an organization."""

    plugin: Literal["aws_organizations"]
    tags: Annotated[bool, Field(strict=True)] | Names = Field(
        False,
        description="Make groups of the accounts' tags (a request for each account): true, or keys.",
    )
    include: Names = Field([], description="Only these: account names (globs), ids, OU paths (globs), tag:key=value.")
    exclude: Names = Field([], description="Not these; the same words.")
    vars: dict[str, Any] = Field({}, description="Variables of all accounts.")


MESSAGES = {
    "string_type": "expected text",
    "list_type": "expected a list",
    "tuple_type": "expected a list",
    "dict_type": "expected names with values",
    "int_type": "expected a number",
    "int_parsing": "expected a number",
    "float_parsing": "expected a number",
    "float_type": "expected a number",
    "model_type": "expected names with values",
    "bool_type": "expected true or false",
}


def check(model: type[BaseModel], data: Json, source: Source, path: tuple[str | int, ...]) -> list[Problem]:
    """Return what is wrong with a value, each mistake once and with its place."""
    if not isinstance(data, dict):
        return [Problem("error", str(source.place(*path)), f"expected names with values, got {type(data).__name__}")]
    try:
        model.model_validate(data)
    except ValidationError as error:
        return list(_problems(error, model, source, path))
    return []


def _problems(
    error: ValidationError, model: type[BaseModel], source: Source, path: tuple[str | int, ...]
) -> Iterator[Problem]:
    # Members of a union come with the union's own steps in their path; the data's steps are a prefix of it.
    found: dict[tuple[tuple[str | int, ...], str], list[Any]] = {}
    for one in error.errors(include_url=False, include_input=False, include_context=True):
        word = str(one["loc"][-1]) if one["type"] == "missing" else ""
        found.setdefault((_in_data(one["loc"], source, path), word), []).append(one)
    deepest = [where for where, _ in found]
    for (where, _), same in found.items():
        one = same[0]
        if any(other[: len(where)] == where and len(other) > len(where) for other in deepest):
            continue
        if one["type"] == "extra_forbidden":
            word, known = str(one["loc"][-1]), _known_words(one["loc"][:-1], model)
            place = source.place(*path, *where, key=True)
            yield Problem("error", str(place), f"unknown key {word!r}", nearest(word, known))
        elif one["type"] == "missing":
            yield Problem("error", str(source.place(*path, *where)), f"{one['loc'][-1]!r} is missing")
        else:
            name = ".".join(str(part) for part in where)
            if choices := next((each["ctx"]["expected"] for each in same if each["type"] == "literal_error"), ""):
                yield _no_choice(name, str(source.place(*path, *where)), _value(source, (*path, *where)), choices)
                continue
            messages = dict.fromkeys(_message(each) for each in same)
            message = " or ".join(messages).replace(" or expected", " or")
            yield Problem("error", str(source.place(*path, *where)), f"{name}: {message}")


def _message(one: Any) -> str:
    limits = {"less_than_equal": "expected at most {le}", "greater_than_equal": "expected at least {ge}"}
    if one["type"] in limits:
        return limits[one["type"]].format(**one["ctx"])
    return MESSAGES.get(one["type"], str(one["msg"]).lower())


def _value(source: Source, path: tuple[str | int, ...]) -> Json:
    data = source.data
    for part in path:
        data = data[part]
    return data


def _no_choice(name: str, place: str, value: Json, choices: str) -> Problem:
    words = re.findall(r"'([^']*)'", choices)
    hint = nearest(value, words) if isinstance(value, str) else f"one of: {', '.join(words)}"
    return Problem("error", place, f"{name}: {value!r} is not one of {', '.join(words)}", hint)


def _known_words(loc: tuple[str | int, ...], model: type[BaseModel]) -> list[str]:
    """Return the keys of the innermost model that a path leads into."""
    inner: dict[str | int, type[BaseModel]] = {
        "check": CheckWords, "staged": StagedWords, "protected": ProtectedWords, "probes": ProbeWords,
    }  # fmt: skip
    return list(next((inner[part] for part in reversed(loc) if part in inner), model).model_fields)


def _in_data(loc: tuple[str | int, ...], source: Source, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    found: list[str | int] = []
    data = source.data
    for part in path:
        data = data[part]
    for part in loc:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            continue
        found.append(part)
    return tuple(found)
