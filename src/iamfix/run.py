"""The runs: playbooks and inventory in, plans and outcomes out. Accounts go side by side; one's failure is its own.

`worlds.py` enters the accounts and opens their worlds, `plan.py` plans one, `waves.py` goes through them at an apply.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from iamfix import planfile
from iamfix.access.judge import judged
from iamfix.aws.clients import Clients
from iamfix.aws.model import faults
from iamfix.aws.organization import plugins
from iamfix.clock import Clock, SystemClock
from iamfix.enforce import check_enforce
from iamfix.forecast import foretold
from iamfix.forks import side_by_side
from iamfix.guards import allowed, guarded, limited
from iamfix.inventory import Inventory, load_inventory
from iamfix.journal import Journal, read_run, runs
from iamfix.kinds import KINDS, optional
from iamfix.model import Account, AccountPlan, IamfixError, InputError, Json, Plan, Problem, Wave
from iamfix.options import Options, Outcome, Progress
from iamfix.patterns import select_accounts
from iamfix.plan import Choice, Fold
from iamfix.playbook import Play, Playbooks, check_tags, load_playbooks, words_to_enforce
from iamfix.render import Renderer
from iamfix.rollback import RULE, WayBack, settled
from iamfix.waves import Rollout, wave
from iamfix.world import World
from iamfix.worlds import Worlds

_Found = TypeVar("_Found")


@dataclass(slots=True)
class Runner:
    """Plans and applies. What differs between a real run and a test is passed in."""

    options: Options
    progress: Progress
    clock: Clock = field(default_factory=SystemClock)
    chance: random.Random = field(default_factory=random.Random)
    stop: threading.Event = field(default_factory=threading.Event)
    asked: dict[str, set[tuple[int | None, tuple[str, ...]]]] = field(default_factory=dict)
    """(practice, controls) of the tasks that were asked of each account, by its name."""
    clients: Clients = field(default_factory=Clients)
    """What AWS is reached through; runners may share them."""
    worlds: Worlds = field(init=False)
    _loaded: Inventory | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if isinstance(self.clock, SystemClock):
            self.clock.stop = self.stop
        everyone = self._loaded.accounts if self._loaded is not None else ()
        self.worlds = Worlds(self.clock, self.chance, self.stop, self.clients, everyone)

    def plan(self, playbooks: Sequence[Path]) -> Plan:
        """Plan the playbooks for the accounts they name; what fails in one is in its plan.

        Raises:
            InputError: the playbooks or the inventory have mistakes.
            AwsError: a dynamic inventory could not be read.
        """
        loaded = load_playbooks(playbooks, KINDS)
        check_tags(loaded.plays, tags=self.options.tags, skip_tags=self.options.skip_tags)
        if "enforce" in self.options.extra_vars:
            check_enforce(self.options.extra_vars["enforce"], words_to_enforce(loaded.plays))
        inventory = self.inventory()
        plays = [(play, self._accounts(inventory, play)) for play in loaded.plays]
        wanted = {account.name for _, chosen in plays for account in chosen}
        accounts = [account for account in inventory.accounts if account.name in wanted]
        if not accounts:
            where = str(self.options.inventory)
            raise InputError(Problem("error", where, "no account matches the plays and --limit", "`iamfix inventory`"))
        made_at = self.clock.now()
        numbered = [(number, play, {a.name for a in chosen}) for number, (play, chosen) in enumerate(plays)]

        def one(account: Account) -> AccountPlan:
            mine = [(number, play) for number, play, names in numbered if account.name in names]
            return self._plan_account(account, mine, loaded)

        plans = [foretold(plan, inventory, self.options, made_at) for plan in self._planned(accounts, one)]
        return self._finish(
            plans,
            made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            {"playbooks": loaded.digest, "inventory": inventory.digest},
            tuple(wave(play, chosen) for play, chosen in plays),
        )

    def saved(self, path: Path) -> Plan:
        """Load a saved plan. Raises InputError when it is no plan, was edited, or is of other accounts."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(Problem("error", str(path), f"this plan cannot be read: {error}")) from None
        except (ValueError, RecursionError) as error:
            raise InputError(Problem("error", str(path), f"this is not a saved plan: {error}", "plan again")) from None
        inventory = self.inventory()
        plan = planfile.from_json(data, KINDS, {a.name: a for a in inventory.accounts}, str(path))
        accounts = tuple(
            replace(one, problems=tuple(allowed(problem, self.options.allow) for problem in one.problems))
            for one in plan.accounts
        )
        return self._limited(replace(plan, accounts=accounts))

    def rollback(self, run_id: str) -> Plan:
        """Plan the way back of a run. Raises JournalError, InputError."""
        run = read_run(self.options.journal, run_id)
        inventory = self.inventory()
        by_name = {account.name: account for account in inventory.accounts}
        recorded = {one["name"]: one for one in run.plan["accounts"] if run.attempted.get(one["name"])}
        if missing := sorted(recorded.keys() - by_name.keys()):
            problem = Problem(
                "error", str(self.options.inventory), f"the run changed {missing[0]!r}, which is not here"
            )
            raise InputError(problem)
        chosen = list(inventory.accounts)
        if self.options.limit is not None:
            chosen = list(select_accounts(self.options.limit, inventory))
        accounts = [account for account in chosen if account.name in recorded]
        made_at = self.clock.now()
        later = [one for one in runs(self.options.journal) if one.id > run.id]

        def one(account: Account) -> AccountPlan:
            def fold(world: World) -> AccountPlan:
                made = planfile.read_changes(recorded[account.name]["changes"], KINDS, account.partition)
                whole = settled(run, account.name, made, later)
                way = WayBack(world, run.id, whole, faults, RULE in self.options.allow)
                way.go(made, run.attempted[account.name])
                return AccountPlan(account, changes=tuple(way.changes), problems=tuple(way.problems))

            return self._with_world(account, fold)

        plans = self._planned(accounts, one)
        whole = Wave(f"rollback of {run.id}", (tuple(account.name for account in accounts),), 100.0)
        digests = dict(run.plan["digests"])
        waves = (whole,) if accounts else ()
        return self._finish(plans, made_at.strftime("%Y-%m-%dT%H:%M:%SZ"), digests, waves)

    def apply(self, plan: Plan, what: str = "apply") -> Outcome:
        """Apply a plan that has no errors; journals it. Raises InputError when a guard refuses it."""
        refusing = [problem for problem in plan.problems() if problem.severity == "error"]
        if refusing:
            raise InputError(*refusing)
        now = self.clock.now()
        run = self.worlds.begin_apply()
        journal = Journal(self.options.journal, run)
        journal.begin(plan, what, now, self.options.allow)
        work = Rollout(plan, self.worlds, self.options, self.progress, journal)
        self.progress.start(sum(1 for one in plan.accounts if one.changes), "apply")
        try:
            work.go()
        finally:
            self.progress.finish()
        states = work.final()
        for name, state in states.items():
            if state == "skipped":
                journal.account(name, state, self.clock.now(), work.why_skipped)
                self.progress.account(name, state, work.why_skipped)
        bad = {"failed", "refused", "skipped"} & set(states.values())
        ended = "interrupted" if self.stop.is_set() else "failed" if bad else "done"
        journal.end(ended, self.clock.now())
        return Outcome(run, states, tuple(work.problems), self.stop.is_set(), journal.broken)

    def look(self, one: Callable[[World], Any]) -> list[tuple[Account, Any]]:
        """Ask something of the world of each account that `--limit` names; an account's error stands in its place.

        Raises:
            InputError: no account is named.
        """
        inventory = self.inventory()
        accounts = list(select_accounts("all" if self.options.limit is None else self.options.limit, inventory))
        if not accounts:
            where = str(self.options.inventory)
            raise InputError(Problem("error", where, "no account matches --limit", "`iamfix inventory` lists them"))

        def asked(account: Account) -> Any:
            if self.stop.is_set():
                raise KeyboardInterrupt
            try:
                with self.worlds.reading(self.worlds.enter(account)) as reads:
                    found = one(self.worlds.world(reads))
            except IamfixError as error:
                found = error
            self.progress.account(account.name, "failed" if isinstance(found, IamfixError) else "done")
            return found

        self.progress.start(len(accounts), "look")
        try:
            return list(zip(accounts, self._each(accounts, asked), strict=True))
        finally:
            self.progress.finish()

    def inventory(self) -> Inventory:
        """Return the inventory, read once in a run; tell what it leaves out. Raises InputError, AwsError."""
        if self._loaded is None:
            self._loaded = load_inventory(self.options.inventory, plugins(self.worlds.sessions(), self.worlds.keep))
            self.worlds.everyone = self._loaded.accounts
            for note in self._loaded.notes:
                self.progress.account(note, "note")
        return self._loaded

    def inventory_with(self, facts: Mapping[str, Json], name: str) -> Inventory:
        """Return the inventory, read anew, with one account more unless it has one of that id.

        The account is in the group `all` only. Raises InputError, AwsError.
        """
        return load_inventory(self.options.inventory, plugins(self.worlds.sessions()), {name: facts})

    def beside(self, inventory: Inventory, limit: str, **options: Any) -> Runner:
        """Return a runner with the same clock and screen for other accounts; it has a run of its own."""
        given = replace(self.options, limit=limit, **options)
        return Runner(given, self.progress, self.clock, self.chance, self.stop, clients=self.clients, _loaded=inventory)

    def _accounts(self, inventory: Inventory, play: Play) -> list[Account]:
        chosen = list(select_accounts(play.accounts, inventory))
        if self.options.limit is not None:
            within = {account.name for account in select_accounts(self.options.limit, inventory)}
            chosen = [account for account in chosen if account.name in within]
        return chosen

    def _plan_account(self, account: Account, plays: Sequence[tuple[int, Play]], loaded: Playbooks) -> AccountPlan:
        def fold(world: World) -> AccountPlan:
            scope = Renderer(loaded.template_roots).scope(account, self.options.extra_vars, world, self.clock.now())
            choice = Choice(self.options.tags, self.options.skip_tags)
            planning = Fold(world, scope, faults, choice)
            for number, play in plays:
                planning.run(number, play)
            with self._lock:
                self.asked[account.name] = planning.asked
            return planning.result(account)

        return self._with_world(account, fold)

    def _with_world(self, account: Account, fold: Callable[[World], AccountPlan]) -> AccountPlan:
        """Enter an account and fold something over its world; whatever fails there stays there."""
        began = self.clock.monotonic()
        try:
            session = self.worlds.enter(account)
            with self.worlds.reading(session) as reads:
                world = self.worlds.world(reads)
                plan = judged(fold(world), world, session.principal, session.caller)
                later = {read for kind in world.kinds_looked_at() for read in optional.later_reads(KINDS[kind])}
                plan = replace(plan, api_calls=session.count.sent, reads=tuple(sorted(reads.used | later)))
        except IamfixError as error:
            plan = AccountPlan(account, error=str(error), api_calls=0)
        return replace(plan, seconds=round(self.clock.monotonic() - began, 3))

    def _planned(self, accounts: Sequence[Account], one: Callable[[Account], AccountPlan]) -> list[AccountPlan]:
        def told(account: Account) -> AccountPlan:
            if self.stop.is_set():
                raise KeyboardInterrupt
            self.progress.account(account.name, "started")
            plan = one(account)
            if self.stop.is_set():
                raise KeyboardInterrupt
            self.progress.account(account.name, "failed" if plan.error else "done", plan.error or "")
            return plan

        self.progress.start(len(accounts), "plan")
        try:
            return self._each(accounts, told)
        finally:
            self.progress.finish()

    def _each(self, accounts: Sequence[Account], one: Callable[[Account], _Found]) -> list[_Found]:
        return side_by_side(accounts, one, self.options.forks, self.stop)

    def _finish(
        self, plans: Sequence[AccountPlan], made_at: str, digests: Mapping[str, str], waves: tuple[Wave, ...]
    ) -> Plan:
        checked = tuple(guarded(plan, self.options.allow) for plan in plans)
        plan = self._limited(Plan("", made_at, digests, checked, waves))
        return replace(plan, id=planfile.identify(plan))

    def _limited(self, plan: Plan) -> Plan:
        return limited(plan, self.options.allow, self.options.max_changes, self.options.max_deletes)
