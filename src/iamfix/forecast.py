"""What a playbook would do in an account that is not made yet: its tasks folded over the world of a new account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from iamfix.aws.model import faults
from iamfix.aws.new_account import NewAccount, regions_of
from iamfix.aws.organization import clean_name
from iamfix.aws.regions import known_regions
from iamfix.inventory import Inventory, with_new_account
from iamfix.kinds import KINDS, optional
from iamfix.kinds.protocol import Want
from iamfix.model import Account, AccountPlan, AwsError, Change, IamfixError, Json
from iamfix.options import Options
from iamfix.patterns import select_accounts
from iamfix.plan import Fold
from iamfix.playbook import Play, Playbooks, load_playbooks
from iamfix.render import Renderer
from iamfix.world import World

_MARKS = {"create": "+", "update": "~", "delete": "-"}


def foretold(plan: AccountPlan, inventory: Inventory, options: Options, now: datetime) -> AccountPlan:
    """Return a plan in which each account that is to be made tells what its playbook would do there."""
    return replace(
        plan,
        changes=tuple(
            replace(change, notes=(*change.notes, *_follows(change.name, plan.account, inventory, options, now)))
            if change.before is None and change.after is not None and optional.opens_accounts(KINDS[change.kind])
            else change
            for change in plan.changes
        ),
    )


def _follows(name: str, manager: Account, inventory: Inventory, options: Options, now: datetime) -> list[str]:
    path, extra = options.new_account, options.new_account_vars
    if not path.is_file():
        return []
    try:
        playbooks = load_playbooks([path], KINDS)
        account, within = with_new_account(inventory, clean_name(name) or "new-account")
        plays = [
            (number, play)
            for number, play in enumerate(playbooks.plays)
            if account in select_accounts(play.accounts, within)
        ]
        given = options.extra_vars if extra is None else extra
        found = forecast(account, manager.id, plays, playbooks, given, within.accounts, now)
    except IamfixError as error:
        return [f"what {path} would do in it cannot be told: {error}"]
    return list(_told(found, str(path)))


def forecast(
    account: Account,
    manager: str,
    plays: Sequence[tuple[int, Play]],
    playbooks: Playbooks,
    extra_vars: Mapping[str, Json],
    everyone: Sequence[Account],
    now: datetime,
) -> AccountPlan:
    """Return the plan of plays in a new account, as far as it can be known before there is one. Nothing is sent.

    `manager` is the id of the account that makes it, `everyone` are the accounts of the inventory.
    """
    reader = NewAccount(account, account.home_region, now, manager)

    def observe(kind: str, region: str | None, want: Want) -> Mapping[str, Any]:
        try:
            return KINDS[kind].observe(reader.at(region), want)
        except LookupError as error:
            # The answers are made up, and this one lacks something: then nothing is known of this kind.
            raise AwsError(kind, "observe", "NotKnownYet", f"a new account does not tell {error}") from None

    known = partial(known_regions, account.partition)
    world = World(account, KINDS, observe, lambda: regions_of(account), accounts=everyone, known=known)
    world.principal = account.role_arn
    fold = Fold(world, Renderer(playbooks.template_roots).scope(account, extra_vars, world, now), faults)
    for number, play in plays:
        fold.run(number, play)
    return fold.result(account)


def _told(plan: AccountPlan, playbook: str) -> Iterator[str]:
    """Yield the lines that tell a forecast: what comes of each kind, and what is not known."""
    many = len(plan.changes)
    yield f"then, in the new account, {playbook} makes {many} change{'' if many == 1 else 's'}, as far as known now:"
    groups: dict[tuple[str, str], dict[str, list[Change]]] = {}
    for change in plan.changes:
        groups.setdefault((_MARKS[change.action], change.kind), {}).setdefault(change.name, []).append(change)
    for (mark, kind), names in groups.items():
        shown = ", ".join(_name(name, changes) for name, changes in names.items())
        yield f"  {mark} {kind}: {shown}".replace(plan.account.id, "<its id>")
    if plan.findings:
        yield f"  {len(plan.findings)} findings that it reports and does not change"
    unknown = [problem for problem in plan.problems if problem.severity == "error" or problem.rule == "unreadable"]
    for problem in unknown:
        yield f"  not known before the account is made: {problem.summary} ({problem.where})"


def _name(name: str, changes: Sequence[Change]) -> str:
    regions = {change.region for change in changes}
    return f"{name} in {len(regions)} regions" if len(regions) > 1 else name
