"""AWS Organizations, without invitations and responsibility transfers; nothing of it is moto's."""

from __future__ import annotations

from iamfix.sandbox.call import Service
from iamfix.sandbox.services.organizations import accounts, policies, policy_types, structure, tagging, trusted

SERVICE = Service(
    "organizations",
    {
        **structure.OPERATIONS,
        **accounts.OPERATIONS,
        **policy_types.OPERATIONS,
        **policies.OPERATIONS,
        **trusted.OPERATIONS,
        **tagging.OPERATIONS,
    },
    moto=False,
    one_writer="ConcurrentModificationException",
)
