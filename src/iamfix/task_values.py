"""What a task asks of one account, its templates filled in: items, regions, controls, names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from iamfix.fields import FieldError
from iamfix.kinds.protocol import Kind
from iamfix.model import Account, InputError, Place, Problem, partition_of
from iamfix.playbook import Task
from iamfix.render import Scope
from iamfix.world import World
from iamfix.yamlfile import nearest

_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")


def loop_items(task: Task, scope: Scope) -> list[Any]:
    """Return what a task's loop goes through: a list, a template that gives one, or an expression. Raises InputError.

    What a template gives is never evaluated again: names that AWS tells, and values of `-e`, are no expressions.
    """
    place = task.at("loop")
    if isinstance(task.loop, str) and not any(mark in task.loop for mark in ("{{", "{%")):
        items = scope.expression(task.loop, place)
    else:
        items = scope.render(task.loop, lambda *path: task.at("loop", *path))
    if isinstance(items, Mapping):
        raise InputError(wrong(place, "loop needs a list", 'write loop: "{{ … | dict2items }}"'))
    if not isinstance(items, list | tuple | set | frozenset):
        raise InputError(wrong(place, f"loop needs a list, got {_kind_of(items)}"))
    return list(items)


def regions_of(kind: Kind, task: Task, scope: Scope, world: World) -> Sequence[str | None]:
    """Return where a task goes: None is once for the account. Raises InputError."""
    account = world.account
    if kind.SCOPE == "global":
        return (None,)
    given = scope.render(task.regions, lambda *path: task.at("regions", *path)) if task.regions else None
    if given == "all":
        return world.enabled_regions()
    names = region_names(given, task, account)
    place = task.at("regions") if names else account.where
    names = names or ([account.home_region] if kind.SCOPE == "home" else list(account.regions))
    for name in names:
        if not world.is_region(name):
            raise InputError(no_region(name, place, world.known_regions()))
    return names


def region_names(given: Any, task: Task, account: Account) -> list[str]:
    """Return the regions that a task names, where they can be some of the account's partition. Raises InputError."""
    names = [] if given is None else [given] if isinstance(given, str) else list(given)
    for name in names:
        if not isinstance(name, str) or not _REGION.fullmatch(name):
            raise InputError(wrong(task.at("regions"), f"{name!r} is no region", 'such as us-east-1, or "all"'))
        if partition_of(name) != account.partition:
            raise InputError(wrong(task.at("regions"), f"{name} is not in the partition {account.partition}"))
    return names


def no_region(name: str, place: Place | str, known: Collection[str]) -> Problem:
    """Return that there is no such region, with the nearest."""
    return Problem("error", str(place), f"there is no region {name!r}", nearest(name, known))


def controls_of(task: Task, scope: Scope) -> tuple[str, ...]:
    """Return the controls that a task serves; a template may tell those of the item at hand. Raises InputError."""
    if task.controls_of is None:
        return task.controls
    found = scope.render(task.controls_of, lambda *_: task.at("controls"))
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        raise InputError(wrong(task.at("controls"), f"controls are a list of text, got {_kind_of(found)}"))
    return tuple(found)


def name_of(value: Any, place: Place) -> str:
    """Return a resource's name as it was filled in. Raises InputError when it is not a text."""
    if not isinstance(value, str) or not value:
        got = "an empty one" if value == "" else _kind_of(value)
        raise InputError(wrong(place, f"a name must be text, got {got}"))
    return value


def mistake(task: Task, at: str, error: FieldError, names: Mapping[str, Any]) -> Problem:
    """Return what is wrong with the arguments of a task, which are `names`, for the resource at that address."""
    place = task.at(str(task.kind), *error.path)
    hint = error.hint or (nearest(str(error.path[0]), names) if error.path and error.path[0] not in names else "")
    return wrong(place, f"{at}: {error.summary}", hint)


def wrong(place: Place, summary: str, hint: str = "") -> Problem:
    """Return an error at a place of a playbook."""
    return Problem("error", str(place), summary, hint)


def _kind_of(value: Any) -> str:
    """Say what a value is without saying the value: it may be a secret."""
    if value is None:
        return "nothing (null)"
    names = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "names"}
    return names.get(type(value), type(value).__name__)
