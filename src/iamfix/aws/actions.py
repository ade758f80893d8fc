"""From an operation to the action that policies know it by.

Source: Service Authorization Reference, each service's "Actions" table. Most actions are called as their operations
are; here are those that are not.
"""

from __future__ import annotations

from collections.abc import Mapping

from iamfix.aws.model import operation_of
from iamfix.model import Call

_PREFIXES: Mapping[str, str] = {"monitoring": "cloudwatch", "tagging": "tag", "email": "ses"}
"""Signing name of a service -> prefix of its actions, where these differ."""

_ACTIONS: Mapping[str, str] = {
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:PutObjectLockConfiguration": "s3:PutBucketObjectLockConfiguration",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:DeleteBucketTagging": "s3:PutBucketTagging",
    "s3:DeleteBucketCors": "s3:PutBucketCORS",
    "s3:DeleteBucketOwnershipControls": "s3:PutBucketOwnershipControls",
    "lambda:Invoke": "lambda:InvokeFunction",
}

_OF_A_BUCKET: Mapping[str, str] = {
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
_OF_AN_ACCOUNT: Mapping[str, str] = {
    "GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
    "PutPublicAccessBlock": "s3:PutAccountPublicAccessBlock",
    "DeletePublicAccessBlock": "s3:PutAccountPublicAccessBlock",
}


def action_of(service: str, operation: str) -> str:
    """Return the action of an operation as boto3 names it, such as `iam:GetUser` of ("iam", "get_user")."""
    model = operation_of(Call(service, operation, {}))
    name = model.name if model is not None else operation
    prefix = service if model is None else str(model.service_model.signing_name)
    special = {"s3": _OF_A_BUCKET, "s3control": _OF_AN_ACCOUNT}.get(service, {})
    action = f"{_PREFIXES.get(prefix, prefix)}:{name}"
    return special.get(name) or _ACTIONS.get(action, action)
