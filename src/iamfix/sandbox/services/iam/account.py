"""What there is once in an account: password policy, alias, summary."""

from __future__ import annotations

from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.lookup import iam, no_such_entity
from iamfix.sandbox.services.iam.state import PasswordPolicy


def update_account_password_policy(call: Call) -> Answer:
    """UpdateAccountPasswordPolicy: the whole policy; what is left out gets AWS's default."""
    told = call.params
    policy = PasswordPolicy(
        length=told.get("MinimumPasswordLength", 6),
        symbols=told.get("RequireSymbols", False),
        numbers=told.get("RequireNumbers", False),
        uppercase=told.get("RequireUppercaseCharacters", False),
        lowercase=told.get("RequireLowercaseCharacters", False),
        allow_change=told.get("AllowUsersToChangePassword", False),
        max_age=told.get("MaxPasswordAge"),
        reuse=told.get("PasswordReusePrevention"),
        hard_expiry=told.get("HardExpiry"),
    )
    iam(call).password_policy.put("account", policy)
    return {}


def get_account_password_policy(call: Call) -> Answer:
    """GetAccountPasswordPolicy: NoSuchEntity while there is none."""
    policy = iam(call).password_policy.seen("account", call.replica)
    if policy is None:
        raise _no_policy(call)
    told: dict[str, Any] = {
        "MinimumPasswordLength": policy.length,
        "RequireSymbols": policy.symbols,
        "RequireNumbers": policy.numbers,
        "RequireUppercaseCharacters": policy.uppercase,
        "RequireLowercaseCharacters": policy.lowercase,
        "AllowUsersToChangePassword": policy.allow_change,
        "ExpirePasswords": policy.max_age is not None,
        "MaxPasswordAge": policy.max_age,
        "PasswordReusePrevention": policy.reuse,
        "HardExpiry": policy.hard_expiry,
    }
    return {"PasswordPolicy": told}


def _no_policy(call: Call) -> AwsError:
    return no_such_entity(f"The Password Policy with domain name {call.account} cannot be found.")


def delete_account_password_policy(call: Call) -> Answer:
    """DeleteAccountPasswordPolicy."""
    if iam(call).password_policy.latest("account") is None:
        raise _no_policy(call)
    iam(call).password_policy.delete("account")
    return {}


def create_account_alias(call: Call) -> Answer:
    """CreateAccountAlias: one for an account, unique over all of AWS; another one takes the first one's place."""
    alias = call.param("AccountAlias")
    if alias.isdigit() and len(alias) == 12:
        raise AwsError("ValidationError", "The account alias must not be in the form of an AWS account id.")
    for account in call.cloud.accounts:
        if (
            account != call.account
            and call.cloud.state(type(iam(call)), account, call.partition).aliases.latest("account") == alias
        ):
            raise AwsError("EntityAlreadyExists", f"The account alias {alias} already exists.")
    iam(call).aliases.put("account", alias)
    return {}


def list_account_aliases(call: Call) -> Answer:
    """ListAccountAliases."""
    alias = iam(call).aliases.seen("account", call.replica)
    return {"AccountAliases": [alias] if alias else [], "IsTruncated": False}


def delete_account_alias(call: Call) -> Answer:
    """DeleteAccountAlias."""
    alias = call.param("AccountAlias")
    if iam(call).aliases.latest("account") != alias:
        raise no_such_entity(f"The account alias {alias} cannot be found.")
    iam(call).aliases.delete("account")
    return {}


def get_account_summary(call: Call) -> Answer:
    """GetAccountSummary: numbers, quotas, and what the root user has."""
    state, replica = iam(call), call.replica
    users, virtual = state.users.all_seen(replica), state.virtual_mfa.all_seen(replica)
    used = sum(len(user.mfa_devices) for user in users) + len(state.root.mfa_devices)
    policies = state.policies.all_seen(replica)
    summary = {
        "Users": len(users),
        "UsersQuota": 5000,
        "Groups": len(state.groups.all_seen(replica)),
        "GroupsQuota": 300,
        "Roles": len(state.roles.all_seen(replica)),
        "RolesQuota": 1000,
        "Policies": len(policies),
        "PoliciesQuota": 1500,
        "PolicySizeQuota": 6144,
        "PolicyVersionsInUse": sum(len(policy.versions) for policy in policies),
        "PolicyVersionsInUseQuota": 10000,
        "VersionsPerPolicyQuota": 5,
        "InstanceProfiles": len(state.instance_profiles.all_seen(replica)),
        "InstanceProfilesQuota": 1000,
        "ServerCertificates": len(state.server_certificates.all_seen(replica)),
        "ServerCertificatesQuota": 20,
        "Providers": len(state.oidc_providers.all_seen(replica)) + len(state.saml_providers.all_seen(replica)),
        "MFADevices": used + sum(device.user_id is None for device in virtual),
        "MFADevicesInUse": used,
        "AccountMFAEnabled": int(bool(state.root.mfa_devices)),
        "AccountAccessKeysPresent": int(bool(state.root.access_keys)),
        "AccountPasswordPresent": int(state.root.login is not None),
        "AccountSigningCertificatesPresent": int(bool(state.root.signing_certificates)),
        "AccessKeysPerUserQuota": 2,
        "SigningCertificatesPerUserQuota": 2,
        "GroupsPerUserQuota": 10,
        "UserPolicySizeQuota": 2048,
        "GroupPolicySizeQuota": 5120,
        "RolePolicySizeQuota": 10240,
        "AssumeRolePolicySizeQuota": 2048,
        "AttachedPoliciesPerUserQuota": 10,
        "AttachedPoliciesPerGroupQuota": 10,
        "AttachedPoliciesPerRoleQuota": 10,
        "GlobalEndpointTokenVersion": 1,
    }
    return {"SummaryMap": summary}


OPERATIONS: dict[str, Handler] = {
    "UpdateAccountPasswordPolicy": update_account_password_policy,
    "GetAccountPasswordPolicy": get_account_password_policy,
    "DeleteAccountPasswordPolicy": delete_account_password_policy,
    "CreateAccountAlias": create_account_alias,
    "ListAccountAliases": list_account_aliases,
    "DeleteAccountAlias": delete_account_alias,
    "GetAccountSummary": get_account_summary,
}
