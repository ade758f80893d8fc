"""Buckets themselves: making, listing, finding, deleting them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.s3.state import ALL_BLOCKED, Bucket, s3_state, the_bucket

_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]")


def create_bucket(call: Call) -> Answer:
    """S3 answers a second CreateBucket by the owner with 409; in us-east-1, as ever, with 200."""
    name, state = call.param("Bucket"), s3_state(call)
    if not _NAME.fullmatch(name) or ".." in name or name.startswith(("xn--", "sthree-")) or name.endswith("-s3alias"):
        raise AwsError("InvalidBucketName", "The specified bucket is not valid.", status=400)
    wanted = call.params.get("CreateBucketConfiguration", {}).get("LocationConstraint")
    if (wanted or "us-east-1") != call.region:
        told = f"The {wanted or 'unspecified'} location constraint is incompatible for the region specific endpoint"
        raise AwsError("IllegalLocationConstraintException", f"{told} this request was sent to.", status=400)
    if call.region == "us-east-1" and wanted:
        raise AwsError("InvalidLocationConstraint", "The specified location-constraint is not valid", status=400)
    there = state.buckets.latest(name)
    if there is not None and there.account != call.account:
        raise AwsError("BucketAlreadyExists", "The requested bucket name is not available.", status=409)
    if there is not None and (call.region != "us-east-1" or there.region != call.region):
        told = "Your previous request to create the named bucket succeeded and you already own it."
        raise AwsError("BucketAlreadyOwnedByYou", told, status=409)
    if there is None:
        lock = bool(call.params.get("ObjectLockEnabledForBucket"))
        bucket = Bucket(
            name,
            call.account,
            call.region,
            call.cloud.now(),
            ownership=call.params.get("ObjectOwnership") or "BucketOwnerEnforced",
            block=ALL_BLOCKED,
            lock={"ObjectLockEnabled": "Enabled"} if lock else None,
            versioning="Enabled" if lock else None,
        )
        state.buckets.put(name, bucket)
    return {"Location": f"/{name}"}


def delete_bucket(call: Call) -> Answer:
    bucket = the_bucket(call)
    if bucket.versions:
        told = "The bucket you tried to delete is not empty."
        if bucket.versioning:
            told += " You must delete all versions in the bucket."
        raise AwsError("BucketNotEmpty", told, status=409)
    s3_state(call).buckets.delete(bucket.name)
    return {}


def list_buckets(call: Call) -> Answer:
    """BucketRegion is told when the request has a parameter, as the API reference says."""
    region, prefix = call.params.get("BucketRegion"), str(call.params.get("Prefix") or "")
    mine = sorted(
        (
            bucket
            for bucket in s3_state(call).buckets.all_seen(call.replica)
            if bucket.account == call.account
            and (not region or bucket.region == region)
            and bucket.name.startswith(prefix)
        ),
        key=lambda bucket: bucket.name,
    )
    some, token = page(
        call, mine, default_size=10000, size_param="MaxBuckets", token_param="ContinuationToken", most=10000
    )
    told = any(call.params.get(name) for name in ("BucketRegion", "Prefix", "MaxBuckets", "ContinuationToken"))
    return {
        "Buckets": [
            {"Name": one.name, "CreationDate": one.created, **({"BucketRegion": one.region} if told else {})}
            for one in some
        ],
        "Owner": {"ID": call.account},
        "ContinuationToken": token,
    }


def head_bucket(call: Call) -> Answer:
    return {"BucketRegion": the_bucket(call).region}


def get_bucket_location(call: Call) -> Answer:
    region = the_bucket(call).region
    return {"LocationConstraint": None if region == "us-east-1" else region}


OPERATIONS: Mapping[str, Handler] = {
    "CreateBucket": create_bucket,
    "DeleteBucket": delete_bucket,
    "ListBuckets": list_buckets,
    "HeadBucket": head_bucket,
    "GetBucketLocation": get_bucket_location,
}
