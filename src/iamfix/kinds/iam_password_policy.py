"""The account's password policy for IAM users. AWS replaces it whole, so every call carries all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iamfix.fields import FLAG, Scalar, asked
from iamfix.kinds import defaults
from iamfix.kinds.protocol import Look, Reader, Scope, Want
from iamfix.model import Call

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = "account"
READS = (("iam", "get_account_password_policy"),)
EXAMPLE = """\
- name: Passwords as CIS asks for
  iam_password_policy:
    min_pw_length: 14
    pw_reuse_prevent: 24
    require_symbols: true
    require_numbers: true
    require_uppercase: true
    require_lowercase: true
    allow_pw_change: true
"""


@dataclass(frozen=True, slots=True)
class State:
    """The defaults are what AWS makes of a field that is left out."""

    min_pw_length: int = asked(
        Scalar(int, "a number", low=6, high=128), "Least number of characters.", default=6,
        aliases=("minimum_password_length",),
    )  # fmt: skip
    require_symbols: bool = asked(FLAG, "A symbol is needed.", default=False)
    require_numbers: bool = asked(FLAG, "A number is needed.", default=False)
    require_uppercase: bool = asked(FLAG, "An upper-case letter is needed.", default=False)
    require_lowercase: bool = asked(FLAG, "A lower-case letter is needed.", default=False)
    allow_pw_change: bool = asked(
        FLAG, "Users may change their own password.", default=False, aliases=("allow_password_change",)
    )
    pw_max_age: int = asked(
        Scalar(int, "a number of days", low=0, high=1095), "Days after which a password expires; 0 for never. It "
        "holds at once, for passwords that are older too.", default=0, aliases=("password_max_age",),
    )  # fmt: skip
    pw_reuse_prevent: int = asked(
        Scalar(int, "a number", low=0, high=24), "How many earlier passwords may not be used again; 0 for none.",
        default=0, aliases=("password_reuse_prevent",),
    )  # fmt: skip
    pw_expire: bool = asked(
        FLAG, "Only an administrator can replace an expired password.", default=False, aliases=("password_expire",)
    )


def observe(read: Reader, want: Want) -> dict[str, State]:
    found = read.find("iam", "get_account_password_policy", "NoSuchEntity")
    if found is None:
        return {}
    policy = found["PasswordPolicy"]
    return {
        SINGLETON: State(
            min_pw_length=policy.get("MinimumPasswordLength", 6),
            require_symbols=policy.get("RequireSymbols", False),
            require_numbers=policy.get("RequireNumbers", False),
            require_uppercase=policy.get("RequireUppercaseCharacters", False),
            require_lowercase=policy.get("RequireLowercaseCharacters", False),
            allow_pw_change=policy.get("AllowUsersToChangePassword", False),
            pw_max_age=policy.get("MaxPasswordAge") or 0,
            pw_reuse_prevent=policy.get("PasswordReusePrevention") or 0,
            pw_expire=policy.get("HardExpiry") or False,
        )
    }


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if after is None:
        yield Call("iam", "delete_account_password_policy", {})
        return
    if before == after:
        return
    params: dict[str, object] = {
        "MinimumPasswordLength": after.min_pw_length,
        "RequireSymbols": after.require_symbols,
        "RequireNumbers": after.require_numbers,
        "RequireUppercaseCharacters": after.require_uppercase,
        "RequireLowercaseCharacters": after.require_lowercase,
        "AllowUsersToChangePassword": after.allow_pw_change,
        "HardExpiry": after.pw_expire,
    }
    # "None" is said by leaving the field out.
    if after.pw_max_age:
        params["MaxPasswordAge"] = after.pw_max_age
    if after.pw_reuse_prevent:
        params["PasswordReusePrevention"] = after.pw_reuse_prevent
    yield Call("iam", "update_account_password_policy", params)


arn = defaults.no_arn
owner = defaults.no_owner
loses = defaults.loses_nothing
breaches = defaults.no_breaches
ripples = defaults.no_ripples
notes = defaults.no_notes
needs = defaults.own_needs
