"""IAM, whole for what iamfix touches; what is left is moto's."""

from __future__ import annotations

from iamfix.sandbox.call import Service
from iamfix.sandbox.services.iam import (
    access_keys,
    account,
    authorization_details,
    boundaries,
    credential_report,
    groups,
    instance_profiles,
    login_profiles,
    mfa,
    policies,
    principal_policies,
    providers,
    roles,
    root_access,
    server_certificates,
    user_credentials,
    users,
)

SERVICE = Service(
    "iam",
    {
        **users.OPERATIONS,
        **groups.OPERATIONS,
        **roles.OPERATIONS,
        **policies.OPERATIONS,
        **principal_policies.OPERATIONS,
        **boundaries.OPERATIONS,
        **login_profiles.OPERATIONS,
        **access_keys.OPERATIONS,
        **mfa.OPERATIONS,
        **user_credentials.OPERATIONS,
        **instance_profiles.OPERATIONS,
        **providers.OPERATIONS,
        **server_certificates.OPERATIONS,
        **account.OPERATIONS,
        **root_access.OPERATIONS,
        **authorization_details.OPERATIONS,
        **credential_report.OPERATIONS,
    },
)
