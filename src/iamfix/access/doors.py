"""Identity providers as ways in: a role that trusts one is shut to its people once the provider is gone.

Sources: IAM API Reference, DeleteSAMLProvider and DeleteOpenIDConnectProvider (roles that refer to the provider are not
updated, and whoever assumes them through it fails), RemoveClientIDFromOpenIDConnectProvider.
"""

from __future__ import annotations

from iamfix.access.picture import Picture
from iamfix.access.probes import Watched
from iamfix.model import Call
from iamfix.policy.statements import statements

__all__ = ["closes", "provider_of"]

_PROVIDERS = {
    "delete_saml_provider": "SAMLProviderArn",
    "delete_open_id_connect_provider": "OpenIDConnectProviderArn",
    "remove_client_id_from_open_id_connect_provider": "OpenIDConnectProviderArn",
}


def provider_of(call: Call) -> str | None:
    """Return the ARN of the identity provider that a call takes away, or one of its clients; None for all others."""
    key = _PROVIDERS.get(call.operation) if call.service == "iam" else None
    return None if key is None else str(call.params[key])


def closes(picture: Picture, one: Watched, provider: str) -> bool:
    """Tell whether a role that must stay open is assumed through a provider, as far as its trust policy tells.

    The role that iamfix assumes is never assumed through one: `AssumeRole` is what it calls.
    """
    holder = picture.holder(one.kind, one.name)
    if holder is None or holder.trust is None or (picture.account.role_arn is not None and not one.any_trust):
        return False
    members = [
        member for statement in statements(holder.trust.data) if statement.allows for member in statement.principals()
    ]
    return any(member.type == "Federated" and member.text == provider for member in members)
