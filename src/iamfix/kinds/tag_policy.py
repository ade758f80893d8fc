"""Tag policy: how tags are to be written in the accounts below its targets."""

from __future__ import annotations

from iamfix.kinds.organizations_policies import PolicyKind

KIND = PolicyKind(
    "tag_policy",
    __doc__,
    """\
- name: Cost centres are written one way
  tag_policy:
    name: CostCentre
    content: {tags: {CostCentre: {tag_key: {"@@assign": CostCentre}}}}
    targets: []
""",
)
