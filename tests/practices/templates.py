"""The shipped policy templates, rendered for an account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from iamfix.model import Account
from iamfix.policy.document import Document
from iamfix.render import Renderer

ROOT = Path(__file__).parents[2] / "templates"
REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
ID = "222222222222"


def rendered(template: str, partition: str = "aws", **variables: Any) -> Any:
    """Return what a template yields in an account of a partition."""
    account = Account(id=ID, name="lab", home_region=REGIONS[partition])
    renderer = Renderer([ROOT])
    return renderer.template(template, renderer.scope(account, {}, None).child(variables))


def document(template: str, partition: str = "aws", **variables: Any) -> Document:
    """Return a template's policy document."""
    return Document.parse(rendered(template, partition, **variables), partition=partition)
