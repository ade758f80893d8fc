"""Planning: a fold of the plays' tasks over one account's world. It sends nothing; the world reads for it.

Each task is filled in (`task_values.py`), merged with how its resource looks (`wanted.py`) and becomes a change with
its AWS calls (`step.py`), which the world then follows, so that the next task sees the account as it will be. What a
task only reports is told by `findings.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from iamfix.disagreement import Asks
from iamfix.documents import refused_documents
from iamfix.fields import FieldError
from iamfix.findings import checked, waiting
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
    Problem,
    RegionClosed,
)
from iamfix.playbook import Play, Task, selected
from iamfix.render import Scope
from iamfix.selecting import matching
from iamfix.step import change, follow, ripples_of
from iamfix.task_values import controls_of, loop_items, mistake, name_of, regions_of, wrong
from iamfix.wanted import details_for, details_of, keep_owned, merge, read_arguments, settable
from iamfix.world import Resource, Spot, World

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
    _asks: Asks = field(default_factory=Asks)
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
            if all(inner.holds(text, task.at("when")) for text in task.when):
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
            str(task.at()), task.practice, controls_of(task, scope), allow, step,
        )  # fmt: skip
        self.asked.add((origin.practice, origin.controls))
        regions = regions_of(kind, task, scope, self.world)
        self.world.read_ahead((str(task.kind), region) for region in regions)
        for region in regions:
            here = scope.child({}, {"region": region or self.world.account.home_region})
            try:
                if task.check is not None:
                    self._check(task, task.check, here, origin, region)
                elif task.select is not None:
                    self._select(kind, task, here, origin, region, tags)
                else:
                    self._named(kind, task, here, origin, region, tags)
            except AwsError as error:
                if isinstance(error, RegionClosed) and region not in (None, self.world.account.home_region):
                    self._closed(task, str(region), error)
                else:
                    self._unreadable(task, error)

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
        name = name_of(name, task.at(str(task.kind), "name"))
        if kind.SINGLETON not in (None, name):
            name = kind.SINGLETON or name
        try:
            name = optional.named(kind, name, Spot(self.world, region))
        except FieldError as error:
            raise InputError(wrong(task.at(str(task.kind), "name"), error.summary, error.hint)) from None
        spelled = self.world.spelled(str(task.kind), name, region)
        if spelled != name:
            raise InputError(
                wrong(
                    task.at(str(task.kind), "name"), f"{name!r} is {spelled!r} in {self.world.account.name}",
                    f"to AWS both are one name; write {spelled}",
                )
            )  # fmt: skip
        self._one(kind, task, scope, origin, name, region, tags)

    def _select(
        self, kind: Kind, task: Task, scope: Scope, origin: Origin, region: str | None, tags: tuple[str, ...]
    ) -> None:
        place = task.at(str(task.kind), "select")
        found = list(matching(self.world, str(task.kind), str(task.select), place, scope, region, self._ignored))
        self.world.look(str(task.kind), frozenset(resource.name for resource in found), region, _details(kind, task))
        # What has a path for its name goes after all that is below it.
        for resource in reversed(found) if task.state == "absent" else found:
            self._one(
                kind,
                task,
                scope.child({}, {"resource": resource, "name": resource.name}),
                origin,
                resource.name,
                region,
                tags,
            )

    def _one(
        self, kind: Kind, task: Task, scope: Scope, origin: Origin, name: str, region: str | None,
        tags: tuple[str, ...],
    ) -> None:  # fmt: skip
        """Plan one resource."""
        kind_name, look = str(task.kind), self._spot(task, scope, region)
        at = self.world.address(kind_name, name, region)
        self._seen.add(at)
        notes: tuple[str, ...] = ()
        if task.state == "absent":
            reason = optional.kept(kind)
            before = self.world.get(kind_name, name, region, frozenset() if reason else details_of(kind))
            if before is None:
                self._asks.add(at, None, origin, named=task.select is None)
                return
            if reason:
                raise InputError(wrong(task.at(kind_name), f"{at} is not deleted: {reason}"))
            asked, after = None, None
        else:
            arguments = scope.render(task.args, lambda *path: task.at(kind_name, *path))
            asked, mistakes = read_arguments(kind, arguments, look)
            self.problems += (Problem("info", str(task.at(kind_name)), f"{at}: {text}") for text in look.remarks)
            if mistakes:
                raise InputError(*(mistake(task, at, one, settable(kind)) for one in mistakes))
            before = self.world.get(kind_name, name, region, details_for(kind, asked))
            if before is None and not kind.CREATABLE:
                raise InputError(wrong(task.at(kind_name), f"{at} does not exist, and iamfix makes no {kind_name}"))
            try:
                after = merge(kind, before, asked)
            except FieldError as error:
                raise InputError(mistake(task, at, error, settable(kind))) from None
            kept = keep_owned(kind, before, after, asked, look, self._owner)
            if kept != after:
                notes = ("kept what belongs to AWS services or other tools, though the list does not name it",)
                after = kept
        done = change(self.world, kind_name, name, region, after, origin, notes, look)
        if done is not None and task.staged is not None:
            waits = waiting(self.world, task, task.staged, scope, done, tags)
            if waits is not None:
                self.findings.append(waits)
                return
        if done is not None:
            self.problems += self._asks.undone(at, done.before, done.after, origin)
        if done is not None or task.staged is None:
            self._asks.add(at, asked, origin, named=task.select is None)
        if done is None:
            return
        self.changes.append(done)
        self.problems += breach_problems(kind, done, look)
        if asked is not None:
            changed = {name for name in asked if before is None or getattr(before, name) != getattr(after, name)}
            found = refused_documents(task, settable(kind), arguments, asked, changed, self.world.account)
            self.problems += (allowed(one, (), origin.allow) for one in found)
        for call in done.calls:
            for fault in self.check(call):
                summary = f"AWS would not take {call.service}:{call.operation}: {fault}"
                self.problems.append(Problem("error", at, summary, f"asked for at {task.at()}", "quota"))
        self._follow(done)

    def _follow(self, done: Change) -> None:
        """Have the world follow a change; tell what that takes from other resources of what tasks have asked."""
        bound = {
            self.world.address(ripple.kind, ripple.name, where): (ripple.kind, ripple.name, where)
            for ripple in ripples_of(self.world, done)
            for where in (self.world.region_of(ripple.kind, done.region),)
        }
        before = {at: self.world.get(*other) for at, other in bound.items() if self._asks.of(at)}
        follow(self.world, done)
        for at, state in before.items():
            self.problems += self._asks.undone(at, state, self.world.get(*bound[at]), done.origin)

    def _spot(self, task: Task, scope: Scope, region: str | None) -> Spot:
        """Return where a task stands: the world, with the variables as the task sees them."""

        def told(name: str) -> Any:
            return scope.expression(f"{name} | default(none)", task.at())

        return Spot(self.world, region, told)

    def _owner(self, kind: str, name: str) -> str | None:
        module = self.world.kinds.get(kind)
        state = None if module is None else self.world.get(kind, name)
        return None if state is None or module is None else module.owner(name, state)

    def _check(self, task: Task, check: Mapping[str, Any], scope: Scope, origin: Origin, region: str | None) -> None:
        def among(select: str) -> Iterator[Resource]:
            place = task.at("check", "select")
            return matching(self.world, str(task.kind), select, place, scope, region, self._ignored)

        self.findings.extend(checked(self.world, task, check, scope, origin, region, among))

    def _unreadable(self, task: Task, error: AwsError) -> None:
        self.incomplete = True
        where = f" in {error.region}" if error.region else ""
        why = "AWS refused a read" if error.answered else "a read did not reach AWS"
        summary = f"not planned, because {why}: {error.service}:{error.operation}{where}: {error.code}"
        hint = "; ".join([error.message, *getattr(error, "__notes__", ())])
        if error.answered:
            hint += " (`iamfix permissions` prints the policy that planning needs)"
        self.problems.append(Problem("warning", str(task.at()), f"{task.name}: {summary}", hint, "unreadable"))


def _details(kind: Kind, task: Task) -> frozenset[str]:
    """Return the details that a task must know of what it changes: all of what goes, else those that it sets."""
    if task.state == "absent":
        return frozenset() if optional.kept(kind) else details_of(kind)
    known = settable(kind)
    return details_of(kind) & {known[name].name for name in task.args if name in known}
