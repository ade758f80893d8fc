"""Validation without AWS: structure, templates, variables and values, for every account of the inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from iamfix.aws.organization import offline_plugins
from iamfix.fields import Context, FieldError
from iamfix.inventory import load_inventory
from iamfix.kinds import KINDS
from iamfix.model import Account, InputError, Problem
from iamfix.patterns import select_accounts
from iamfix.playbook import Task, load_playbooks
from iamfix.render import Renderer, Scope
from iamfix.run import Options
from iamfix.wanted import settable


def validate(playbooks: Sequence[Path], options: Options) -> tuple[int, int]:
    """Return how many plays and accounts are valid. Raises InputError with every mistake in all of them."""
    problems: list[Problem] = []
    inventory = loaded = None
    try:
        loaded = load_playbooks(playbooks, KINDS)
    except InputError as error:
        problems += error.problems
    try:
        inventory = load_inventory(options.inventory, offline_plugins())
    except InputError as error:
        problems += error.problems
    if loaded is None or inventory is None:
        raise InputError(*problems)
    accounts: dict[str, Account] = {}
    renderer = Renderer(loaded.template_roots)
    for play in loaded.plays:
        try:
            # Which accounts and groups a dynamic inventory has, only AWS knows: one account stands for any.
            chosen = inventory.accounts if inventory.offline else select_accounts(play.accounts, inventory, play.where)
            if options.limit and not inventory.offline:
                within = select_accounts(options.limit, inventory)
                chosen = tuple(account for account in chosen if account in within)
        except InputError as error:
            problems += error.problems
            continue
        for account in chosen:
            accounts[account.name] = account
            scope = renderer.scope(account, options.extra_vars, None).child(play.vars)
            for task in play.tasks:
                problems += _task(task, scope, account)
    if problems:
        raise InputError(*dict.fromkeys(problems))
    return len(loaded.plays), len(accounts)


def _task(task: Task, scope: Scope, account: Account) -> list[Problem]:
    """Render a task as far as it asks nothing of AWS, and read its values."""
    inner = scope.child(task.vars)
    try:
        items = [{}] if task.loop is None else [{"item": item} for item in _items(task, inner)]
        problems: list[Problem] = []
        for item in items:
            each = scope.child(task.vars, item)
            if not all(each.expression(text, task.at("when")) for text in task.when):
                continue
            for child in task.tasks:
                problems += _task(child, each, account)
            each.render(task.name, lambda *_: task.at("name"))
            if task.kind is not None and task.check is None and task.select is None:
                each.render(task.resource_name, lambda *_: task.at(str(task.kind), "name"))
                arguments = each.render(task.args, lambda *path: task.at(str(task.kind), *path))
                problems += _values(task, arguments, account)
    except InputError as error:
        return [] if any("needs AWS" in problem.summary for problem in error.problems) else list(error.problems)
    return problems


def _items(task: Task, scope: Scope) -> list[Any]:
    items = scope.render(task.loop, lambda *path: task.at("loop", *path))
    if isinstance(items, str):
        items = scope.expression(items, task.at("loop"))
    if not isinstance(items, list | tuple):
        raise InputError(Problem("error", str(task.at("loop")), "loop needs a list", "write {{ … | dict2items }}"))
    return list(items)


def _values(task: Task, arguments: Mapping[str, Any], account: Account) -> list[Problem]:
    known = settable(KINDS[str(task.kind)])
    problems = []
    for name, value in arguments.items():
        try:
            known[name].codec.read(value, Context(account.partition))
        except FieldError as error:
            place = task.at(str(task.kind), name, *error.path)
            problems.append(Problem("error", str(place), f"{name}: {error.summary}", error.hint))
    return problems
