"""Validation without AWS: structure, templates, variables and values, for every account of the inventory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from iamfix.aws.organization import offline_plugins
from iamfix.aws.regions import known_regions
from iamfix.documents import boundaries_of, document_problems
from iamfix.fields import Asked, Context, FieldError
from iamfix.foresee import Foreseen
from iamfix.guards import RULES
from iamfix.inventory import load_inventory
from iamfix.kinds import KINDS
from iamfix.model import Account, InputError, Place, Problem
from iamfix.options import Options
from iamfix.patterns import select_accounts
from iamfix.playbook import Play, Task, read_playbooks
from iamfix.render import Renderer, Scope
from iamfix.task_values import loop_items, no_region, region_names
from iamfix.views.wording import named
from iamfix.wanted import settable
from iamfix.world import names_of


def _silent(_: Problem) -> None:
    """Tell nobody."""


def validate(playbooks: Sequence[Path], options: Options, note: Callable[[Problem], None] = _silent) -> tuple[int, int]:
    """Return how many plays and accounts are valid. Raises InputError with every mistake in all of them.

    `note` is told what is no mistake and should be looked at: what lint finds in policy documents that AWS would take.
    """
    problems: list[Problem] = []
    inventory = None
    # What is right is looked at though something else is wrong: one run tells every mistake.
    loaded, wrong = read_playbooks(playbooks, KINDS)
    problems += wrong
    try:
        inventory = load_inventory(options.inventory, offline_plugins())
    except InputError as error:
        problems += error.problems
    if inventory is None:
        raise InputError(*problems)
    accounts: dict[str, Account] = {}
    renderer = Renderer(loaded.template_roots)
    boundaries: set[str] = set()
    checks: list[tuple[Play, Scope, Account]] = []
    for play in loaded.plays:
        try:
            # Which accounts and groups a dynamic inventory has, only AWS knows: one account stands for any.
            chosen = inventory.accounts if inventory.offline else select_accounts(play.accounts, inventory, play.where)
            if options.limit is not None and not inventory.offline:
                within = select_accounts(options.limit, inventory)
                chosen = tuple(account for account in chosen if account in within)
        except InputError as error:
            problems += error.problems
            continue
        for account in chosen:
            accounts[account.name] = account
            scope = renderer.scope(account, options.extra_vars, None).child(play.vars)
            boundaries |= boundaries_of(play.tasks, scope)
            checks.append((play, scope, account))
    same: dict[tuple[str, str, str], tuple[Problem, dict[str, None]]] = {}
    foreseen: dict[str, Foreseen] = {}
    for play, scope, account in checks:
        seen = foreseen.setdefault(account.name, Foreseen(account, KINDS, options.allow))
        for task in play.tasks:
            for problem in _task(task, scope, account, boundaries, seen):
                same.setdefault(_once(problem, account), (problem, {}))[1][account.name] = None
    for seen in foreseen.values():
        for problem in seen.problems():
            same.setdefault(_once(problem, seen.account), (problem, {}))[1][seen.account.name] = None
    found = [*dict.fromkeys(problems), *(_for_all(problem, list(names)) for problem, names in same.values())]
    for one in found:
        if one.severity != "error":
            note(one)
    if mistakes := [one for one in found if one.severity == "error"]:
        raise InputError(*mistakes)
    return len(loaded.plays), len(accounts)


def _once(problem: Problem, account: Account) -> tuple[str, str, str]:
    """Return what is the same in all accounts in which a mistake is found; of a document, its line and rule."""
    if problem.rule and problem.rule not in RULES:
        return problem.where, problem.rule, ""
    own = problem.summary.removeprefix(f"{account.name}: ").replace(f"{account.name}/", "").replace(account.id, "")
    return problem.where, problem.rule, own


def _for_all(problem: Problem, names: Sequence[str]) -> Problem:
    """Return a mistake that names its account with the other accounts in which it is."""
    if len(names) == 1 or not problem.summary.startswith(f"{names[0]}: "):
        return problem
    return replace(problem, summary=f"{problem.summary}  (and in {named(names[1:])})")


def _names(task: Task, scope: Scope) -> Iterator[Problem]:
    """Find what a task names of the resources that it matches, and they have not: that needs no resource."""
    if task.kind is None:
        return
    known = (*names_of(KINDS[task.kind]), "exists")
    if task.select is not None:
        yield from scope.undefined(task.select, known, partial(task.at, task.kind, "select"), expression=True)
        yield from scope.undefined(task.args, ("name", "resource"), partial(task.at, task.kind))
    for word, given in (("check", task.check), ("staged", task.staged)):
        for key, value in (given or {}).items():
            yield from scope.undefined(value, known, partial(task.at, word, key), expression=key in ("select", "when"))


def _task(task: Task, scope: Scope, account: Account, boundaries: Collection[str], foreseen: Foreseen) -> list[Problem]:
    """Render a task as far as it asks nothing of AWS, and read its values."""
    inner = scope.child(task.vars)
    problems: list[Problem] = []
    try:
        items = [{}] if task.loop is None else [{"item": item} for item in loop_items(task, inner)]
        for item in items:
            each = scope.child(task.vars, item)
            if not _holds(task, each):
                continue
            for child in task.tasks:
                problems += _task(child, each, account, boundaries, foreseen)
            problems += _names(task, each)
            _told(task.name, each, partial(task.at, "name"))
            if task.kind is not None and task.check is None and task.select is None:
                problems += _one(task, each, account, boundaries, foreseen)
            elif task.kind is not None and task.check is None:
                problems += _values(task, _without_resource(task, each), account, "", boundaries)[0]
    except InputError as error:
        if not _needs_aws(error):
            return [*problems, *error.problems]
        foreseen.untold(task)
    return problems


def _needs_aws(error: InputError) -> bool:
    return any("needs AWS" in problem.summary for problem in error.problems)


def _holds(task: Task, scope: Scope) -> bool:
    """Tell whether a task may be asked for: what only AWS can tell may hold. Raises InputError."""
    for text in task.when:
        try:
            if not scope.holds(text, task.at("when")):
                return False
        except InputError as error:
            if not _needs_aws(error):
                raise
    return True


def _told(value: Any, scope: Scope, place: Callable[..., Place]) -> tuple[Any, bool]:
    """Return a rendered value, and whether it can be told without AWS. Raises InputError."""
    try:
        return scope.render(value, place), True
    except InputError as error:
        if not _needs_aws(error):
            raise
        return None, False


def _one(task: Task, scope: Scope, account: Account, boundaries: Collection[str], foreseen: Foreseen) -> list[Problem]:
    """Read the values of a task about one resource, those that only AWS can tell left out. Raises InputError."""
    kind = str(task.kind)
    name, named_here = _told(task.resource_name, scope, partial(task.at, kind, "name"))
    regions, placed = _told(task.regions or [], scope, partial(task.at, "regions"))
    told = {key: _told(value, scope, partial(task.at, kind, key)) for key, value in task.args.items()}
    arguments = {key: value for key, (value, known) in told.items() if known}
    problems, asked = _values(task, arguments, account, str(name), boundaries)
    if not any(problem.severity == "error" for problem in problems):
        fields = {key: spec.name for key, spec in settable(KINDS[kind]).items()}
        unknown = frozenset(fields[key] for key in told.keys() - arguments.keys())
        where = None
        if placed:
            where = list(account.regions) if regions == "all" else region_names(regions, task, account)
            known_here = known_regions(account.partition)
            lacking = [no_region(one, task.at("regions"), known_here) for one in where if one not in known_here]
            # It may be younger than what is known here.
            problems += (replace(one, severity="warning") for one in lacking)
        foreseen.add(task, str(name) if named_here and name is not None else None, where, asked, unknown)
    return problems


def _without_resource(task: Task, scope: Scope) -> Mapping[str, Any]:
    """Render the arguments of a task with `select` that are the same for whatever it matches."""
    found: dict[str, Any] = {}
    for key, value in task.args.items():
        place = partial(task.at, str(task.kind), key)
        if any(scope.undefined(value, (), place)):
            continue  # it asks the resource; what is undefined anyhow is told by `_names`
        try:
            found[key] = scope.render(value, place)
        except InputError as error:
            # A template may ask the resource too, from within.
            if not all(_RESOURCE in problem.summary for problem in error.problems):
                raise
    return found


_RESOURCE = "'resource' is undefined"


def _values(
    task: Task, arguments: Mapping[str, Any], account: Account, resource: str, boundaries: Collection[str]
) -> tuple[list[Problem], dict[str, Asked]]:
    """Read arguments; return what is wrong with them, and what is asked for by field."""
    known = settable(KINDS[str(task.kind)])
    problems: list[Problem] = []
    read: dict[str, Asked] = {}
    for name, value in arguments.items():
        try:
            asked = read[known[name].name] = known[name].codec.read(value, Context(account.partition))
            problems += document_problems(
                task, name, known[name], value, asked, account, resource=resource, boundaries=boundaries
            )
        except FieldError as error:
            place = task.at(str(task.kind), name, *error.path)
            problems.append(Problem("error", str(place), f"{name}: {error.summary}", error.hint))
    return problems, read
