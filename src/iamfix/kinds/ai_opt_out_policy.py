"""AI services opt-out policy: whether AWS may use content of the accounts below its targets to train."""

from __future__ import annotations

from iamfix.kinds.organizations_policies import PolicyKind

KIND = PolicyKind(
    "ai_opt_out_policy",
    __doc__,
    """\
- name: No content is used for training
  ai_opt_out_policy:
    name: OptOut
    content: {services: {default: {opt_out_policy: {"@@assign": optOut}}}}
    targets: []
""",
)
