"""AWS's own managed policies: one copy for all accounts, from the data that moto brings along."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from iamfix.sandbox.services.iam.state import Policy, PolicyVersion


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    parsed = json.loads(aws_managed_policies_data)
    return dict(parsed)


@lru_cache(maxsize=8)
def by_arn(partition: str) -> Mapping[str, Policy]:
    """AWS's managed policies by ARN."""
    policies = {}
    for name, told in _data().items():
        path = told.get("Path", "/")
        arn = f"arn:{partition}:iam::aws:policy{path}{name}"
        document = json.dumps(told["Document"])
        updated = datetime.fromisoformat(told["UpdateDate"])
        policies[arn] = Policy(
            name=name,
            path=path,
            id=f"ANPA{abs(hash_text(name)):017d}"[:21],
            arn=arn,
            description="",
            created=datetime.fromisoformat(told["CreateDate"]),
            updated=updated,
            versions=(PolicyVersion(told["DefaultVersionId"], document, updated),),
            default=told["DefaultVersionId"],
        )
    return MappingProxyType(policies)


def hash_text(text: str) -> int:
    """A number for a text that is the same in every process."""
    number = 0
    for character in text:
        number = (number * 131 + ord(character)) % 10**17
    return number
