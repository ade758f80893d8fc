"""The runs: playbooks and inventory in, plans and outcomes out. Accounts go side by side; one's failure is its own."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from iamfix import planfile
from iamfix.access.again import judged_again
from iamfix.access.judge import judged
from iamfix.apply import Applier, Moved
from iamfix.aws.model import faults
from iamfix.aws.organization import plugins
from iamfix.aws.reader import Reads, enabled_regions
from iamfix.aws.sender import Sender
from iamfix.aws.session import AccountSession, Sessions
from iamfix.clock import Clock, SystemClock
from iamfix.enforce import check_enforce
from iamfix.guards import GUARDS, ROLLBACK_GUARDS, Guard, allowed, guarded, too_many
from iamfix.inventory import Inventory, load_inventory
from iamfix.journal import Journal, new_run_id, read_run
from iamfix.kinds import KINDS, optional
from iamfix.kinds.protocol import Want
from iamfix.model import (
    Account,
    AccountPlan,
    Call,
    Change,
    IamfixError,
    InputError,
    Json,
    Plan,
    Problem,
    Stopped,
    Wave,
)
from iamfix.patterns import select_accounts
from iamfix.plan import Choice, Fold
from iamfix.playbook import Play, Playbooks, check_tags, load_playbooks, words_to_enforce
from iamfix.render import Renderer
from iamfix.rollback import rollback_changes
from iamfix.world import World

State = Literal["done", "failed", "refused", "skipped", "nothing"]


class Progress(Protocol):
    """What a run tells while it goes on; may be called from several threads."""

    def start(self, total: int, what: str) -> None: ...
    def account(self, name: str, event: str, detail: str = "") -> None: ...
    def call(self, account: str, call: Call, state: str, detail: str = "") -> None: ...
    def finish(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says of a run; the same words everywhere."""

    inventory: Path = Path("inventory")
    limit: str | None = None
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    extra_vars: Mapping[str, Json] = field(default_factory=dict)
    forks: int = 8
    max_changes: int | None = None
    max_deletes: int | None = None
    allow: tuple[str, ...] = ()
    journal: Path = Path(".iamfix")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an apply."""

    run_id: str
    accounts: Mapping[str, State]
    problems: tuple[Problem, ...] = ()
    interrupted: bool = False
    journal_broken: str = ""
    """Why the journal does not tell all; empty when it does."""

    @property
    def exit_code(self) -> int:
        if self.interrupted:
            return 130
        bad = [state for state in self.accounts.values() if state in ("failed", "refused", "skipped")]
        if not bad:
            return 1 if self.journal_broken else 0
        return 3 if any(state in ("done", "nothing") for state in self.accounts.values()) else 1


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
    _run: str = ""
    """The id of the run that is being planned or applied; its sessions and its journal are named so."""
    _applied: bool = False
    _sessions: Sessions | None = None
    _loaded: Inventory | None = None
    _entered: dict[str, AccountSession] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if isinstance(self.clock, SystemClock):
            self.clock.stop = self.stop

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

        plans = self._side_by_side(accounts, one, "plan")
        return self._finish(
            plans,
            made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            {"playbooks": loaded.digest, "inventory": inventory.digest},
            tuple(_wave(play, chosen) for play, chosen in plays),
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
        if self.options.limit:
            chosen = list(select_accounts(self.options.limit, inventory))
        accounts = [account for account in chosen if account.name in recorded]
        made_at = self.clock.now()

        def one(account: Account) -> AccountPlan:
            def fold(world: World) -> AccountPlan:
                made = planfile.read_changes(recorded[account.name]["changes"], KINDS, account.partition)
                attempted = run.attempted[account.name]
                changes, problems = rollback_changes(world, made, attempted, run.id, faults)
                return AccountPlan(account, changes=changes, problems=problems)

            return self._with_world(account, fold)

        plans = self._side_by_side(accounts, one, "plan")
        wave = Wave(f"rollback of {run.id}", (tuple(account.name for account in accounts),), 100.0)
        digests = dict(run.plan["digests"])
        waves = (wave,) if accounts else ()
        return self._finish(plans, made_at.strftime("%Y-%m-%dT%H:%M:%SZ"), digests, waves, ROLLBACK_GUARDS)

    def apply(self, plan: Plan, what: str = "apply") -> Outcome:
        """Apply a plan that has no errors; journals it. Raises InputError when a guard refuses it."""
        refusing = [problem for problem in plan.problems() if problem.severity == "error"]
        if refusing:
            raise InputError(*refusing)
        now = self.clock.now()
        with self._lock:
            if self._applied:
                self._sessions, self._run, self._entered = None, "", {}
            run = self._run = self._run or new_run_id(now)
            self._applied = True
        journal = Journal(self.options.journal, run)
        journal.begin(plan, what, now, self.options.allow)
        work = _Apply(self, plan, journal)
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

    def _accounts(self, inventory: Inventory, play: Play) -> list[Account]:
        chosen = list(select_accounts(play.accounts, inventory))
        if self.options.limit:
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

    def enter(self, account: Account) -> AccountSession:
        """Enter an account, once in a run: planning and applying share the credentials. Raises AwsError."""
        sessions = self.sessions()
        with self._lock:
            entered = self._entered.get(account.name)
        if entered is None:
            entered = sessions.enter(account)
            with self._lock:
                self._entered[account.name] = entered
        return entered

    def sessions(self) -> Sessions:
        """Return what makes sessions, named after the run that is being planned or applied."""
        with self._lock:
            if self._sessions is None:
                self._run = self._run or new_run_id(self.clock.now())
                self._sessions = Sessions(self.clock, self.chance, self._run)
            return self._sessions

    def inventory(self) -> Inventory:
        """Return the inventory, read once in a run; tell what it leaves out. Raises InputError, AwsError."""
        if self._loaded is None:
            self._loaded = load_inventory(self.options.inventory, plugins(self.sessions()))
            for note in self._loaded.notes:
                self.progress.account(note, "note")
        return self._loaded

    def inventory_with(self, facts: Mapping[str, Json], name: str) -> Inventory:
        """Return the inventory, read anew, with one account more unless it has one of that id.

        The account is in the group `all` only. Raises InputError, AwsError.
        """
        return load_inventory(self.options.inventory, plugins(self.sessions()), {name: facts})

    def beside(self, inventory: Inventory, limit: str, **options: Any) -> Runner:
        """Return a runner with the same clock and screen for other accounts; it has a run of its own."""
        given = replace(self.options, limit=limit, **options)
        return Runner(given, self.progress, self.clock, self.chance, self.stop, _loaded=inventory)

    def _everyone(self) -> Sequence[Account]:
        return self._loaded.accounts if self._loaded is not None else ()

    def _with_world(self, account: Account, fold: Callable[[World], AccountPlan]) -> AccountPlan:
        """Enter an account and fold something over its world; whatever fails there stays there."""
        began, reads = self.clock.monotonic(), None
        try:
            session = self.enter(account)
            reads = Reads(session, self.clock, self.chance, self.stop)
            world = _world(session, reads, self._everyone())
            plan = judged(fold(world), world, session.principal, session.caller)
            later = {read for kind in world.kinds_looked_at() for read in optional.later_reads(KINDS[kind])}
            plan = replace(plan, api_calls=session.count.sent, reads=tuple(sorted(reads.used | later)))
        except IamfixError as error:
            plan = AccountPlan(account, error=str(error), api_calls=0)
        finally:
            if reads is not None:
                reads.close()
        return replace(plan, seconds=round(self.clock.monotonic() - began, 3))

    def look(self, one: Callable[[World], Any]) -> list[tuple[Account, Any]]:
        """Ask something of the world of each account that `--limit` names; an account's error stands in its place.

        Raises:
            InputError: no account is named.
        """
        inventory = self.inventory()
        accounts = list(select_accounts(self.options.limit or "all", inventory))
        if not accounts:
            where = str(self.options.inventory)
            raise InputError(Problem("error", where, "no account matches --limit", "`iamfix inventory` lists them"))

        def asked(account: Account) -> Any:
            if self.stop.is_set():
                raise KeyboardInterrupt
            try:
                session = self.enter(account)
                with closing(Reads(session, self.clock, self.chance, self.stop)) as reads:
                    found = one(_world(session, reads, self._everyone()))
            except IamfixError as error:
                found = error
            self.progress.account(account.name, "failed" if isinstance(found, IamfixError) else "done")
            return found

        self.progress.start(len(accounts), "look")
        try:
            return list(zip(accounts, self._map(accounts, asked), strict=True))
        finally:
            self.progress.finish()

    def _side_by_side(
        self, accounts: Sequence[Account], one: Callable[[Account], AccountPlan], what: str
    ) -> list[AccountPlan]:
        def told(account: Account) -> AccountPlan:
            if self.stop.is_set():
                raise KeyboardInterrupt
            self.progress.account(account.name, "started")
            plan = one(account)
            if self.stop.is_set():
                raise KeyboardInterrupt
            self.progress.account(account.name, "failed" if plan.error else "done", plan.error or "")
            return plan

        self.progress.start(len(accounts), what)
        try:
            return list(self._map(accounts, told))
        finally:
            self.progress.finish()

    def _map(self, items: Sequence[Any], one: Callable[[Any], Any]) -> Iterator[Any]:
        """Run one thing for each item, `--forks` at once; an interrupt lets what is under way end."""
        with ThreadPoolExecutor(max(1, self.options.forks), thread_name_prefix="account") as pool:
            try:
                yield from [future.result() for future in [pool.submit(one, item) for item in items]]
            except KeyboardInterrupt:
                self.stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _finish(
        self,
        plans: Sequence[AccountPlan],
        made_at: str,
        digests: Mapping[str, str],
        waves: tuple[Wave, ...],
        guards: Sequence[Guard] = GUARDS,
    ) -> Plan:
        checked = tuple(guarded(plan, self.options.allow, guards) for plan in plans)
        plan = self._limited(Plan("", made_at, digests, checked, waves))
        return replace(plan, id=planfile.identify(plan))

    def _limited(self, plan: Plan) -> Plan:
        """Add what the guards over the whole plan say, to the first account that has changes."""
        found = too_many(plan, self.options.max_changes, self.options.max_deletes)
        problems = tuple(allowed(problem, self.options.allow) for problem in found)
        if not problems:
            return plan
        first = next(index for index, one in enumerate(plan.accounts) if one.changes)
        accounts = list(plan.accounts)
        accounts[first] = replace(accounts[first], problems=(*accounts[first].problems, *problems))
        return replace(plan, accounts=tuple(accounts))


@dataclass(slots=True)
class _Apply:
    """The state of one apply: which accounts are through, play by play, wave by wave."""

    runner: Runner
    plan: Plan
    journal: Journal
    states: dict[str, State] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    halted: bool = False

    def go(self) -> None:
        by_name = {one.account.name: one for one in self.plan.accounts}
        for one in self.plan.accounts:
            if one.error is not None:
                self.states[one.account.name] = "failed"
        for number, wave in enumerate(self.plan.waves):
            for batch in wave.batches:
                if self.halted or self.runner.stop.is_set():
                    return
                due = [
                    (by_name[name], changes)
                    for name in batch
                    if name in by_name
                    and self.states.get(name) not in ("failed", "refused")
                    and (changes := [c for c in by_name[name].changes if c.origin.step[0] == number])
                ]
                try:
                    list(self.runner._map(due, self._account))
                except KeyboardInterrupt:
                    return
                bad = [name for name in batch if self.states.get(name) in ("failed", "refused")]
                many = len(wave.batches) > 1 or wave.max_fail_percentage < 100
                if bad and many and 100 * len(bad) / len(batch) > wave.max_fail_percentage:
                    self.halted = True

    @property
    def why_skipped(self) -> str:
        return "too many accounts failed before it" if self.halted else "the run was stopped before it"

    def final(self) -> dict[str, State]:
        """Return the state of every account: what was not reached was skipped."""
        return {
            one.account.name: self.states.get(one.account.name, "skipped" if one.changes else "nothing")
            for one in self.plan.accounts
        }

    def _account(self, work: tuple[AccountPlan, list[Change]]) -> None:
        plan, changes = work
        if self.runner.stop.is_set():
            return
        runner, name = self.runner, plan.account.name
        clock, progress = runner.clock, runner.progress
        self.journal.account(name, "started", clock.now())
        progress.account(name, "started")
        try:
            session = runner.enter(plan.account)
            with closing(_Looks(session, runner)) as looks:
                if name not in self.states:
                    caller, allow = session.caller, runner.options.allow
                    problems = list(judged_again(plan, looks.new_world, session.principal, caller, allow))
                    if problems:
                        raise Moved(problems)
                made = self._applier(plan.account, looks).apply(changes, plan.changes)
            state: State = "done" if made or self.states.get(name) == "done" else "nothing"
            detail = ""
        except Stopped as error:
            state, detail = "failed", str(error)
        except Moved as error:
            state, detail = "refused", str(error)
            self.problems += error.problems
        except IamfixError as error:
            state, detail = "failed", "; ".join([str(error), *getattr(error, "__notes__", ())])
            self.problems.append(
                Problem("error", name, detail, f"`iamfix show {self.journal.run}` tells how far it came")
            )
        self.states[name] = "failed" if plan.incomplete and state != "refused" else state
        self.journal.account(name, state, clock.now(), detail)
        progress.account(name, state, detail)

    def _applier(self, account: Account, looks: _Looks) -> Applier:
        runner = self.runner

        def accepted(call: Call, ask: Mapping[str, Any]) -> None:
            self.journal.accepted(account.name, call, ask, runner.clock.now())

        sender = Sender(runner.enter(account), runner.clock, runner.chance, looks.known, accepted)
        return Applier(
            account.name, looks.new_world, sender, self.journal, runner.clock, runner.progress.call, runner.stop
        )


class _Looks:
    """The worlds that an apply looks at, one after the other; each reads anew."""

    def __init__(self, session: AccountSession, runner: Runner) -> None:
        self._session, self._runner = session, runner
        self._reads: Reads | None = None
        self._world: World | None = None

    def new_world(self) -> World:
        self.close()
        self._reads = Reads(self._session, self._runner.clock, self._runner.chance, self._runner.stop)
        self._world = _world(self._session, self._reads, self._runner._everyone(), live=True)
        return self._world

    def known(self, name: str) -> bool:
        return self._world is not None and any(name in names for names in self._world.names())

    def close(self) -> None:
        if self._reads is not None:
            self._reads.close()


def _world(session: AccountSession, reads: Reads, accounts: Sequence[Account], *, live: bool = False) -> World:
    def observe(kind: str, region: str | None, want: Want) -> Mapping[str, Any]:
        return KINDS[kind].observe(reads.at(region), want)

    world = World(session.account, KINDS, observe, lambda: enabled_regions(reads), reads.spread, accounts, live=live)
    world.principal = session.principal
    return world


def _wave(play: Play, accounts: Sequence[Account]) -> Wave:
    """Cut a play's accounts into batches, as `serial` says: numbers or shares, the last one repeats."""
    names = [account.name for account in accounts]
    if not play.serial:
        return Wave(
            play.name,
            (tuple(names),) if names else (),
            100.0 if play.max_fail_percentage is None else play.max_fail_percentage,
        )
    batches, steps = [], list(play.serial)
    while names:
        step = steps.pop(0) if len(steps) > 1 else steps[0]
        share = step.endswith("%") if isinstance(step, str) else False
        size = max(1, int(len(accounts) * float(str(step)[:-1]) / 100)) if share else max(1, int(step))
        batches.append(tuple(names[:size]))
        names = names[size:]
    return Wave(play.name, tuple(batches), play.max_fail_percentage or 0.0)
