"""Who may reach a bucket: its policy, public access block and object ownership, and those of the account."""

from __future__ import annotations

from collections.abc import Mapping

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services import resource_policies
from iamfix.sandbox.services.s3.state import BLOCK_PARTS, change, read_bucket, s3_state, the_bucket

MOST = 20 * 1024
"""Bytes of a bucket policy (S3 User Guide, "Bucket policies")."""


def _malformed(message: str) -> AwsError:
    return AwsError("MalformedPolicy", message, status=400)


def put_bucket_policy(call: Call) -> Answer:
    bucket = the_bucket(call)
    text = resource_policies.check(call, call.param("Policy"), _malformed, "s3", MOST)
    arn = f"arn:{call.partition}:s3:::{bucket.name}"
    for resource in resource_policies.resources(text):
        if resource != arn and not resource.startswith(f"{arn}/"):
            raise _malformed("Policy has invalid resource")
    account = s3_state(call).account_blocks.latest(call.account)
    blocks = [block for block in (bucket.block, account) if block]
    if resource_policies.is_public(text) and any(block.get("BlockPublicPolicy") for block in blocks):
        told = (
            f"User: {call.caller.arn} is not authorized to perform: s3:PutBucketPolicy on resource: {arn} "
            "because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access."
        )
        raise AwsError("AccessDenied", told, status=403)
    return change(call, policy=text)


def get_bucket_policy(call: Call) -> Answer:
    bucket = read_bucket(call)
    if bucket.policy is None:
        raise AwsError("NoSuchBucketPolicy", "The bucket policy does not exist", status=404)
    return {"Policy": bucket.policy}


def get_bucket_policy_status(call: Call) -> Answer:
    bucket = read_bucket(call)
    if bucket.policy is None:
        raise AwsError("NoSuchBucketPolicy", "The bucket policy does not exist", status=404)
    return {"PolicyStatus": {"IsPublic": resource_policies.is_public(bucket.policy)}}


def delete_bucket_policy(call: Call) -> Answer:
    return change(call, policy=None)


def blocked(call: Call) -> dict[str, bool]:
    """A public access block as given: what is left out is false."""
    given = call.params["PublicAccessBlockConfiguration"]
    return {part: bool(given.get(part)) for part in BLOCK_PARTS}


def no_block() -> AwsError:
    """The answer where no public access block is configured."""
    told = "The public access block configuration was not found"
    return AwsError("NoSuchPublicAccessBlockConfiguration", told, status=404)


def put_public_access_block(call: Call) -> Answer:
    return change(call, block=blocked(call))


def get_public_access_block(call: Call) -> Answer:
    bucket = read_bucket(call)
    if bucket.block is None:
        raise no_block()
    return {"PublicAccessBlockConfiguration": dict(bucket.block)}


def delete_public_access_block(call: Call) -> Answer:
    return change(call, block=None)


def put_bucket_ownership_controls(call: Call) -> Answer:
    rules = call.params["OwnershipControls"]["Rules"]
    if len(rules) != 1:
        raise AwsError("MalformedXML", "The XML you provided was not well-formed", status=400)
    return change(call, ownership=rules[0]["ObjectOwnership"])


def get_bucket_ownership_controls(call: Call) -> Answer:
    bucket = read_bucket(call)
    if bucket.ownership is None:
        raise AwsError("OwnershipControlsNotFoundError", "The bucket ownership controls were not found", status=404)
    return {"OwnershipControls": {"Rules": [{"ObjectOwnership": bucket.ownership}]}}


def delete_bucket_ownership_controls(call: Call) -> Answer:
    return change(call, ownership=None)


OPERATIONS: Mapping[str, Handler] = {
    "PutBucketPolicy": put_bucket_policy,
    "GetBucketPolicy": get_bucket_policy,
    "GetBucketPolicyStatus": get_bucket_policy_status,
    "DeleteBucketPolicy": delete_bucket_policy,
    "PutPublicAccessBlock": put_public_access_block,
    "GetPublicAccessBlock": get_public_access_block,
    "DeletePublicAccessBlock": delete_public_access_block,
    "PutBucketOwnershipControls": put_bucket_ownership_controls,
    "GetBucketOwnershipControls": get_bucket_ownership_controls,
    "DeleteBucketOwnershipControls": delete_bucket_ownership_controls,
}
