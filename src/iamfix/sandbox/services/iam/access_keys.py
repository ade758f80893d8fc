"""Access keys of users."""

from __future__ import annotations

from dataclasses import replace

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.credentials import UserKey
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.lookup import iam, no_such_entity, see_user, take_user
from iamfix.sandbox.services.iam.state import AccessKey, User
from iamfix.sandbox.services.iam.users import caller_user_name, told_name, user_by_id

MOST_KEYS = 2


def _status(key: AccessKey) -> str:
    return "Active" if key.active else "Inactive"


def create_access_key(call: Call) -> Answer:
    """CreateAccessKey: at most two for a user. The secret is told this once."""
    user = take_user(call, caller_user_name(call))
    if len(user.access_keys) >= MOST_KEYS:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {MOST_KEYS}")
    key = AccessKey(call.cloud.new_id("AKIA", 20), call.cloud.now())
    call.cloud.credentials.user_keys[key.id] = UserKey(call.account, call.partition, user.id)
    iam(call).put_user(replace(user, access_keys=(*user.access_keys, key)))
    told = {"UserName": told_name(user), "AccessKeyId": key.id, "Status": _status(key), "CreateDate": key.created}
    return {"AccessKey": {**told, "SecretAccessKey": call.cloud.new_secret(40)}}


def list_access_keys(call: Call) -> Answer:
    """ListAccessKeys."""
    user = see_user(call, caller_user_name(call))
    some, marker = page(call, user.access_keys)
    told = [
        {"UserName": told_name(user), "AccessKeyId": key.id, "Status": _status(key), "CreateDate": key.created}
        for key in some
    ]
    return {"AccessKeyMetadata": told, "IsTruncated": marker is not None, "Marker": marker}


def _with_key(call: Call) -> tuple[User, AccessKey]:
    user = take_user(call, caller_user_name(call))
    key_id = call.param("AccessKeyId")
    for key in user.access_keys:
        if key.id == key_id:
            return user, key
    raise no_such_entity(f"The Access Key with id {key_id} cannot be found.")


def update_access_key(call: Call) -> Answer:
    """UpdateAccessKey: Active or Inactive."""
    user, key = _with_key(call)
    changed = replace(key, active=call.param("Status") == "Active")
    keys = tuple(changed if other.id == key.id else other for other in user.access_keys)
    iam(call).put_user(replace(user, access_keys=keys))
    return {}


def delete_access_key(call: Call) -> Answer:
    """DeleteAccessKey: the key is dead at once."""
    user, key = _with_key(call)
    iam(call).put_user(replace(user, access_keys=tuple(other for other in user.access_keys if other.id != key.id)))
    return {}


def get_access_key_last_used(call: Call) -> Answer:
    """GetAccessKeyLastUsed: an unknown key is AccessDenied."""
    key_id = call.param("AccessKeyId")
    owner = call.cloud.credentials.user_keys.get(key_id)
    if owner is None or owner.account != call.account:
        raise AwsError(
            "AccessDenied",
            f"User: {call.caller.arn} is not authorized to perform: iam:GetAccessKeyLastUsed",
            status=403,
        )
    user = user_by_id(call, owner.user_id)
    use = call.cloud.credentials.last_use.get(key_id)
    told = (
        {"LastUsedDate": use.at, "Region": use.region, "ServiceName": use.service}
        if use
        else {"Region": "N/A", "ServiceName": "N/A"}
    )
    return {"UserName": told_name(user), "AccessKeyLastUsed": told}


OPERATIONS: dict[str, Handler] = {
    "CreateAccessKey": create_access_key,
    "ListAccessKeys": list_access_keys,
    "UpdateAccessKey": update_access_key,
    "DeleteAccessKey": delete_access_key,
    "GetAccessKeyLastUsed": get_access_key_last_used,
}
