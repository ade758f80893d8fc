"""The JSON Schema of playbooks, from the same models and fields that check them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iamfix import words
from iamfix.fields import FieldSpec
from iamfix.kinds.protocol import Kind
from iamfix.wanted import settable

_TEMPLATE = {"type": "string", "pattern": r"\{\{|\{%"}


def playbook_schema(kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Return a JSON Schema (2020-12) of a playbook."""
    task = words.TaskWords.model_json_schema(ref_template="#/$defs/{model}")
    definitions = task.pop("$defs", {})
    task["properties"] |= {name: {"$ref": f"#/$defs/{name}"} for name, kind in kinds.items() if settable(kind)}
    play = words.PlayWords.model_json_schema(ref_template="#/$defs/{model}")
    play["properties"]["tasks"] = {"type": "array", "items": {"$ref": "#/$defs/task"}}
    definitions |= {"task": task, "play": play}
    definitions |= {name: _kind(kind) for name, kind in kinds.items() if settable(kind)}
    imported = {
        "type": "object", "required": ["import_playbook"], "additionalProperties": False,
        "properties": {"import_playbook": {"type": "string"}, "name": {"type": "string"}},
    }  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "iamfix playbook",
        "type": "array",
        "items": {"anyOf": [{"$ref": "#/$defs/play"}, imported]},
        "$defs": definitions,
    }


def _kind(kind: Kind) -> dict[str, Any]:
    own = {
        "name": {"type": "string", "description": "The resource's name."},
        "select": {"type": "string", "description": "Expression over the name and fields of existing resources."},
        "state": {"enum": ["present", "absent"], "default": "present"},
    }
    fields = {name: _field(spec) for name, spec in settable(kind).items()}
    doc = (kind.__doc__ or "").strip()
    gone = {"properties": {"state": {"const": "absent"}}, "required": ["state"]}
    return {
        "type": ["object", "null"], "description": doc, "properties": own | fields, "additionalProperties": False,
        "if": gone, "then": {"propertyNames": {"enum": list(own)}},
    }  # fmt: skip


def _field(spec: FieldSpec) -> dict[str, Any]:
    return {"description": spec.doc, "anyOf": [spec.codec.schema(), _TEMPLATE]}
