"""From the access key of a request to the caller behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iamfix.sandbox.cloud import Cloud
from iamfix.sandbox.credentials import (
    OPERATOR_KEY,
    Caller,
    LastUse,
    Session,
    expired_token,
    invalid_token,
    is_account_id,
    root_caller,
)
from iamfix.sandbox.services.iam.state import IamState, User

if TYPE_CHECKING:
    from iamfix.sandbox.wire import HttpRequest


def identify(cloud: Cloud, request: HttpRequest, partition: str) -> Caller:
    """The caller of a request; notes the key's (and the role's) last use.

    A key that is the twelve-digit id of an account stands for that account's root user, and OPERATOR_KEY for the
    management account's administrator. Signatures are not checked. Raises AwsError for keys that the sandbox has never
    given out, that are deleted or inactive, and sessions that are expired.
    """
    key = request.access_key
    if key in cloud.credentials.sessions:
        return _session_caller(cloud, request)
    if key in cloud.credentials.user_keys:
        return _user_caller(cloud, request)
    if is_account_id(key) and key in cloud.accounts:
        return root_caller(key, partition)
    if key != OPERATOR_KEY or cloud.credentials.default is None:
        raise invalid_token(request.service, request.protocol)
    return cloud.credentials.default


def _session_caller(cloud: Cloud, request: HttpRequest) -> Caller:
    session = cloud.credentials.sessions[request.access_key]
    if session.expires <= cloud.clock.now():
        raise expired_token(request.protocol)
    if session.role_id and not _role_exists(cloud, session):
        raise invalid_token(request.service, request.protocol)
    cloud.credentials.role_last_use[session.role_id] = LastUse(cloud.now(), request.region, request.service)
    return session.caller


def _role_exists(cloud: Cloud, session: Session) -> bool:
    partition, account, name = _parts(session.caller.principal_arn)
    role = cloud.state(IamState, account, partition).roles.latest(name.lower())
    return role is not None and role.id == session.role_id


def _parts(arn: str) -> tuple[str, str, str]:
    fields = arn.split(":", 5)
    return fields[1], fields[4], fields[5].rsplit("/", 1)[-1]


def _user_caller(cloud: Cloud, request: HttpRequest) -> Caller:
    owner = cloud.credentials.user_keys[request.access_key]
    iam = cloud.state(IamState, owner.account, owner.partition)
    users: list[User] = [iam.root] if owner.user_id == owner.account else list(iam.users.all_latest())
    user = next((user for user in users if user.id == owner.user_id or user is iam.root), None)
    key = next((key for key in user.access_keys if key.id == request.access_key), None) if user else None
    if user is None or key is None or not key.active:
        raise invalid_token(request.service, request.protocol)
    cloud.credentials.last_use[key.id] = LastUse(cloud.now(), request.region, request.service)
    if user is iam.root:
        return root_caller(owner.account, owner.partition)
    arn = user.arn(owner.account, owner.partition)
    return Caller(account=owner.account, arn=arn, user_id=user.id, principal_arn=arn, kind="user")
