"""OpenID Connect and SAML identity providers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.lookup import iam, no_such_entity
from iamfix.sandbox.services.iam.state import OidcProvider, SamlProvider
from iamfix.sandbox.services.iam.tags import tag_list, tags_page, with_tags, without_tags

MOST_PROVIDERS = 100
MOST_CLIENT_IDS = 100
MOST_THUMBPRINTS = 5
RETRIEVED_THUMBPRINT = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"
"""What AWS is taken to find at a provider for which no thumbprint is given."""


# --- OpenID Connect


def _oidc(call: Call) -> OidcProvider:
    arn = call.param("OpenIDConnectProviderArn")
    found = iam(call).oidc_providers.latest(arn)
    if found is None or iam(call).oidc_providers.seen(arn, call.replica) is None:
        raise no_such_entity(f"OpenIDConnect Provider not found for arn {arn}")
    return found


def _put_oidc(call: Call, provider: OidcProvider) -> Answer:
    iam(call).oidc_providers.put(provider.arn, provider)
    return {}


def _thumbprints(given: list[str]) -> tuple[str, ...]:
    if len(given) > MOST_THUMBPRINTS:
        raise AwsError("InvalidInput", f"Thumbprint list must contain fewer than {MOST_THUMBPRINTS} entries.")
    return tuple(given)


def create_open_id_connect_provider(call: Call) -> Answer:
    """CreateOpenIDConnectProvider: without a thumbprint AWS takes that of the provider's own certificate authority."""
    url = call.param("Url")
    if not url.startswith("https://"):
        raise AwsError("ValidationError", "Invalid Open ID Connect Provider URL")
    arn = f"arn:{call.partition}:iam::{call.account}:oidc-provider/{url.removeprefix('https://').rstrip('/')}"
    if iam(call).oidc_providers.latest(arn) is not None:
        raise AwsError("EntityAlreadyExists", f"Provider with url {url} already exists.")
    if len(iam(call).oidc_providers) >= MOST_PROVIDERS:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for OpenIdConnectProvidersPerAccount: {MOST_PROVIDERS}")
    clients = tuple(call.params.get("ClientIDList", ()))
    if len(clients) > MOST_CLIENT_IDS:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MOST_CLIENT_IDS}")
    provider = OidcProvider(
        arn, url.removeprefix("https://").rstrip("/"), call.cloud.now(), clients,
        _thumbprints(call.params.get("ThumbprintList", [])) or (RETRIEVED_THUMBPRINT,),
        with_tags({}, call.params.get("Tags", []), fold_case=False),
    )  # fmt: skip
    _put_oidc(call, provider)
    return {"OpenIDConnectProviderArn": arn, "Tags": tag_list(provider.tags) or None}


def get_open_id_connect_provider(call: Call) -> Answer:
    """GetOpenIDConnectProvider: the URL comes without its scheme."""
    provider = _oidc(call)
    return {
        "Url": provider.url,
        "ClientIDList": list(provider.clients),
        "ThumbprintList": list(provider.thumbprints),
        "CreateDate": provider.created,
        "Tags": tag_list(provider.tags),
    }


def list_open_id_connect_providers(call: Call) -> Answer:
    """ListOpenIDConnectProviders: their ARNs, all at once."""
    seen = sorted(provider.arn for provider in iam(call).oidc_providers.all_seen(call.replica))
    return {"OpenIDConnectProviderList": [{"Arn": arn} for arn in seen]}


def update_open_id_connect_provider_thumbprint(call: Call) -> Answer:
    """UpdateOpenIDConnectProviderThumbprint: the whole list."""
    return _put_oidc(call, replace(_oidc(call), thumbprints=_thumbprints(call.params["ThumbprintList"])))


def add_client_id(call: Call) -> Answer:
    """AddClientIDToOpenIDConnectProvider: one that is there already is no error."""
    provider, client = _oidc(call), call.param("ClientID")
    if client in provider.clients:
        return {}
    if len(provider.clients) >= MOST_CLIENT_IDS:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MOST_CLIENT_IDS}")
    return _put_oidc(call, replace(provider, clients=(*provider.clients, client)))


def remove_client_id(call: Call) -> Answer:
    """RemoveClientIDFromOpenIDConnectProvider: one that is not there is no error."""
    provider, client = _oidc(call), call.param("ClientID")
    return _put_oidc(call, replace(provider, clients=tuple(one for one in provider.clients if one != client)))


def delete_open_id_connect_provider(call: Call) -> Answer:
    """DeleteOpenIDConnectProvider."""
    iam(call).oidc_providers.delete(_oidc(call).arn)
    return {}


def tag_oidc(call: Call) -> Answer:
    """TagOpenIDConnectProvider."""
    provider = _oidc(call)
    return _put_oidc(call, replace(provider, tags=with_tags(provider.tags, call.params["Tags"], fold_case=False)))


def untag_oidc(call: Call) -> Answer:
    """UntagOpenIDConnectProvider."""
    provider = _oidc(call)
    return _put_oidc(call, replace(provider, tags=without_tags(provider.tags, call.params["TagKeys"], fold_case=False)))


def list_oidc_tags(call: Call) -> Answer:
    """ListOpenIDConnectProviderTags."""
    return tags_page(call, _oidc(call).tags)


# --- SAML


def _saml(call: Call) -> SamlProvider:
    arn = call.param("SAMLProviderArn")
    found = iam(call).saml_providers.latest(arn)
    if found is None or iam(call).saml_providers.seen(arn, call.replica) is None:
        raise no_such_entity(f"Manifest not found for arn {arn}")
    return found


def _put_saml(call: Call, provider: SamlProvider) -> Answer:
    iam(call).saml_providers.put(provider.arn, provider)
    return {}


def _metadata(document: str) -> str:
    if "EntityDescriptor" not in document:
        raise AwsError("InvalidInput", "Could not parse metadata")
    return document


def create_saml_provider(call: Call) -> Answer:
    """CreateSAMLProvider."""
    name = call.param("Name")
    arn = f"arn:{call.partition}:iam::{call.account}:saml-provider/{name}"
    if iam(call).saml_providers.latest(arn) is not None:
        raise AwsError("EntityAlreadyExists", f"SAMLProvider {name} already exists.")
    if len(iam(call).saml_providers) >= MOST_PROVIDERS:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for SAMLProvidersPerAccount: {MOST_PROVIDERS}")
    tags = with_tags({}, call.params.get("Tags", []), fold_case=False)
    now = call.cloud.now()
    provider = SamlProvider(arn, _metadata(call.param("SAMLMetadataDocument")), now, now + timedelta(days=36500), tags)
    _put_saml(call, provider)
    return {"SAMLProviderArn": arn, "Tags": tag_list(tags) or None}


def get_saml_provider(call: Call) -> Answer:
    """GetSAMLProvider."""
    provider = _saml(call)
    return {
        "SAMLMetadataDocument": provider.metadata,
        "CreateDate": provider.created,
        "ValidUntil": provider.valid_until,
        "Tags": tag_list(provider.tags),
    }


def list_saml_providers(call: Call) -> Answer:
    """ListSAMLProviders: all at once."""
    seen = sorted(iam(call).saml_providers.all_seen(call.replica), key=lambda provider: provider.arn)
    told = [{"Arn": one.arn, "ValidUntil": one.valid_until, "CreateDate": one.created} for one in seen]
    return {"SAMLProviderList": told}


def update_saml_provider(call: Call) -> Answer:
    """UpdateSAMLProvider."""
    provider = _saml(call)
    if "SAMLMetadataDocument" in call.params:
        provider = replace(provider, metadata=_metadata(call.param("SAMLMetadataDocument")))
    _put_saml(call, provider)
    return {"SAMLProviderArn": provider.arn}


def delete_saml_provider(call: Call) -> Answer:
    """DeleteSAMLProvider."""
    iam(call).saml_providers.delete(_saml(call).arn)
    return {}


def tag_saml(call: Call) -> Answer:
    """TagSAMLProvider."""
    provider = _saml(call)
    return _put_saml(call, replace(provider, tags=with_tags(provider.tags, call.params["Tags"], fold_case=False)))


def untag_saml(call: Call) -> Answer:
    """UntagSAMLProvider."""
    provider = _saml(call)
    return _put_saml(call, replace(provider, tags=without_tags(provider.tags, call.params["TagKeys"], fold_case=False)))


def list_saml_tags(call: Call) -> Answer:
    """ListSAMLProviderTags."""
    return tags_page(call, _saml(call).tags)


OPERATIONS: dict[str, Handler] = {
    "CreateOpenIDConnectProvider": create_open_id_connect_provider,
    "GetOpenIDConnectProvider": get_open_id_connect_provider,
    "ListOpenIDConnectProviders": list_open_id_connect_providers,
    "UpdateOpenIDConnectProviderThumbprint": update_open_id_connect_provider_thumbprint,
    "AddClientIDToOpenIDConnectProvider": add_client_id,
    "RemoveClientIDFromOpenIDConnectProvider": remove_client_id,
    "DeleteOpenIDConnectProvider": delete_open_id_connect_provider,
    "TagOpenIDConnectProvider": tag_oidc,
    "UntagOpenIDConnectProvider": untag_oidc,
    "ListOpenIDConnectProviderTags": list_oidc_tags,
    "CreateSAMLProvider": create_saml_provider,
    "GetSAMLProvider": get_saml_provider,
    "ListSAMLProviders": list_saml_providers,
    "UpdateSAMLProvider": update_saml_provider,
    "DeleteSAMLProvider": delete_saml_provider,
    "TagSAMLProvider": tag_saml,
    "UntagSAMLProvider": untag_saml,
    "ListSAMLProviderTags": list_saml_tags,
}
