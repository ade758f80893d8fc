"""Bootstrap: a new account of the organization, from nothing to its baseline and its unit.

Each step is a plan like any other, reviewed and applied by whoever asks for the steps. What is done already is seen in
AWS, so that after an interruption the same steps go on where they were; there is no state of its own but the journal.

Sources: Organizations API Reference, "CreateAccount" (it works in the background, is not idempotent, and fails there
when the e-mail address is in use) and "MoveAccount"; Organizations User Guide, "Accessing member accounts".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import as_file, files
from pathlib import Path

from iamfix.aws.new_account import ACCESS_ROLE
from iamfix.aws.organization import clean_name
from iamfix.bootstrap_account import find_account, find_request, wait_for_request
from iamfix.bootstrap_role import policy_of, trust_of
from iamfix.bootstrap_wait import PATIENCE, is_settled, wait_until_usable
from iamfix.inventory import NOT_KNOWN_YET, Inventory
from iamfix.kinds import KINDS
from iamfix.model import Account, InputError, Json, NotHere, Plan, Problem, Protected
from iamfix.organization_tree import ROOT, Member, Tree, read_tree
from iamfix.playbook import load_playbooks
from iamfix.run import Runner

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_CONTACTS = ("security", "operations", "billing")


@dataclass(frozen=True, slots=True)
class Step:
    """One plan on the way, to be reviewed and applied by `runner`; the next step is planned when it was."""

    title: str
    runner: Runner
    plan: Plan


@dataclass(slots=True)
class Bootstrap:
    """A bootstrap of one account. `runner` has the inventory, the clock, the screen and the journal."""

    runner: Runner
    name: str
    email: str
    unit: str | None
    playbook: Path
    _manager: Account | None = None
    _inventory: Inventory | None = None
    """With the new account in it, once there is one."""
    _notes: set[str] = field(default_factory=set)

    def steps(self) -> Iterator[Step]:
        """Yield the steps that are still to be done; whoever takes one applies it before asking for the next.

        Raises:
            InputError: what is asked cannot be, which is told before anything is made.
            AwsError: AWS refuses, or the account was not usable in time.
        """
        self._check()
        tree = self._tree()
        self._check_unit(tree)
        member = find_account(tree, self.email) or self._under_way()
        if member is None:
            yield from self._made()
            member = self._appears()
        account = self._enterable(member)
        self._say(f"account {member.name} is {member.id}")
        yield from self._with_role(account, member)
        yield from self._with_baseline(account)
        yield from self._with_contacts(account)
        moved = False
        for step in self._in_unit(member):
            yield step
            moved = True
        if moved:  # what holds in the unit may forbid what held outside of it
            yield from self._with_baseline(account)
        self._say(f"account {member.id} is as {self.playbook} says" + (f", in {self.unit}" if self.unit else ""))

    def follows(self) -> str:
        """Say what follows on a new account: the plays of its playbook."""
        plays = [play.name for play in load_playbooks([self.playbook], KINDS).plays]
        return f"then, in the new account: {', '.join(plays)} ({self.playbook})"

    def _check(self) -> None:
        """Check what can be checked before anything is made. Raises InputError."""
        problems = []
        if not _EMAIL.fullmatch(self.email) or not 6 <= len(self.email) <= 64:
            told = f"{self.email!r} is no e-mail address that AWS takes"
            problems.append(Problem("error", "--email", told, "6 to 64 characters, such as aws+payments@example.com"))
        if not 1 <= len(self.name) <= 50 or not self.name.isprintable() or not clean_name(self.name):
            problems.append(Problem("error", "NAME", f"{self.name!r} is no name for an account", "1 to 50 characters"))
        if problems:
            raise InputError(*problems)
        load_playbooks([self.playbook], KINDS)
        self._enterable(Member(NOT_KNOWN_YET, self.name, self.email, "ACTIVE", ROOT, ""))

    def _tree(self) -> Tree:
        """Return the organization as it is now, from its management account. Raises InputError for another one."""
        sessions = self.runner.worlds.sessions()
        inventory = self.runner.inventory()
        profiles = {account.profile for account in inventory.accounts}
        home = inventory.accounts[0].home_region
        session = sessions.caller(profiles.pop() if len(profiles) == 1 else None, home)
        with self.runner.worlds.reading(session) as reads:
            try:
                tree = read_tree(reads.at(None), session.account.id)
            except NotHere as error:
                raise InputError(Problem("error", "bootstrap", error.summary, "use the management account")) from None
        if tree is None or tree.management != session.account.id:
            told = "is in no organization" if tree is None else f"is not the management account ({tree.management})"
            summary = f"account {session.account.id} {told}, and accounts are made there only"
            raise InputError(Problem("error", "bootstrap", summary, "use credentials of the management account"))
        known = next((one for one in inventory.accounts if one.id == tree.management), session.account)
        name = known.name if known is not session.account else "management"
        self._manager = replace(known, name=name, role_arn=None, profile=session.account.profile, only_by_name=False)
        return tree

    def _check_unit(self, tree: Tree) -> None:
        if self.unit is None:
            return
        self.unit = self.unit.strip("/") or ROOT
        if self.unit != ROOT and self.unit not in tree.units:
            told = f"there is no organizational unit {self.unit!r}"
            raise InputError(Problem("error", "--ou", told, "make it first: playbooks/organization.yml"))

    def _under_way(self) -> Member | None:
        """Wait for a request that an earlier run has made; return the account, or None when there is none."""
        session = self.runner.worlds.enter(self._managing())
        with self.runner.worlds.reading(session) as reads:
            request = find_request(reads.at(None), self.runner.options.journal, self.name, self.email)
        if request is None:
            return None
        self._say(f"AWS is making the account already ({request}): waiting for it")
        made = wait_for_request(session, request, self.runner.clock, self.runner.chance)
        return self._appears() if made else None

    def _made(self) -> Iterator[Step]:
        self._say(self.follows())
        variables = {"new_name": self.name, "new_email": self.email}
        yield from self._managed("a new account", "account.yml", variables)

    def _appears(self) -> Member:
        """Return the account once Organizations lists it: what was just made is not seen at once."""
        began = self.runner.clock.monotonic()
        while (member := find_account(self._tree(), self.email)) is None:
            if self.runner.clock.monotonic() - began > PATIENCE:
                told = f"Organizations does not list an account of {self.email}"
                raise InputError(
                    Problem("error", "bootstrap", told, "run the same command again; it makes no second one")
                )
            self.runner.clock.sleep(5.0)
        return member

    def _enterable(self, member: Member) -> Account:
        """Return the account as the inventory has it, or as one of the group `all`. Raises InputError."""
        if member.state != "ACTIVE":
            told = f"the account of {self.email} ({member.id}) is {member.state}"
            raise InputError(Problem("error", "--email", told, "use another address; this one is taken for ever"))
        name = clean_name(member.name) or member.id
        # Read anew: a dynamic inventory may have the account by now.
        inventory = self.runner.inventory_with({"id": member.id}, name)
        account = next(one for one in inventory.accounts if one.id == member.id)
        if account.role_arn is None:
            told = f"the inventory does not say as which role iamfix works in {account.name}"
            where = str(self.runner.options.inventory)
            raise InputError(Problem("error", where, told, "all: vars: {role_name: iamfix}"))
        if member.id != NOT_KNOWN_YET:
            self._inventory = inventory
        return account

    def _with_role(self, account: Account, member: Member) -> Iterator[Step]:
        """Wait until the account can be worked in, and give it the role of iamfix, as much as the baseline needs."""
        access = replace(account, role_arn=f"arn:{account.partition}:iam::{account.id}:role/{ACCESS_ROLE}")
        ways = (access, account) if account.role_arn != access.role_arn else (account,)
        settled = is_settled(member, self.runner.clock.now())
        entered = wait_until_usable(self.runner, ways, settled=settled)
        if entered is account or access.role_arn == account.role_arn:
            self._say(f"{ACCESS_ROLE} does not let iamfix in, so the role {account.role_arn} stays as it is")
            return
        inventory = self._holding(access)
        # Once it runs as its own role, no practice touches that role; so none may ask here for the right to.
        spared = replace(access, protected=(*access.protected, Protected(str(account.role_arn))))
        planner = self.runner.beside(self._holding(spared), spared.name)
        plan = planner.plan([self.playbook])
        yield from self._refused("what the baseline needs", planner, plan)
        variables = self._role(account, planner, plan)
        if variables is None:
            return
        runner = self.runner.beside(inventory, access.name, extra_vars=variables, tags=(), skip_tags=())
        yield from self._shipped("the role of iamfix", runner, "role.yml")
        wait_until_usable(self.runner, (account,), settled=settled)

    def _role(self, account: Account, planner: Runner, plan: Plan) -> dict[str, Json] | None:
        """Return the variables of `role.yml`; None where the role may do everything already."""
        path, _, name = str(account.role_arn).split(":", 5)[5].removeprefix("role").rpartition("/")
        found = planner.look(lambda world: world.get("iam_role", name))[0][1]
        if isinstance(found, Exception):
            raise found
        if found is not None and any(arn.endswith(":policy/AdministratorAccess") for arn in found.managed_policies):
            return None
        held = None if found is None else found.inline_policies.get("iamfix-baseline")
        return {
            "role_name": name,
            "role_path": f"{path}/",
            "role_is_new": found is None,
            "role_trust": trust_of(account, self._managing()),
            "role_policy": policy_of(plan, load_playbooks([self.playbook], KINDS), held),
        }

    def _with_baseline(self, account: Account) -> Iterator[Step]:
        runner = self.runner.beside(self._holding(account), account.name)
        for title in ("the baseline", "the baseline, once more", "the baseline, for the last time"):
            plan = runner.plan([self.playbook])
            yield from self._refused(title, runner, plan)
            if not any(plan.changes()):
                return
            yield Step(title, runner, plan)
        problem = Problem("error", str(self.playbook), "applied three times, it still has changes", "iamfix plan")
        raise InputError(problem)

    def _with_contacts(self, account: Account) -> Iterator[Step]:
        """Give the account the alternate contacts of its variables: only the management account sets them."""
        variables = {**account.vars, **self.runner.options.extra_vars}
        given = {word: variables.get(f"{word}_contact") for word in _CONTACTS}
        contacts = {word: value for word, value in given.items() if value}
        if contacts:
            variables = {"new_name": account.id, "contacts": contacts}
            yield from self._managed("whom AWS writes to", "contacts.yml", variables)

    def _in_unit(self, member: Member) -> Iterator[Step]:
        if self.unit is not None and self.unit != member.unit:
            yield from self._managed("its unit", "unit.yml", {"new_name": member.id, "new_ou": self.unit})

    def _managed(self, title: str, playbook: str, variables: Mapping[str, Json]) -> Iterator[Step]:
        manager = self._managing()
        runner = self.runner.beside(
            self._holding(manager), manager.name, extra_vars=dict(variables), tags=(), skip_tags=(),
            new_account=self.playbook, new_account_vars=self.runner.options.extra_vars,
        )  # fmt: skip
        yield from self._shipped(title, runner, playbook)

    def _shipped(self, title: str, runner: Runner, playbook: str) -> Iterator[Step]:
        """Yield the step of one of the playbooks that come with this command, where it changes anything."""
        with as_file(files("iamfix") / "data" / "bootstrap" / playbook) as path:
            plan = runner.plan([path])
        yield from self._refused(title, runner, plan)
        if any(plan.changes()):
            yield Step(title, runner, plan)

    def _refused(self, title: str, runner: Runner, plan: Plan) -> Iterator[Step]:
        """Yield a plan that cannot be applied: whoever takes it shows why, and ends there."""
        bad = any(one.error or one.incomplete for one in plan.accounts)
        if bad or any(problem.severity == "error" for problem in plan.problems()):
            yield Step(title, runner, plan)
            raise AssertionError("a step that cannot be applied was taken for one that was")

    def _holding(self, account: Account) -> Inventory:
        """Return the inventory in which an account is entered just so."""
        inventory = self._inventory or self.runner.inventory()
        others = [one for one in inventory.accounts if one.id != account.id]
        groups = {**inventory.groups, "all": tuple(dict.fromkeys((*inventory.groups["all"], account.name)))}
        return replace(inventory, accounts=(*others, account), groups=groups)

    def _managing(self) -> Account:
        assert self._manager is not None
        return self._manager

    def _say(self, text: str) -> None:
        if text not in self._notes:
            self._notes.add(text)
            self.runner.progress.account(text, "note")


__all__ = ["ACCESS_ROLE", "Bootstrap", "Step"]
