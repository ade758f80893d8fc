"""What a task reports instead of changing it: what a check found, and what waits for `enforce`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from iamfix.enforce import enforced
from iamfix.fields import to_plain
from iamfix.model import Change, Finding, InputError, Origin
from iamfix.playbook import Task
from iamfix.render import Scope
from iamfix.task_values import name_of, wrong
from iamfix.words import SEVERITIES
from iamfix.world import Resource, World


def waiting(
    world: World, task: Task, staged: Mapping[str, Any], scope: Scope, done: Change, tags: tuple[str, ...]
) -> Finding | None:
    """Return the report of a change that may break something, unless `enforce` names it or nothing breaks here."""
    words = [str(task.practice)] if task.practice is not None else []
    words += tags
    if enforced(scope.expression("enforce | default([])", task.at()), words):
        return None
    if done.before is None:
        inner = scope.child({}, {"name": done.name, **to_plain(world.kinds[done.kind].State())})
    else:
        inner = scope.child({}, Resource(world, done.kind, done.region, done.name, frozenset((done.name,))))
    when = staged.get("when", [])
    for text in when if isinstance(when, list) else [when]:
        if not inner.holds(text, task.at("staged", "when")):
            return None
    message = inner.render(staged["message"], lambda *_: task.at("staged", "message"))
    word = words[-1] if words else "all"
    return Finding(
        done.address, f"{message} (done with -e enforce={word})", str(staged.get("severity", "medium")),
        done.origin, word,
    )  # fmt: skip


def checked(
    world: World, task: Task, check: Mapping[str, Any], scope: Scope, origin: Origin, region: str | None,
    matching: Callable[[str], Iterable[Resource]],
) -> Iterator[Finding]:  # fmt: skip
    """Yield what a check finds: of the resources that it selects, or of the one that it names.

    `matching` tells the resources for which an expression holds. Raises InputError.
    """
    select = check.get("select", "true")
    if "name" in check:
        inner, name = _about(world, task, check, scope, region)
        if inner.holds(select, task.at("check", "select")):
            yield _found(world, task, check, inner, origin, name, region)
        return
    for resource in matching(str(select)):
        yield _found(world, task, check, scope.child({}, resource), origin, resource.name, region)


def _about(world: World, task: Task, check: Mapping[str, Any], scope: Scope, region: str | None) -> tuple[Scope, str]:
    """Return the scope of a check that names its resource, which need not exist."""
    name = name_of(scope.render(check["name"], lambda *_: task.at("check", "name")), task.at("check", "name"))
    exists = world.get(str(task.kind), name, region) is not None
    if exists:
        scope = scope.child({}, Resource(world, str(task.kind), region, name))
    return scope.child({}, {"name": name, "exists": exists}), name


def _found(
    world: World, task: Task, check: Mapping[str, Any], scope: Scope, origin: Origin, name: str, region: str | None
) -> Finding:
    message = scope.render(check["message"], lambda *_: task.at("check", "message"))
    severity = scope.render(check.get("severity", "medium"), lambda *_: task.at("check", "severity"))
    if severity not in SEVERITIES:
        raise InputError(wrong(task.at("check", "severity"), "this is no severity", f"one of {', '.join(SEVERITIES)}"))
    return Finding(world.address(str(task.kind), name, region), str(message), str(severity), origin)
