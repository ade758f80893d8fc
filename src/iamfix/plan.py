"""Planning: a fold of the plays' tasks over one account's world. It sends nothing; the world reads for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from iamfix.documents import refused_documents
from iamfix.enforce import enforced
from iamfix.fields import FieldError, to_plain
from iamfix.guards import allowed, breach_problems
from iamfix.kinds import optional
from iamfix.kinds.protocol import Kind
from iamfix.model import (
    Account,
    AccountPlan,
    AwsError,
    Call,
    Change,
    Finding,
    InputError,
    NotHere,
    Origin,
    Place,
    Problem,
    RegionClosed,
    partition_of,
)
from iamfix.playbook import Play, Task, nearest, selected
from iamfix.render import Scope
from iamfix.step import change, follow
from iamfix.wanted import details_for, details_of, keep_owned, merge, read_arguments, settable
from iamfix.words import SEVERITIES
from iamfix.world import Resource, Spot, World

_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")

Check = Callable[[Call], Sequence[str]]
"""What AWS's own model says against a call; nothing when it fits."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which tasks run: `--tags` and `--skip-tags`."""

    tags: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()


@dataclass(slots=True)
class Fold:
    """One account's planning. `run` goes through the plays in order; `result` is its plan."""

    world: World
    scope: Scope
    check: Check
    choice: Choice = field(default_factory=Choice)
    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    incomplete: bool = False
    asked: set[tuple[int | None, tuple[str, ...]]] = field(default_factory=set)
    """(practice, controls) of the tasks that were asked of this account: those whose `when` held, and all loops."""
    _seen: set[str] = field(default_factory=set)
    _ignored: set[str] = field(default_factory=set)
    _step: int = 0

    def run(self, number: int, play: Play) -> None:
        """Fold one play over the world; `number` is its place in the run."""
        scope = self.scope.child(play.vars)
        for task in play.tasks:
            self._task(number, task, scope, play.tags, ())

    def result(self, account: Account) -> AccountPlan:
        changed = {one.address for one in self.changes}
        return AccountPlan(
            account=account,
            changes=tuple(self.changes),
            findings=tuple(self.findings),
            problems=tuple(dict.fromkeys([*self.problems, *self._reports()])),
            unchanged=len(self._seen - changed),
            ignored=len(self._ignored),
            incomplete=self.incomplete,
        )

    def _reports(self) -> Iterator[Problem]:
        """Say how old the reports are that told something."""
        for report, made_at in self.world.reports.items():
            summary = f"{report} of {made_at:%Y-%m-%dT%H:%M:%SZ} told what needs no closer look"
            hint = "what matched by it was looked at again; what is younger than it may be missing"
            yield Problem("info", self.world.account.name, summary, hint, "report")

    def _task(self, play: int, task: Task, scope: Scope, tags: tuple[str, ...], allow: tuple[str, ...]) -> None:
        tags = (*tags, *task.tags)
        if not task.tasks and not selected(tags, self.choice.tags, self.choice.skip):
            return
        self._step += 1
        step = (play, self._step)
        if task.loop is not None:  # of which nothing may be left, since all is well
            self.asked.add((task.practice, task.controls))
        try:
            for inner in self._items(task, scope):
                self._once(step, task, inner, tags, (*allow, *task.allow))
        except InputError as error:
            self.problems += error.problems
        except AwsError as error:
            self._unreadable(task, error)
        except NotHere as error:
            # The same sentence for each such task: it is told once.
            self.incomplete = True
            self.problems.append(Problem("error", self.world.account.name, error.summary, error.hint))

    def _items(self, task: Task, scope: Scope) -> Iterator[Scope]:
        """Yield a scope for each item of the loop for which `when` holds."""
        for item in self._loop(task, scope):
            inner = scope.child(task.vars, item)
            if all(inner.expression(text, task.at("when")) for text in task.when):
                yield inner

    def _loop(self, task: Task, scope: Scope) -> list[Mapping[str, Any]]:
        if task.loop is None:
            return [{}]
        return [{"item": item} for item in loop_items(task, scope.child(task.vars))]

    def _once(
        self, step: tuple[int, int], task: Task, scope: Scope, tags: tuple[str, ...], allow: tuple[str, ...]
    ) -> None:
        if task.tasks:
            for child in task.tasks:
                self._task(step[0], child, scope, tags, allow)
            return
        kind = self.world.kinds[str(task.kind)]
        origin = Origin(
            str(scope.render(task.name, lambda *_: task.at("name"))),
            str(task.at()), task.practice, self._controls(task, scope), allow, step,
        )  # fmt: skip
        self.asked.add((origin.practice, origin.controls))
        regions = self._regions(kind, task, scope)
        self.world.read_ahead((str(task.kind), region) for region in regions)
        for region in regions:
            here = scope.child({}, {"region": region or self.world.account.home_region})
            try:
                if task.check is not None:
                    self._check(task, here, origin, region)
                elif task.select is not None:
                    self._select(kind, task, here, origin, region, tags)
                else:
                    self._named(kind, task, here, origin, region, tags)
            except AwsError as error:
                if isinstance(error, RegionClosed) and region not in (None, self.world.account.home_region):
                    self._closed(task, str(region), error)
                else:
                    self._unreadable(task, error)

    def _controls(self, task: Task, scope: Scope) -> tuple[str, ...]:
        """Return the controls that a task serves; a template may tell those of the item at hand."""
        if task.controls_of is None:
            return task.controls
        found = scope.render(task.controls_of, lambda *_: task.at("controls"))
        if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
            raise InputError(_error(task.at("controls"), f"controls are a list of text, got {_kind_of(found)}"))
        return tuple(found)

    def _regions(self, kind: Kind, task: Task, scope: Scope) -> Sequence[str | None]:
        account = self.world.account
        if kind.SCOPE == "global":
            return (None,)
        given = scope.render(task.regions, lambda *path: task.at("regions", *path)) if task.regions else None
        if given in (None, []):
            return (account.home_region,) if kind.SCOPE == "home" else account.regions
        if given == "all":
            return self.world.enabled_regions()
        names = [given] if isinstance(given, str) else list(given)
        for name in names:
            if not isinstance(name, str) or not _REGION.fullmatch(name):
                raise InputError(_error(task.at("regions"), f"{name!r} is no region", 'such as us-east-1, or "all"'))
            if partition_of(name) != account.partition:
                raise InputError(_error(task.at("regions"), f"{name} is not in the partition {account.partition}"))
        return names

    def _closed(self, task: Task, region: str, error: RegionClosed) -> None:
        """Say that a region was left out: that nothing can be there is no failure of the run."""
        summary = f"{self.world.account.name}/{region} is left out: {error.why}"
        self.problems.append(Problem("info", str(task.at()), summary, "", "region-closed"))

    def _named(
        self, kind: Kind, task: Task, scope: Scope, origin: Origin, region: str | None, tags: tuple[str, ...]
    ) -> None:
        name = kind.SINGLETON
        if task.resource_name is not None:
            name = scope.render(task.resource_name, lambda *path: task.at(str(task.kind), "name", *path))
        if not isinstance(name, str) or not name:
            raise InputError(_error(task.at(str(task.kind), "name"), f"a name must be text, got {_kind_of(name)}"))
        if kind.SINGLETON not in (None, name):
            name = kind.SINGLETON or name
        try:
            name = optional.named(kind, name, Spot(self.world, region))
        except FieldError as error:
            raise InputError(_error(task.at(str(task.kind), "name"), error.summary, error.hint)) from None
        spelled = self.world.spelled(str(task.kind), name, region)
        if spelled != name:
            raise InputError(
                _error(
                    task.at(str(task.kind), "name"), f"{name!r} is {spelled!r} in {self.world.account.name}",
                    f"to AWS both are one name; write {spelled}",
                )
            )  # fmt: skip
        self._one(kind, task, scope, origin, name, region, tags)

    def _select(
        self, kind: Kind, task: Task, scope: Scope, origin: Origin, region: str | None, tags: tuple[str, ...]
    ) -> None:
        place = task.at(str(task.kind), "select")
        matching = list(self._matching(str(task.kind), str(task.select), place, scope, region))
        self.world.look(str(task.kind), frozenset(resource.name for resource in matching), region, _details(kind, task))
        # What has a path for its name goes after all that is below it.
        for resource in reversed(matching) if task.state == "absent" else matching:
            self._one(
                kind,
                task,
                scope.child({}, {"resource": resource, "name": resource.name}),
                origin,
                resource.name,
                region,
                tags,
            )

    def _matching(
        self, kind_name: str, select: str, place: Place, scope: Scope, region: str | None
    ) -> Iterator[Resource]:
        """Yield the resources for which `select` holds, leaving out those that others own."""
        kind = self.world.kinds[kind_name]

        def holds(resource: Resource) -> bool:
            return bool(scope.child({}, resource).expression(select, place))

        matches = [resource for resource in self.world.resources(kind_name, region) if holds(resource)]
        names = frozenset(resource.name for resource in matches)
        touched = frozenset().union(*(resource.touched for resource in matches))
        if self.world.closer(kind_name, names, region, touched):
            # What matched by a report that may be hours old must match by how it looks now.
            there = self.world.all(kind_name, region)
            matches = [resource for resource in matches if resource.name in there and holds(resource)]
            names = frozenset(resource.name for resource in matches)
        if matches and (details := details_for(kind, ())):
            # Whose they are may be told by what is read one by one, such as tags.
            self.world.look(kind_name, names, region, details)
        for resource in matches:
            if kind.owner(resource.name, self.world.get(kind_name, resource.name, region)):
                self._ignored.add(self.world.address(kind_name, resource.name, region))
            else:
                yield replace(resource, among=names)

    def _one(
        self, kind: Kind, task: Task, scope: Scope, origin: Origin, name: str, region: str | None,
        tags: tuple[str, ...],
    ) -> None:  # fmt: skip
        """Plan one resource."""
        kind_name, look = str(task.kind), Spot(self.world, region)
        at = self.world.address(kind_name, name, region)
        self._seen.add(at)
        notes: tuple[str, ...] = ()
        if task.state == "absent":
            reason = optional.kept(kind)
            before = self.world.get(kind_name, name, region, frozenset() if reason else details_of(kind))
            if before is None:
                return
            if reason:
                raise InputError(_error(task.at(kind_name), f"{at} is not deleted: {reason}"))
            after = None
        else:
            arguments = scope.render(task.args, lambda *path: task.at(kind_name, *path))
            asked, mistakes = read_arguments(kind, arguments, look)
            if mistakes:
                raise InputError(*(self._mistake(task, at, mistake, settable(kind)) for mistake in mistakes))
            before = self.world.get(kind_name, name, region, details_for(kind, asked))
            if before is None and not kind.CREATABLE:
                raise InputError(_error(task.at(kind_name), f"{at} does not exist, and iamfix makes no {kind_name}"))
            try:
                after = merge(kind, before, asked)
            except FieldError as error:
                raise InputError(self._mistake(task, at, error, settable(kind))) from None
            kept = keep_owned(kind, before, after, asked, look, self._owner)
            if kept != after:
                notes = ("kept what belongs to AWS services or other tools, though the list does not name it",)
                after = kept
        done = change(self.world, kind_name, name, region, after, origin, notes)
        if done is None:
            return
        if task.staged is not None and self._waits(task, task.staged, scope, done, tags):
            return
        self.changes.append(done)
        self.problems += breach_problems(kind, done, look)
        if after is not None:
            changed = {name for name in asked if before is None or getattr(before, name) != getattr(after, name)}
            found = refused_documents(task, settable(kind), arguments, asked, changed, self.world.account)
            self.problems += (allowed(one, (), origin.allow) for one in found)
        for call in done.calls:
            for fault in self.check(call):
                summary = f"AWS would not take {call.service}:{call.operation}: {fault}"
                self.problems.append(Problem("error", at, summary, f"asked for at {task.at()}", "quota"))
        follow(self.world, done)

    def _waits(self, task: Task, staged: Mapping[str, Any], scope: Scope, done: Change, tags: tuple[str, ...]) -> bool:
        """Report a change that may break something, unless `enforce` names its task or nothing can break here."""
        words = [str(task.practice)] if task.practice is not None else []
        words += tags
        if enforced(scope.expression("enforce | default([])", task.at()), words):
            return False
        if done.before is None:
            inner = scope.child({}, {"name": done.name, **to_plain(self.world.kinds[done.kind].State())})
        else:
            inner = scope.child({}, Resource(self.world, done.kind, done.region, done.name, frozenset((done.name,))))
        when = staged.get("when", [])
        for text in when if isinstance(when, list) else [when]:
            if not inner.expression(text, task.at("staged", "when")):
                return False
        message = inner.render(staged["message"], lambda *_: task.at("staged", "message"))
        word = words[-1] if words else "all"
        self.findings.append(
            Finding(
                done.address, f"{message} (done with -e enforce={word})", str(staged.get("severity", "medium")),
                done.origin, word,
            )
        )  # fmt: skip
        return True

    def _owner(self, kind: str, name: str) -> str | None:
        module = self.world.kinds.get(kind)
        state = None if module is None else self.world.get(kind, name)
        return None if state is None or module is None else module.owner(name, state)

    def _check(self, task: Task, scope: Scope, origin: Origin, region: str | None) -> None:
        """Look at the resources that the check matches, or at the one that it names."""
        assert task.check is not None
        place, select = task.at("check", "select"), task.check.get("select", "true")
        if "name" in task.check:
            inner, name = self._about(task, scope, region)
            if inner.expression(select, place):
                self._found(task, inner, origin, name, region)
            return
        for resource in self._matching(str(task.kind), str(select), place, scope, region):
            self._found(task, scope.child({}, resource), origin, resource.name, region)

    def _about(self, task: Task, scope: Scope, region: str | None) -> tuple[Scope, str]:
        """Return the scope of a check that names its resource, which need not exist."""
        assert task.check is not None
        name = scope.render(task.check["name"], lambda *_: task.at("check", "name"))
        if not isinstance(name, str) or not name:
            raise InputError(_error(task.at("check", "name"), f"a name must be text, got {_kind_of(name)}"))
        exists = self.world.get(str(task.kind), name, region) is not None
        if exists:
            scope = scope.child({}, Resource(self.world, str(task.kind), region, name))
        return scope.child({}, {"name": name, "exists": exists}), name

    def _found(self, task: Task, scope: Scope, origin: Origin, name: str, region: str | None) -> None:
        assert task.check is not None
        message = scope.render(task.check["message"], lambda *_: task.at("check", "message"))
        severity = scope.render(task.check.get("severity", "medium"), lambda *_: task.at("check", "severity"))
        if severity not in SEVERITIES:
            raise InputError(
                _error(task.at("check", "severity"), "this is no severity", f"one of {', '.join(SEVERITIES)}")
            )
        where = self.world.address(str(task.kind), name, region)
        self.findings.append(Finding(where, str(message), str(severity), origin))

    def _mistake(self, task: Task, at: str, error: FieldError, names: Mapping[str, Any]) -> Problem:
        place = task.at(str(task.kind), *error.path)
        hint = error.hint or (nearest(str(error.path[0]), names) if error.path and error.path[0] not in names else "")
        return _error(place, f"{at}: {error.summary}", hint)

    def _unreadable(self, task: Task, error: AwsError) -> None:
        self.incomplete = True
        where = f" in {error.region}" if error.region else ""
        summary = f"not planned, because AWS refused a read: {error.service}:{error.operation}{where}: {error.code}"
        hint = f"{error.message} (`iamfix permissions` prints the policy that planning needs)"
        self.problems.append(Problem("warning", str(task.at()), f"{task.name}: {summary}", hint, "unreadable"))


def _details(kind: Kind, task: Task) -> frozenset[str]:
    """Return the details that a task must know of what it changes: all of what goes, else those that it sets."""
    if task.state == "absent":
        return frozenset() if optional.kept(kind) else details_of(kind)
    known = settable(kind)
    return details_of(kind) & {known[name].name for name in task.args if name in known}


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
        raise InputError(_error(place, "loop needs a list", 'write loop: "{{ … | dict2items }}"'))
    if not isinstance(items, list | tuple | set | frozenset):
        raise InputError(_error(place, f"loop needs a list, got {_kind_of(items)}"))
    return list(items)


def _kind_of(value: Any) -> str:
    """Say what a value is without saying the value: it may be a secret."""
    if value is None:
        return "nothing (null)"
    names = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "names"}
    return names.get(type(value), type(value).__name__)


def _error(place: Place, summary: str, hint: str = "") -> Problem:
    return Problem("error", str(place), summary, hint)
