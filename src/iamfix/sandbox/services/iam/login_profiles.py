"""Console passwords of users, checked against the account's password policy."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.lookup import iam, no_such_entity, see_user, take_user
from iamfix.sandbox.services.iam.state import PasswordLogin, PasswordPolicy, RootUser, User
from iamfix.sandbox.services.iam.users import caller_user_name, told_name

_SYMBOLS = re.escape("!@#$%^&*()_+-=[]{}|'")


def check_password(call: Call, password: str) -> None:
    """Raise PasswordPolicyViolation unless the password fits the account's policy, or AWS's own when there is none."""
    policy = iam(call).password_policy.seen("account", call.replica)
    classes = {
        "uppercase": bool(re.search(r"[A-Z]", password)),
        "lowercase": bool(re.search(r"[a-z]", password)),
        "numbers": bool(re.search(r"[0-9]", password)),
        "symbols": bool(re.search(f"[{_SYMBOLS}]", password)),
    }
    if policy is None:
        fits = len(password) >= 8 and sum(classes.values()) >= 3
    else:
        fits = len(password) >= policy.length and all(
            present or not getattr(policy, name) for name, present in classes.items()
        )
    if not fits:
        least = (policy or PasswordPolicy(length=8)).length
        raise AwsError(
            "PasswordPolicyViolation",
            f"Password does not conform to the account password policy (minimum length {least}, character classes).",
        )


def _member(user: User, login: PasswordLogin) -> dict[str, Any]:
    return {
        "UserName": told_name(user),
        "CreateDate": login.created,
        "PasswordResetRequired": login.reset_required,
    }


def _missing(user: User) -> AwsError:
    return no_such_entity(f"Login Profile for User {user.name} cannot be found.")


def create_login_profile(call: Call) -> Answer:
    """CreateLoginProfile."""
    user = take_user(call, caller_user_name(call))
    if user.login is not None:
        raise AwsError("EntityAlreadyExists", f"Login Profile for user {user.name} already exists.")
    password, now = call.params.get("Password"), call.cloud.now()
    if isinstance(user, RootUser):  # it begins the recovery of the password, whoever gets the message then sets it
        iam(call).put_user(replace(user, login=PasswordLogin(now, False, now)))
        return {"LoginProfile": _member(user, PasswordLogin(now, False, now))}
    if password is None:
        raise AwsError(
            "ValidationError", "Value null at 'password' failed to satisfy constraint: Member must not be null"
        )
    check_password(call, password)
    login = PasswordLogin(now, bool(call.params.get("PasswordResetRequired")), now)
    iam(call).put_user(replace(user, login=login))
    return {"LoginProfile": _member(user, login)}


def get_login_profile(call: Call) -> Answer:
    """GetLoginProfile."""
    user = see_user(call, caller_user_name(call))
    if user.login is None:
        raise _missing(user)
    return {"LoginProfile": _member(user, user.login)}


def update_login_profile(call: Call) -> Answer:
    """UpdateLoginProfile: what is left out is kept."""
    user = take_user(call, call.param("UserName"))
    if user.login is None:
        raise _missing(user)
    login = user.login
    if "Password" in call.params:
        check_password(call, call.param("Password"))
        login = replace(login, changed=call.cloud.now())
    if "PasswordResetRequired" in call.params:
        login = replace(login, reset_required=bool(call.params["PasswordResetRequired"]))
    iam(call).put_user(replace(user, login=login))
    return {}


def delete_login_profile(call: Call) -> Answer:
    """DeleteLoginProfile: one that the replica does not show yet cannot be modified for a while."""
    user = take_user(call, caller_user_name(call))
    if user.login is None:
        raise _missing(user)
    if see_user(call, user.name).login is None:
        raise AwsError(
            "EntityTemporarilyUnmodifiable",
            f"Login Profile for User {user.name} cannot be modified while being created.",
        )
    iam(call).put_user(replace(user, login=None))
    return {}


def change_password(call: Call) -> Answer:
    """ChangePassword: the caller's own."""
    user = take_user(call, caller_user_name(call))
    if user.login is None:
        raise _missing(user)
    check_password(call, call.param("NewPassword"))
    iam(call).put_user(replace(user, login=replace(user.login, changed=call.cloud.now(), reset_required=False)))
    return {}


OPERATIONS: dict[str, Handler] = {
    "CreateLoginProfile": create_login_profile,
    "GetLoginProfile": get_login_profile,
    "UpdateLoginProfile": update_login_profile,
    "DeleteLoginProfile": delete_login_profile,
    "ChangePassword": change_password,
}
