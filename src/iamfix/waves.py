"""Waves: a play's accounts in batches, and the apply that goes through them. One account's failure is its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from iamfix.access.again import judged_again
from iamfix.apply import Applier
from iamfix.aws.sender import Sender
from iamfix.due import Moved
from iamfix.forks import side_by_side
from iamfix.journal import Journal
from iamfix.model import Account, AccountPlan, Call, Change, IamfixError, Plan, Problem, Stopped, Wave
from iamfix.options import Options, Progress, State
from iamfix.playbook import Play
from iamfix.worlds import Looks, Worlds


def wave(play: Play, accounts: Sequence[Account]) -> Wave:
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


@dataclass(slots=True)
class Rollout:
    """The state of one apply: which accounts are through, play by play, batch by batch."""

    plan: Plan
    worlds: Worlds
    options: Options
    progress: Progress
    journal: Journal
    states: dict[str, State] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    halted: bool = False

    def go(self) -> None:
        """Go through the waves, until all are through, too many accounts of a batch failed, or the run is stopped."""
        by_name = {one.account.name: one for one in self.plan.accounts}
        for one in self.plan.accounts:
            if one.error is not None:
                self.states[one.account.name] = "failed"
                self.journal.account(one.account.name, "failed", self.worlds.clock.now(), one.error)
        for number, wave in enumerate(self.plan.waves):
            for batch in wave.batches:
                if self.halted or self.worlds.stop.is_set():
                    return
                due = [
                    (by_name[name], changes)
                    for name in batch
                    if name in by_name
                    and self.states.get(name) not in ("failed", "refused")
                    and (changes := [c for c in by_name[name].changes if c.origin.step[0] == number])
                ]
                try:
                    side_by_side(due, self._account, self.options.forks, self.worlds.stop)
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
        """Apply one play's changes of one account."""
        plan, changes = work
        if self.worlds.stop.is_set():
            return
        name, now = plan.account.name, self.worlds.clock.now
        self.journal.account(name, "started", now())
        self.progress.account(name, "started")
        try:
            session = self.worlds.enter(plan.account)
            with closing(Looks(session, self.worlds)) as looks:
                if name not in self.states:
                    caller, allow = session.caller, self.options.allow
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
        self.journal.account(name, state, now(), detail)
        self.progress.account(name, state, detail)

    def _applier(self, account: Account, looks: Looks) -> Applier:
        worlds = self.worlds

        def accepted(call: Call, ask: Mapping[str, Any]) -> None:
            self.journal.accepted(account.name, call, ask, worlds.clock.now())

        sender = Sender(worlds.enter(account), worlds.clock, worlds.chance, looks.known, accepted)
        return Applier(
            account.name, looks.new_world, sender, self.journal, worlds.clock, self.progress.call, worlds.stop
        )
