"""IAM, whole for what iamfix touches; SAML and OIDC providers and server certificates are moto's."""

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
    roles,
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
        **account.OPERATIONS,
        **authorization_details.OPERATIONS,
        **credential_report.OPERATIONS,
    },
)
