"""S3 buckets: what a plan reads, says and refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from iamfix.fields import PLAIN, Exact
from iamfix.kinds import s3_bucket
from iamfix.kinds.protocol import Want
from iamfix.model import UNREAD, Account, Call
from iamfix.policy.document import Document
from iamfix.wanted import details_of
from iamfix.world import Spot
from tests.direct import ACCOUNT, Direct

ALL = details_of(s3_bucket)
LAB = replace(ACCOUNT, regions=("us-east-1", "eu-west-1"))


def _made(aws: Direct, *names: str, region: str = "us-east-1") -> None:
    look = Spot(aws.world(), region)
    for name in names:
        aws.follow(s3_bucket.calls(name, None, s3_bucket.State(), look))


def _breaches(aws: Direct, name: str, before: Any, after: Any, region: str = "us-east-1") -> list[str]:
    return [one.summary for one in s3_bucket.breaches(name, before, after, Spot(aws.world(), region))]


def test_500_buckets_cost_one_request_and_one_more_for_each_setting_asked_of_each() -> None:
    """Listing is one request whatever the number; a named bucket's settings cost one request each, once."""
    aws = Direct()
    names = [f"bucket-{number:03}" for number in range(500)]
    _made(aws, *names)
    aws.sent.clear()
    world = aws.world()
    assert len(world.all("s3_bucket", "us-east-1")) == 500
    assert aws.sent == ["list_buckets"]
    assert world.get("s3_bucket", "bucket-007", "us-east-1", frozenset({"encryption", "versioning"})) is not None
    # A reader of AWS keeps answers, and sends the list only once.
    assert sorted(set(aws.sent)) == ["get_bucket_encryption", "get_bucket_versioning", "list_buckets"]
    assert aws.sent.count("get_bucket_encryption") == 1
    assert world.get("s3_bucket", "bucket-008", "us-east-1").policy is UNREAD


def test_a_bucket_is_seen_in_its_own_region_only() -> None:
    """A bucket belongs to the region that it is in, and is made there, with AWS's own words for it."""
    aws = Direct(LAB)
    _made(aws, "here")
    _made(aws, "there", region="eu-west-1")
    assert sorted(aws.world().all("s3_bucket", "us-east-1")) == ["here"]
    assert sorted(aws.world().all("s3_bucket", "eu-west-1")) == ["there"]
    look = Spot(aws.world(), "eu-west-1")
    assert list(s3_bucket.calls("new", None, s3_bucket.State(), look)) == [
        Call(
            "s3", "create_bucket",
            {"Bucket": "new", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}, "eu-west-1",
        )
    ]  # fmt: skip
    assert _breaches(aws, "there", None, s3_bucket.State()) == ["the account has this bucket in eu-west-1"]


def test_a_new_bucket_is_as_aws_makes_it() -> None:
    """The defaults of a new bucket are those of its State: creating one is one call."""
    aws = Direct()
    _made(aws, "plain")
    found = aws.world().get("s3_bucket", "plain", "us-east-1", ALL)
    assert replace(found, created=None, block_sse_c=UNREAD, holds_objects=None) == s3_bucket.State()


def test_a_bucket_with_objects_is_not_deleted() -> None:
    """Objects, old versions and delete markers are told when planned; iamfix never empties a bucket."""
    aws = Direct()
    _made(aws, "full", "empty")
    aws.follow([Call("s3", "put_object", {"Bucket": "full", "Key": "a", "Body": b"x"}, "us-east-1")])
    for name, breaches in (("full", ["the bucket holds objects; AWS deletes only empty ones"]), ("empty", [])):
        before = aws.world().get("s3_bucket", name, "us-east-1", ALL)
        assert _breaches(aws, name, before, None) == breaches


@pytest.mark.parametrize("name", ["ab", "Upper", "under_score", "1.2.3.4", "two..dots", "xn--x", "-a-", "x" * 64])
def test_names_that_aws_refuses(name: str) -> None:
    """A name that cannot be a bucket's is told when planned."""
    assert _breaches(Direct(), name, None, s3_bucket.State()) == [f"{name!r} is no name for a bucket"]


def test_limits_and_contradictions_are_told() -> None:
    """What AWS would refuse is told when planned."""
    aws, state = Direct(), s3_bucket.State()
    big = Document.parse([{"Effect": "Deny", "Sid": "x" * 21000}])
    for asked, says in (
        (replace(state, policy=big), "a policy of"),
        (replace(state, encryption_key_id="alias/x"), "AES256 takes no"),
        (replace(state, object_lock_enabled=True), "object lock needs versioning"),
        (replace(state, object_lock_retention={"mode": "GOVERNANCE", "days": 1}), "needs object lock"),
        (replace(state, tags={f"k{number}": "" for number in range(51)}), "51 tags"),
    ):
        (found,) = _breaches(aws, "some-bucket", None, asked)
        assert says in found


def test_public_access_parts_that_are_not_given_stay() -> None:
    """One part of the public access block changes alone."""
    codec = s3_bucket.settings.PUBLIC_ACCESS
    before = {**s3_bucket.settings.ALL_BLOCKED, "ignore_public_acls": False}
    merged = codec.merge(before, codec.read({"block_public_acls": False}, PLAIN))
    assert merged == {**before, "block_public_acls": False}
    assert codec.back({**merged, "block_public_policy": False}, before, merged) == {
        **before,
        "block_public_policy": False,
    }


def test_the_old_prefix_of_a_lifecycle_rule_is_its_filter() -> None:
    """Rules that mean the same are equal, and what AWS keeps beside them is kept."""
    codec = s3_bucket.settings.LIFECYCLE
    old = codec.read({"a": {"Prefix": "x/", "Expiration": {"Days": 3}}}, PLAIN)
    new = codec.read({"a": {"Filter": {"Prefix": "x/"}, "Status": "Enabled", "Expiration": {"Days": 3}}}, PLAIN)
    assert old == new == Exact({"a": {"Status": "Enabled", "Expiration": {"Days": 3}, "Filter": {"Prefix": "x/"}}})


def test_a_setting_that_was_not_read_is_not_written() -> None:
    """A task that names one setting sends one call, and the plan says nothing of the others."""
    aws = Direct()
    _made(aws, "one")
    before = aws.world().get("s3_bucket", "one", "us-east-1", frozenset({"versioning"}))
    calls = list(s3_bucket.calls("one", before, replace(before, versioning=True), Spot(aws.world(), "us-east-1")))
    assert [call.operation for call in calls] == ["put_bucket_versioning"]


def test_aws_own_tags_stay_among_the_others() -> None:
    """PutBucketTagging replaces all tags, and AWS refuses to lose its own."""
    before = replace(s3_bucket.State(), tags={"aws:cloudformation:stack-name": "web", "Owner": "a"})
    after = replace(before, tags={"aws:cloudformation:stack-name": "web", "Owner": "b"})
    (call,) = s3_bucket.calls("one", before, after, Spot(Direct().world(), "us-east-1"))
    assert {"Key": "aws:cloudformation:stack-name", "Value": "web"} in call.params["Tagging"]["TagSet"]
    assert s3_bucket.owner("one", before) == "the CloudFormation stack web"


def test_details_are_only_read_where_they_are_wanted() -> None:
    """`observe` asks nothing of buckets that nobody named."""
    aws = Direct(Account(id="111111111111", name="lab"))
    _made(aws, "one", "two")
    aws.sent.clear()
    s3_bucket.observe(aws, Want(frozenset({"one"}), frozenset({"tags"})))
    assert aws.sent == ["list_buckets", "get_bucket_tagging"]
