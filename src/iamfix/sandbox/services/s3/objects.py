"""Objects, as far as the emptiness of a bucket and the delivery of logs need them: no multipart, no copies."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.s3.state import Bucket, Version, change, read_bucket, the_bucket


def put_object(call: Call) -> Answer:
    bucket, body = the_bucket(call), call.params.get("Body") or b""
    content = body if isinstance(body, bytes) else body.read()
    version = _new_version(call, bucket, content)
    _write(call, bucket, version)
    shown = version.id if bucket.versioning == "Enabled" else None
    return {"ETag": _etag(content), "VersionId": shown}


def _new_version(call: Call, bucket: Bucket, body: bytes | None) -> Version:
    version = call.cloud.new_id("", 32) if bucket.versioning == "Enabled" else "null"
    return Version(call.param("Key"), version, call.cloud.now(), body, _metadata(call))


def _metadata(call: Call) -> dict[str, str]:
    """S3 keeps the names in lower case (S3 User Guide, "Working with object metadata")."""
    return {name.lower(): value for name, value in (call.params.get("Metadata") or {}).items()}


def _write(call: Call, bucket: Bucket, version: Version) -> None:
    kept = [one for one in bucket.versions if (one.key, one.id) != (version.key, version.id)]
    change(call, versions=(*kept, version))


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def _current(bucket: Bucket) -> dict[str, Version]:
    """The newest version of each object that is not deleted, by key."""
    newest = {version.key: version for version in bucket.versions}
    return {key: version for key, version in sorted(newest.items()) if version.body is not None}


def get_object(call: Call) -> Answer:
    found = _current(read_bucket(call)).get(call.param("Key"))
    if found is None or found.body is None:
        raise AwsError("NoSuchKey", "The specified key does not exist.", status=404)
    told = {"ContentLength": len(found.body), "ETag": _etag(found.body), "LastModified": found.at}
    return {"Body": found.body, "Metadata": dict(found.metadata), **told}


def head_object(call: Call) -> Answer:
    """HeadObject: what GetObject tells, without the content."""
    return {name: value for name, value in get_object(call).items() if name != "Body"}


def delete_object(call: Call) -> Answer:
    """Without a version id a bucket with versioning keeps the object, under a delete marker."""
    bucket, key, version = the_bucket(call), call.param("Key"), call.params.get("VersionId")
    if version is None and bucket.versioning:
        _write(call, bucket, _new_version(call, bucket, None))
        return {"DeleteMarker": True}
    gone = version or "null"
    return change(call, versions=tuple(one for one in bucket.versions if (one.key, one.id) != (key, gone)))


def list_objects_v2(call: Call) -> Answer:
    prefix = str(call.params.get("Prefix") or "")
    found = [one for key, one in _current(read_bucket(call)).items() if key.startswith(prefix)]
    some, token = page(call, found, default_size=1000, size_param="MaxKeys", token_param="ContinuationToken", most=1000)
    return {
        "Name": call.param("Bucket"),
        "Prefix": prefix,
        "KeyCount": len(some),
        "IsTruncated": token is not None,
        "NextContinuationToken": token,
        "Contents": [_shown(one) for one in some],
    }


def _shown(version: Version) -> dict[str, Any]:
    body = version.body or b""
    return {"Key": version.key, "Size": len(body), "ETag": _etag(body), "LastModified": version.at}


def list_object_versions(call: Call) -> Answer:
    bucket = read_bucket(call)
    newest = {version.key: version for version in bucket.versions}
    found = sorted(bucket.versions, key=lambda version: version.key)
    some, token = page(call, found, default_size=1000, size_param="MaxKeys", token_param="KeyMarker", most=1000)
    versions: list[dict[str, Any]] = []
    markers: list[dict[str, Any]] = []
    for one in some:
        told = {"VersionId": one.id, "IsLatest": newest[one.key] == one}
        if one.body is None:
            markers.append({"Key": one.key, "LastModified": one.at, **told})
        else:
            versions.append({**_shown(one), **told})
    return {
        "Name": bucket.name,
        "IsTruncated": token is not None,
        "NextKeyMarker": token,
        "Versions": versions,
        "DeleteMarkers": markers,
    }


OPERATIONS: Mapping[str, Handler] = {
    "PutObject": put_object,
    "HeadObject": head_object,
    "GetObject": get_object,
    "DeleteObject": delete_object,
    "ListObjectsV2": list_objects_v2,
    "ListObjectVersions": list_object_versions,
}
