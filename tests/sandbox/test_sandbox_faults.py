"""Lagging reads, throttling, one-off errors, latency and hooks."""

import json
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from iamfix.sandbox import Record, Sandbox, TurnableClock

EC2 = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]})


def code_of(ask: Callable[[], Any]) -> str:
    try:
        ask()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "OK"


def codes(ask: Callable[[], Any], times: int = 30) -> set[str]:
    """The codes with which the same call is answered, asked again and again."""
    return {code_of(ask) for _ in range(times)}


def test_what_was_just_made_may_be_unseen_for_the_delay_and_never_longer(
    sandbox: Sandbox, clock: TurnableClock
) -> None:
    """Right after CreateUser GetUser fails; half-way some replicas answer; after the delay all do."""
    iam = sandbox.client("iam")
    sandbox.consistency_delay = 20
    iam.create_user(UserName="u")
    assert codes(lambda: iam.get_user(UserName="u")) == {"NoSuchEntity"}
    assert "NoSuchEntity" in codes(lambda: iam.tag_user(UserName="u", Tags=[{"Key": "a", "Value": "b"}]), 1)
    clock.turn(20)
    assert codes(lambda: iam.get_user(UserName="u")) == {"OK"}


def test_replicas_disagree_for_a_while(sandbox: Sandbox, clock: TurnableClock) -> None:
    """At some time within the delay, of two reads in a row one sees a new user and the other does not."""
    iam = sandbox.client("iam")
    sandbox.consistency_delay = 20
    iam.create_user(UserName="u")
    seen = set()
    for _ in range(20):
        seen.add(frozenset(codes(lambda: iam.get_user(UserName="u"), 12)))
        clock.turn(1)
    assert frozenset({"OK", "NoSuchEntity"}) in seen


def test_stale_reads_show_the_old_value_and_lose_no_write(sandbox: Sandbox, clock: TurnableClock) -> None:
    """A stale read shows the user as it was; a write made meanwhile adds to the newest value."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")
    sandbox.consistency_delay = 20
    for key in "ab":
        iam.tag_user(UserName="u", Tags=[{"Key": key, "Value": ""}])
    assert iam.list_user_tags(UserName="u")["Tags"] == []
    clock.turn(20)
    assert [tag["Key"] for tag in iam.list_user_tags(UserName="u")["Tags"]] == ["a", "b"]


def test_references_lag_too(sandbox: Sandbox, clock: TurnableClock) -> None:
    """For a while new principals are invalid in trusts, new policies not attachable, new roles not assumable."""
    iam, sts = sandbox.client("iam"), sandbox.client("sts")
    iam.create_user(UserName="u")
    sandbox.consistency_delay = 20
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=EC2.replace('{"Service": "ec2.amazonaws.com"}', '"*"'))
    iam.create_policy(PolicyName="p", PolicyDocument=ALLOW)
    trusting = EC2.replace('{"Service": "ec2.amazonaws.com"}', '{"AWS": "arn:aws:iam::111111111111:role/r"}')
    attempts: list[Callable[[], Any]] = [
        lambda: iam.create_role(RoleName="s", AssumeRolePolicyDocument=trusting),
        lambda: iam.attach_user_policy(UserName="u", PolicyArn="arn:aws:iam::111111111111:policy/p"),
        lambda: sts.assume_role(RoleArn="arn:aws:iam::111111111111:role/r", RoleSessionName="xy"),
    ]
    assert [code_of(ask) for ask in attempts] == ["MalformedPolicyDocument", "NoSuchEntity", "AccessDenied"]
    clock.turn(20)
    assert [code_of(ask) for ask in attempts] == ["OK", "OK", "OK"]


def test_deleting_just_after_detaching_may_conflict(sandbox: Sandbox, clock: TurnableClock) -> None:
    """DeleteRole is DeleteConflict while the replica still shows the attachment."""
    iam = sandbox.client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=EC2)
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.attach_role_policy(RoleName="r", PolicyArn=policy)
    sandbox.consistency_delay = 20
    iam.detach_role_policy(RoleName="r", PolicyArn=policy)
    assert code_of(lambda: iam.delete_role(RoleName="r")) == "DeleteConflict"
    clock.turn(20)
    assert code_of(lambda: iam.delete_role(RoleName="r")) == "OK"


def test_names_are_taken_at_once(sandbox: Sandbox) -> None:
    """A second CreateUser is EntityAlreadyExists though no read shows the first one yet."""
    iam = sandbox.client("iam")
    sandbox.consistency_delay = 20
    iam.create_user(UserName="u")
    assert code_of(lambda: iam.create_user(UserName="u")) == "EntityAlreadyExists"


def test_deleted_things_linger_in_reads_but_not_for_writes(sandbox: Sandbox, clock: TurnableClock) -> None:
    """A deleted user is still read for a while; writing to it is NoSuchEntity."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")
    sandbox.consistency_delay = 20
    iam.delete_user(UserName="u")
    assert code_of(lambda: iam.get_user(UserName="u")) == "OK"
    assert code_of(lambda: iam.tag_user(UserName="u", Tags=[{"Key": "a", "Value": ""}])) == "NoSuchEntity"
    clock.turn(20)
    assert codes(lambda: iam.get_user(UserName="u")) == {"NoSuchEntity"}


def test_a_deleted_users_name_is_not_free_at_once(sandbox: Sandbox, clock: TurnableClock) -> None:
    """CreateUser is EntityTemporarilyUnmodifiable while the replica still shows the deleted user of that name."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")
    sandbox.consistency_delay = 20
    iam.delete_user(UserName="u")
    assert code_of(lambda: iam.create_user(UserName="u")) == "EntityTemporarilyUnmodifiable"
    clock.turn(20)
    assert code_of(lambda: iam.create_user(UserName="u")) == "OK"


def test_without_a_delay_everything_is_seen_at_once(sandbox: Sandbox) -> None:
    """Setting the delay back to zero settles all that was in the making."""
    iam = sandbox.client("iam")
    sandbox.consistency_delay = 20
    iam.create_user(UserName="u")
    sandbox.consistency_delay = 0
    assert codes(lambda: iam.get_user(UserName="u"), 5) == {"OK"}


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("iam", "list_users", "Throttling"),
        ("sts", "get_caller_identity", "Throttling"),
        ("organizations", "list_accounts", "TooManyRequestsException"),
        ("logs", "describe_log_groups", "ThrottlingException"),
        ("sns", "list_topics", "Throttling"),
        ("lambda", "list_functions", "TooManyRequestsException"),
        ("ec2", "describe_vpcs", "RequestLimitExceeded"),
        ("s3", "list_buckets", "SlowDown"),
    ],
)
def test_throttling_has_the_services_own_code(sandbox: Sandbox, service: str, operation: str, code: str) -> None:
    """With everything throttled, each service answers with its own throttling error."""
    sandbox.faults.throttle = 1.0
    assert code_of(lambda: getattr(sandbox.client(service), operation)()) == code
    assert [record.code for record in sandbox.log] == [code]


def test_a_fraction_is_throttled_and_not_carried_out(sandbox: Sandbox) -> None:
    """At 30 % about a third of the calls is throttled; throttled ones change nothing."""
    iam = sandbox.client("iam")
    sandbox.faults.throttle = 0.3
    counts = Counter(code_of(lambda n=number: iam.create_user(UserName=f"u{n}")) for number in range(100))
    sandbox.faults.throttle = 0
    assert 15 <= counts["Throttling"] <= 45
    assert len(iam.list_users()["Users"]) == counts["OK"]


def test_botocore_retries_get_through_throttling(sandbox: Sandbox) -> None:
    """A client that retries gets its answer while half of its calls are throttled."""
    sandbox.faults.throttle = 0.5
    sandbox.client("iam", retries=9).list_users()
    assert {record.code for record in sandbox.log} <= {"Throttling", "OK"}


def test_an_injected_error_strikes_as_often_as_asked(sandbox: Sandbox) -> None:
    """Two failures of one operation in one account, and nothing else."""
    here, there = sandbox.client("iam"), sandbox.client("iam", "222222222222")
    sandbox.fail("iam", "ListUsers", "ServiceFailure", times=2, account="111111111111", status=500)
    assert code_of(there.list_users) == "OK"
    assert code_of(here.list_groups) == "OK"
    assert [code_of(here.list_users) for _ in range(3)] == ["ServiceFailure", "ServiceFailure", "OK"]


def test_an_error_may_come_after_the_deed(sandbox: Sandbox) -> None:
    """With `after`, the call is carried out and answered with the error all the same."""
    iam = sandbox.client("iam")
    sandbox.fail("iam", "CreateUser", "ServiceFailure", after=True)
    assert code_of(lambda: iam.create_user(UserName="u")) == "ServiceFailure"
    assert code_of(lambda: iam.get_user(UserName="u")) == "OK"


def test_latency_is_per_request_and_side_by_side(sandbox: Sandbox) -> None:
    """Ten requests at once with 50 ms each take far less than ten times 50 ms."""
    iam = sandbox.client("iam")
    sandbox.faults.latency = 0.05
    start = time.monotonic()
    iam.list_users()
    one = time.monotonic() - start
    with ThreadPoolExecutor(10) as pool:
        start = time.monotonic()
        list(pool.map(lambda _: iam.list_users(), range(10)))
        ten = time.monotonic() - start
    assert one >= 0.05
    assert ten < 0.4


def test_hooks_see_each_mutating_request_before_and_after(sandbox: Sandbox) -> None:
    """The hook is called before and after a write, with what it was and how it went, and never for a read."""
    seen: list[tuple[str, str, str]] = []

    def hook(phase: str, record: Record) -> None:
        seen.append((phase, record.operation, record.code))

    sandbox.on_request(hook)
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")
    iam.list_users()
    code_of(lambda: iam.create_user(UserName="u"))
    assert seen == [
        ("before", "CreateUser", "Pending"),
        ("after", "CreateUser", "OK"),
        ("before", "CreateUser", "Pending"),
        ("after", "CreateUser", "EntityAlreadyExists"),
    ]


@pytest.mark.parametrize(("when", "users"), [("before", 0), ("after", 1)])
def test_a_hook_can_withhold_the_answer(sandbox: Sandbox, when: str, users: int) -> None:
    """Dropped before: nothing happened. Dropped after: it happened, and the client does not know."""
    iam = sandbox.client("iam")
    sandbox.on_request(lambda phase, record: phase == when)
    with pytest.raises(ConnectionClosedError):
        iam.create_user(UserName="u")
    assert len(iam.list_users()["Users"]) == users
    assert [record.code for record in sandbox.log.mutating()] == ["Dropped" if when == "before" else "OK"]


def test_organizations_takes_one_writer_at_a_time(sandbox: Sandbox) -> None:
    """Of two writes at once one is ConcurrentModificationException; reads at once are all right."""
    organizations = sandbox.client("organizations")
    sandbox.faults.latency = 0.1
    with ThreadPoolExecutor(2) as pool:
        asks = [
            lambda n=name: organizations.create_organizational_unit(ParentId="r-prac", Name=n) for name in ("a", "b")
        ]
        writes = sorted(pool.map(code_of, asks))
        reads = list(pool.map(code_of, [organizations.list_accounts] * 2))
    assert writes == ["ConcurrentModificationException", "OK"]
    assert reads == ["OK", "OK"]


def test_a_seed_repeats_throttling_and_ids() -> None:
    """Two sandboxes with one seed throttle the same calls and give the same ids."""
    runs = []
    for _ in range(2):
        with Sandbox(seed=3, clock=TurnableClock()) as own:
            own.faults.throttle = 0.4
            iam = own.client("iam")
            told = [code_of(iam.list_users) for _ in range(20)]
            own.faults.throttle = 0
            runs.append((told, iam.create_user(UserName="u")["User"]["UserId"]))
    assert runs[0] == runs[1]
