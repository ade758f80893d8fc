"""Ways into accounts: a role assumed at most once per account, sessions of a root user, clients that only read."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError

from iamfix.aws.clients import Caller, Clients, Counter, new_session
from iamfix.aws.errors import send
from iamfix.aws.patience import ordinary, patiently
from iamfix.aws.reach import Door, Reach
from iamfix.clock import Clock
from iamfix.model import Account, AwsError, NotHere

ROOT_LOOK = "IAMAuditRootUserCredentials"
ROOT_REMOVE = "IAMDeleteRootUserCredentials"
"""AWS's policies for the tasks that a root user's session is opened for (IAM User Guide, "Centrally manage root access
for member accounts")."""
_ROOT_SECONDS = 900


class Sessions:
    """Makes sessions for accounts, each with credentials of its own."""

    def __init__(self, clock: Clock, chance: random.Random, run: str, clients: Clients | None = None) -> None:
        """`run` is the run's id: roles' sessions and the user agent of every request are named after it."""
        self.clock, self.chance, self._run = clock, chance, run
        self.clients = clients or Clients()
        self._reach = Reach(clock)
        self._lock = threading.Lock()
        self._bases: dict[str | None, Credentials] = {}
        self._callers: dict[str | None, str] = {}
        self._asking = threading.Lock()

    def enter(self, account: Account) -> AccountSession:
        """Get into an account: at most one STS request.

        Raises:
            AwsError: no credentials, the role cannot be assumed, or the credentials are of another account.
        """
        count = Counter()
        base = self._base(account.profile)
        if account.role_arn is None:
            credentials = base
            sts = self._sts(account.profile, account.home_region, base, count)
            found = self._ask(sts, "get_caller_identity", account.home_region, {})
            _check_account(account, "get_caller_identity", str(found["Account"]))
            principal = str(found["Arn"])
        else:
            credentials, principal = self._assumed(base, account, count)
        return AccountSession(self, credentials, account, principal, count)

    def caller(self, profile: str | None, region: str) -> AccountSession:
        """Return a session with the credentials of a profile (None: the environment's), whosever they are.

        Raises:
            AwsError: no credentials, or AWS does not take them.
        """
        count = Counter()
        base = self._base(profile)
        sts = self._sts(profile, region, base, count)
        found = self._ask(sts, "get_caller_identity", region, {})
        account = Account(str(found["Account"]), "caller", profile=profile, regions=(region,), home_region=region)
        return AccountSession(self, base, account, str(found["Arn"]), count)

    def who_enters(self, account: Account) -> str:
        """Return the ARN of who enters the account, before any role is assumed: one STS request for a profile and run.

        Raises:
            AwsError: no credentials, or AWS does not take them.
        """
        with self._asking:
            if account.profile not in self._callers:
                self._callers[account.profile] = self.caller(account.profile, account.home_region).principal
            return self._callers[account.profile]

    def _assumed(self, base: Credentials, account: Account, count: Counter) -> tuple[Credentials, str]:
        sts = self._sts(account.profile, account.home_region, base, count)
        params: dict[str, Any] = {"RoleArn": account.role_arn, "RoleSessionName": f"iamfix-{self._run}"[:64]}
        if account.external_id:
            params["ExternalId"] = account.external_id

        def assume() -> Mapping[str, Any]:
            return self._ask(sts, "assume_role", account.home_region, params)

        first = assume()
        arn = str(first["AssumedRoleUser"]["Arn"])
        _check_account(account, "assume_role", arn.split(":")[4])
        return self._renewed(first, assume, "sts-assume-role"), str(account.role_arn)

    def as_root(self, account: Account, task: str, count: Counter) -> AccountSession:
        """Return a session of the account's root user that a task policy narrows, refreshed as long as it is used.

        It is opened with the credentials of the profile or the environment, which are those of the management account
        or of IAM's delegated administrator. STS opens such sessions at its regional endpoints only, for 15 minutes
        (STS API Reference, "AssumeRoot").

        Raises:
            NotHere: the account is the one that those credentials are of.
            AwsError: central root access is off, the account is no member, or the caller may not do it.
        """
        base = self._base(account.profile)
        sts = self._sts(account.profile, account.home_region, base, count)
        policy = f"arn:{account.partition}:iam::aws:policy/root-task/{task}"
        params = {"TargetPrincipal": account.id, "TaskPolicyArn": {"arn": policy}, "DurationSeconds": _ROOT_SECONDS}

        def assume() -> Mapping[str, Any]:
            return self._ask(sts, "assume_root", account.home_region, params)

        try:
            first = assume()
        except AwsError as error:
            if self.who_enters(account).split(":")[4] == account.id:
                raise NotHere(
                    f"account {account.id} is the one that iamfix was started in, and no session reaches its root user",
                    "run this play for the member accounts: accounts: all:!management",
                ) from None
            error.add_note(
                "a root session is opened from the management account, once central root access is on: kind root_access"
                " there, as in practices/root-access.yml with -t root-access"
            )
            raise
        arn = f"arn:{account.partition}:iam::{account.id}:root"
        # A session of 15 minutes would be refreshed before each request, as botocore does it from 15 minutes on.
        credentials = self._renewed(first, assume, "sts-assume-root", early=180, late=60)
        return AccountSession(self, credentials, account, arn, count)

    def _renewed(
        self, first: Mapping[str, Any], again: Callable[[], Mapping[str, Any]], method: str, *,
        early: int | None = None, late: int | None = None,
    ) -> Credentials:  # fmt: skip
        """Return credentials that are asked for again before they expire.

        From `early` seconds before, one request does it while the others go on; from `late` on, all wait for it. None:
        botocore's own.
        """
        given = _metadata(first)
        return RefreshableCredentials(
            given["access_key"],
            given["secret_key"],
            given["token"],
            first["Credentials"]["Expiration"],
            refresh_using=lambda: _metadata(again()),
            method=method,
            time_fetcher=self.clock.now,
            advisory_timeout=early,
            mandatory_timeout=late,
        )

    def door(self, client: Any) -> Door:
        """Return what the requests of a client go through."""
        return self._reach.door(str(client.meta.endpoint_url))

    def _ask(self, sts: Any, operation: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        def request() -> Mapping[str, Any]:
            return send("sts", operation, region, lambda: getattr(sts, operation)(**params))

        answer, _ = patiently(request, ordinary, self.clock, self.chance, self.door(sts))
        return answer

    def caller_of(self, credentials: Credentials, count: Counter, *, writes: bool) -> Caller:
        """Return whom requests with these credentials are of, in this run."""
        return Caller(credentials, count, self._run, writes)

    def _sts(self, profile: str | None, region: str, credentials: Credentials, count: Counter) -> Any:
        # AssumeRole and AssumeRoot do not read, by their names.
        return self.clients.client(profile, "sts", region, self.caller_of(credentials, count, writes=True))

    def _base(self, profile: str | None) -> Credentials:
        with self._lock:
            if profile not in self._bases:
                try:
                    found: Credentials | None = new_session(profile).get_credentials()
                except BotoCoreError as error:
                    raise AwsError("sts", "get_credentials", type(error).__name__, str(error)) from error
                if found is None:
                    hint = f"profile {profile!r} has none" if profile else "set AWS_PROFILE, or sign in"
                    raise AwsError("sts", "get_credentials", "NoCredentials", f"no AWS credentials found: {hint}")
                self._bases[profile] = found
            return self._bases[profile]


class AccountSession:
    """An account, entered. `principal` is the ARN that the calls are made as (a role's own, not its session's)."""

    def __init__(
        self, sessions: Sessions, credentials: Credentials, account: Account, principal: str, count: Counter
    ) -> None:
        self._sessions, self._credentials = sessions, credentials
        self._roots: dict[str, AccountSession] = {}
        self._opening = threading.Lock()
        self.account, self.principal, self.count = account, principal, count

    def door(self, client: Any) -> Door:
        """Return what the requests of a client go through."""
        return self._sessions.door(client)

    def caller(self) -> str:
        """Return the ARN of who entered the account, before its role was assumed. Raises AwsError."""
        return self.principal if self.account.role_arn is None else self._sessions.who_enters(self.account)

    def as_root(self, task: str) -> AccountSession:
        """Return the session of the account's root user for one of AWS's root tasks, opened once. Raises AwsError."""
        with self._opening:
            if task not in self._roots:
                self._roots[task] = self._sessions.as_root(self.account, task, self.count)
            return self._roots[task]

    def client(self, service: str, region: str | None, *, writes: bool = False) -> Any:
        """Return a boto client. Unless it `writes`, it raises ReadOnlyViolation instead of sending a change."""
        caller = self._sessions.caller_of(self._credentials, self.count, writes=writes)
        where = region or self.account.home_region
        return self._sessions.clients.client(self.account.profile, service, where, caller)


def _check_account(account: Account, operation: str, found: str) -> None:
    if found != account.id:
        raise AwsError(
            "sts", operation, "WrongAccount", f"the credentials are of account {found}, the inventory says {account.id}"
        )


def _metadata(response: Mapping[str, Any]) -> dict[str, str]:
    credentials = response["Credentials"]
    return {
        "access_key": credentials["AccessKeyId"],
        "secret_key": credentials["SecretAccessKey"],
        "token": credentials["SessionToken"],
        "expiry_time": credentials["Expiration"].isoformat(),
    }
