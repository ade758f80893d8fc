"""What Organizations refuses in tag policies and AI services opt-out policies, below their key at the top.

Source: Organizations User Guide, "Policy syntax and inheritance for management policy types", "Tag policy syntax", "AI
services opt-out policy syntax".
"""

from __future__ import annotations

import re
from typing import Any

_FOR_CHILDREN = "@@operators_allowed_for_child_policies"
_OPERATORS = {"@@assign", "@@append", "@@remove"}
_SETTINGS: dict[str, dict[str, str]] = {
    "TAG_POLICY": {
        "tag_key": "one", "tag_value": "many", "enforced_for": "many", "report_required_tag_for": "many",
    },
    "AISERVICES_OPT_OUT_POLICY": {"opt_out_policy": "one"},
}  # fmt: skip
"""Settings of each named thing, and whether they hold one value or many."""


def check_settings(policy_type: str, named: Any) -> str:
    """Why AWS does not take the settings of a policy; empty when it does, or for types that are not looked into."""
    if policy_type not in _SETTINGS:
        return ""
    if not _is_level(named):
        return "The policy names nothing, or has operators where none may stand."
    for name, settings in _inner(named).items():
        if not _is_level(settings):
            return f"{name} has no settings, or operators where none may stand."
        for word, setting in _inner(settings).items():
            if (size := _SETTINGS[policy_type].get(word)) is None:
                return f"{name} has no setting {word}."
            if told := _setting(setting, size) or _value(policy_type, name, word, setting):
                return f"{name}.{word}: {told}"
    return ""


def _is_level(value: Any) -> bool:
    """A level of names: at least one, and no operator but the one that says what children may do."""
    if not isinstance(value, dict) or not _inner(value):
        return False
    operators = {key for key in value if key.startswith("@@")}
    return operators <= {_FOR_CHILDREN} and _are_operators(value.get(_FOR_CHILDREN, []))


def _inner(value: dict[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if not key.startswith("@@")}


def _are_operators(value: Any) -> bool:
    return isinstance(value, list) and set(value) <= _OPERATORS | {"@@all", "@@none"}


def _setting(setting: Any, size: str) -> str:
    operators = _OPERATORS if size == "many" else {"@@assign"}
    if not isinstance(setting, dict) or not setting or not setting.keys() <= operators | {_FOR_CHILDREN}:
        return "an operator that the setting does not take."
    if not _are_operators(setting.get(_FOR_CHILDREN, [])):
        return "an unknown operator for children."
    for operator in setting.keys() & operators:
        values = setting[operator] if size == "many" else [setting[operator]]
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            return "a value of another type."
    return ""


def _value(policy_type: str, name: str, word: str, setting: dict[str, Any]) -> str:
    if word == "opt_out_policy" and setting.get("@@assign", "optOut") not in ("optOut", "optIn"):
        return "optOut or optIn."
    if word == "tag_key" and setting.get("@@assign", name).lower() != name.lower():
        return "the key differs from the policy key."
    for value in [one for operator in _OPERATORS & setting.keys() for one in setting[operator]]:
        if word == "tag_value" and value.count("*") > 1:
            return "more than one wildcard."
        if word in ("enforced_for", "report_required_tag_for") and not re.fullmatch(r"[a-z0-9-]+:([\w-]+|\*)", value):
            return "no type of resource."
    return ""
