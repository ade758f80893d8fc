"""Putting users, groups, roles and policies straight into an account's state, with a past that no API call can make."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

from iamfix.sandbox.cloud import Cloud
from iamfix.sandbox.credentials import LastUse, UserKey
from iamfix.sandbox.services.iam.state import (
    AccessKey,
    Credential,
    EnabledMfa,
    Group,
    IamState,
    InstanceProfile,
    PasswordLogin,
    Policy,
    PolicyVersion,
    Role,
    RootUser,
    User,
    VirtualMfa,
)

PARTITION = "aws"


def aws_policy(name: str) -> str:
    """The ARN of one of AWS's managed policies (with its path, if it has one)."""
    return f"arn:{PARTITION}:iam::aws:policy/{name}"


def trust(principal: Mapping[str, Any] | str, *, action: str = "sts:AssumeRole", **more: Any) -> str:
    """A trust policy of one statement; `more` are further elements of it, such as Condition."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(*actions: str, resource: str | list[str] = "*", **more: Any) -> str:
    """An identity policy of one Allow statement."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Builder:
    """Builds in one account. Times are given as days before now."""

    def __init__(self, cloud: Cloud, account: str) -> None:
        self._cloud = cloud
        self._account = account
        self.state = cloud.state(IamState, account, PARTITION)

    def _ago(self, days: float) -> Any:
        return self._cloud.now() - timedelta(days=days)

    def local_policy(self, name: str, path: str = "/") -> str:
        """The ARN of a customer managed policy of the account."""
        return f"arn:{PARTITION}:iam::{self._account}:policy{path}{name}"

    def group(
        self,
        name: str,
        *,
        path: str = "/",
        attached: Iterable[str] = (),
        inline: Mapping[str, str] | None = None,
        days: float = 700,
    ) -> Group:
        """A group."""
        group = Group(name, path, self._cloud.new_id("AGPA"), self._ago(days), tuple(attached), inline or {})
        self.state.put_group(group)
        return group

    def user(
        self,
        name: str,
        *,
        path: str = "/",
        days: float = 600,
        groups: Iterable[Group] = (),
        attached: Iterable[str] = (),
        inline: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        boundary: str | None = None,
        console: bool = False,
        console_used: float | None = None,
        mfa: bool = False,
        keys: Iterable[tuple[float, float | None, bool]] = (),
    ) -> User:
        """A user. `keys` are (days since made, days since last used or None, active)."""
        user_id, created = self._cloud.new_id("AIDA"), self._ago(days)
        devices: tuple[EnabledMfa, ...] = ()
        if mfa:
            serial = f"arn:{PARTITION}:iam::{self._account}:mfa/{name}"
            self.state.virtual_mfa.put(serial.lower(), VirtualMfa(serial, user_id, created))
            devices = (EnabledMfa(serial, created),)
        user = User(
            name,
            path,
            user_id,
            created,
            tuple(attached),
            inline or {},
            boundary=boundary,
            tags=tags or {},
            groups=tuple(group.id for group in groups),
            login=PasswordLogin(created, False, created) if console else None,
            password_last_used=self._ago(console_used) if console_used is not None else None,
            access_keys=tuple(self._key(user_id, *key) for key in keys),
            mfa_devices=devices,
        )
        self.state.put_user(user)
        return user

    def root(
        self,
        *,
        mfa: Literal["virtual", "hardware"] | None = "hardware",
        keys: int = 0,
        password: bool = True,
        used: float | None = None,
        key_used: float | None = None,
        certificates: int = 0,
    ) -> RootUser:
        """The root user. `used` and `key_used` are days since its password and its key were last used."""
        since = self._ago(900)
        serial = "GAHT12345678"
        if mfa == "virtual":
            serial = f"arn:{PARTITION}:iam::{self._account}:mfa/root-account-mfa-device"
            self.state.virtual_mfa.put(serial.lower(), VirtualMfa(serial, self._account, since))
        self.state.root = RootUser(
            login=PasswordLogin(since, False, since) if password else None,
            password_last_used=None if used is None else self._ago(used),
            access_keys=tuple(
                self._key(self._account, 900, None if number else key_used, True) for number in range(keys)
            ),
            signing_certificates=tuple(Credential(self._cloud.new_id("ASCA", 32), since) for _ in range(certificates)),
            mfa_devices=() if mfa is None else (EnabledMfa(serial, since),),
        )
        return self.state.root

    def virtual_device(self, name: str) -> str:
        """A virtual MFA device that belongs to nobody; its serial number."""
        serial = f"arn:{PARTITION}:iam::{self._account}:mfa/{name}"
        self.state.virtual_mfa.put(serial.lower(), VirtualMfa(serial))
        return serial

    def hardware_device(self, user: User, serial: str) -> User:
        """The user with one more device: a hardware token's serial number, or a security key's ARN."""
        changed = replace(user, mfa_devices=(*user.mfa_devices, EnabledMfa(serial, self._ago(90))))
        self.state.put_user(changed)
        return changed

    def _key(self, user_id: str, days: float, used: float | None, active: bool) -> AccessKey:
        key = AccessKey(self._cloud.new_id("AKIA", 20), self._ago(days), active)
        self._cloud.credentials.user_keys[key.id] = UserKey(self._account, PARTITION, user_id)
        if used is not None:
            self._cloud.credentials.last_use[key.id] = LastUse(self._ago(used), "us-east-1", "s3")
        return key

    def use_key(self, key_id: str, days: float = 0, service: str = "s3", region: str = "us-east-1") -> None:
        """An access key was last used so many days ago."""
        self._cloud.credentials.last_use[key_id] = LastUse(self._ago(days), region, service)

    def role(
        self,
        name: str,
        trust_policy: str,
        *,
        path: str = "/",
        days: float = 500,
        used: float | None = None,
        attached: Iterable[str] = (),
        inline: Mapping[str, str] | None = None,
        description: str = "",
        max_session: int = 3600,
        boundary: str | None = None,
        tags: Mapping[str, str] | None = None,
        trust_ids: Mapping[str, str] | None = None,
        instance_profile: bool = False,
    ) -> Role:
        """A role, with an instance profile of the same name if asked for."""
        role = Role(
            name,
            path,
            self._cloud.new_id("AROA"),
            self._ago(days),
            tuple(attached),
            inline or {},
            trust=trust_policy,
            trust_ids=trust_ids or {},
            description=description,
            max_session=max_session,
            boundary=boundary,
            tags=tags or {},
        )
        self.state.put_role(role)
        if used is not None:
            self._cloud.credentials.role_last_use[role.id] = LastUse(self._ago(used), "us-east-1", "sts")
        if instance_profile:
            profile = InstanceProfile(name, path, self._cloud.new_id("AIPA"), self._ago(days), role.id)
            self.state.instance_profiles.put(name.lower(), profile)
        return role

    def service_linked_role(self, service: str, name: str) -> Role:
        """A service-linked role."""
        principal = {"Service": f"{service}.amazonaws.com"}
        return self.role(
            f"AWSServiceRoleFor{name}", trust(principal), path=f"/aws-service-role/{service}.amazonaws.com/"
        )

    def policy(
        self,
        name: str,
        *versions: str,
        path: str = "/",
        description: str = "",
        tags: Mapping[str, str] | None = None,
        days: float = 450,
    ) -> str:
        """A customer managed policy with these versions, the last one the default; its ARN."""
        created, arn = self._ago(days), self.local_policy(name, path)
        self.state.put_policy(
            Policy(
                name=name,
                path=path,
                id=self._cloud.new_id("ANPA"),
                arn=arn,
                description=description,
                created=created,
                updated=created,
                versions=tuple(PolicyVersion(f"v{n}", text, created) for n, text in enumerate(versions, start=1)),
                default=f"v{len(versions)}",
                next_version=len(versions) + 1,
                tags=tags or {},
            )
        )
        return arn
