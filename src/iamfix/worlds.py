"""How the accounts of a run are entered, and their worlds opened: the kinds, and the reads of AWS below them."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from iamfix.aws.clients import Clients
from iamfix.aws.reader import Answers, Reads, enabled_regions
from iamfix.aws.regions import known_regions
from iamfix.aws.session import AccountSession, Sessions
from iamfix.clock import Clock
from iamfix.journal import new_run_id
from iamfix.kinds import KINDS
from iamfix.kinds.protocol import Want
from iamfix.model import Account
from iamfix.world import World


@dataclass(slots=True)
class Worlds:
    """The accounts of one run. Planning and applying share the credentials, and never what was read.

    What a dynamic inventory has read of an account, the first look at it need not ask again; later ones read anew.
    """

    clock: Clock
    chance: random.Random
    stop: threading.Event
    """Once it is set, what would be sent raises Stopped instead."""
    clients: Clients
    """What all accounts are reached through."""
    everyone: Sequence[Account] = ()
    """All accounts of the inventory, of which a world may tell."""
    _run: str = ""
    """The id of the run that is being planned or applied; its sessions and its journal are named so."""
    _applied: bool = False
    _sessions: Sessions | None = None
    _entered: dict[str, AccountSession] = field(default_factory=dict)
    _told: dict[tuple[str, str | None], Answers] = field(default_factory=dict)
    """What the inventory has read with one's own credentials, by account and profile."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin_apply(self) -> str:
        """Return the id of the run that applies: that of its planning; a new one when that was applied already."""
        now = self.clock.now()
        with self._lock:
            self._told = {}
            if self._applied:
                self._sessions, self._run, self._entered = None, "", {}
            self._run = self._run or new_run_id(now)
            self._applied = True
            return self._run

    def sessions(self) -> Sessions:
        """Return what makes sessions, named after the run that is being planned or applied."""
        with self._lock:
            if self._sessions is None:
                self._run = self._run or new_run_id(self.clock.now())
                self._sessions = Sessions(self.clock, self.chance, self._run, self.clients)
            return self._sessions

    def keep(self, session: AccountSession, answers: Answers) -> None:
        """Keep what the inventory has read, for the first look at that account."""
        with self._lock:
            self._told[session.account.id, session.account.profile] = answers

    def enter(self, account: Account) -> AccountSession:
        """Enter an account, once in a run. Raises AwsError."""
        sessions = self.sessions()
        with self._lock:
            entered = self._entered.get(account.name)
        if entered is None:
            entered = sessions.enter(account)
            with self._lock:
                self._entered[account.name] = entered
        return entered

    @contextmanager
    def reading(self, session: AccountSession) -> Iterator[Reads]:
        """Open reads of an account that remember nothing of earlier ones, but at first what the inventory has read."""
        account = session.account
        with self._lock:
            known = self._told.pop((account.id, account.profile), {}) if account.role_arn is None else {}
        with closing(Reads(session, self.clock, self.chance, self.stop, known)) as reads:
            yield reads

    def world(self, reads: Reads, *, live: bool = False) -> World:
        """Return an account's world over its reads; a `live` one takes nothing from AWS's own reports."""

        def observe(kind: str, region: str | None, want: Want) -> Mapping[str, Any]:
            return KINDS[kind].observe(reads.at(region), want)

        session = reads.session
        regions, spread = (lambda: enabled_regions(reads)), reads.spread
        known = partial(known_regions, session.account.partition)
        world = World(session.account, KINDS, observe, regions, spread, self.everyone, live=live, known=known)
        world.principal = session.principal
        return world


class Looks:
    """The worlds that an apply looks at, one after the other; each reads anew."""

    def __init__(self, session: AccountSession, worlds: Worlds) -> None:
        self._session, self._worlds = session, worlds
        self._reads: Reads | None = None
        self._world: World | None = None

    def new_world(self) -> World:
        self.close()
        worlds = self._worlds
        self._reads = Reads(self._session, worlds.clock, worlds.chance, worlds.stop)
        self._world = worlds.world(self._reads, live=True)
        return self._world

    def known(self, name: str) -> bool:
        """Tell whether the world at hand has a resource of that name."""
        return self._world is not None and any(name in names for names in self._world.names())

    def close(self) -> None:
        if self._reads is not None:
            self._reads.close()
