"""AWS's own service model: whether a call fits it, its lengths, ranges, patterns and choices included.

botocore checks types, required fields and minimums; what AWS would refuse beyond that is checked here, when planned.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore import xform_name
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.validate import ParamValidator

from iamfix.aws.models import shared_loader
from iamfix.model import Call, Generated, Result

_PLACEHOLDER = {"string": "unknown-yet", "integer": 1, "boolean": True}


_FIRST = threading.Lock()
"""Who asks first reads a service's model, and the others wait."""


def _service(name: str) -> tuple[ServiceModel, Mapping[str, str]]:
    with _FIRST:
        return _read(name)


@cache
def _read(name: str) -> tuple[ServiceModel, Mapping[str, str]]:
    model = ServiceModel(shared_loader().load_service_model(name, "service-2"), name)
    return model, {xform_name(operation): operation for operation in model.operation_names}


def operation_of(call: Call) -> OperationModel | None:
    """Return AWS's model of a call's operation, or None when there is none of that name."""
    model, names = _service(call.service)
    return model.operation_model(names[call.operation]) if call.operation in names else None


def faults(call: Call) -> list[str]:
    """Return what AWS's model has against a call; empty when it fits."""
    operation = operation_of(call)
    if operation is None:
        return [f"{call.service} has no operation {call.operation}"]
    shape = operation.input_shape
    if shape is None:
        return [f"{call.operation} takes no parameters"] if call.params else []
    params = _filled(call.params, shape)
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        return str(report.generate_report()).splitlines()
    return list(_beyond(params, shape, "", call.params))


def _filled(value: Any, shape: Shape | None) -> Any:
    """Put something of the right type where a value is not known yet."""
    if isinstance(value, Result | Generated):
        return _PLACEHOLDER.get(shape.type_name if shape else "string", "unknown-yet")
    if isinstance(value, Mapping):
        members = getattr(shape, "members", {}) if shape is not None and shape.type_name == "structure" else {}
        return {key: _filled(item, members.get(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(item, getattr(shape, "member", None)) for item in value]
    return value


def _beyond(value: Any, shape: Shape, path: str, given: Any) -> Iterator[str]:
    """Yield the breaches of maximum, pattern and choice, which botocore leaves to AWS."""
    if isinstance(given, Result | Generated):
        return
    kind = shape.type_name
    if kind == "structure":
        for name, member in _part(shape, "members").items():
            if name in value:
                yield from _beyond(value[name], member, f"{path}.{name}".lstrip("."), given[name])
    elif kind == "list":
        yield from _too_much(len(value), shape, path, "items")
        for index, item in enumerate(value):
            yield from _beyond(item, _part(shape, "member"), f"{path}[{index}]", given[index])
    elif kind == "map":
        for name, item in value.items():
            yield from _beyond(item, _part(shape, "value"), f"{path}[{name}]", given[name])
    elif kind == "string":
        yield from _too_much(len(value), shape, path, "characters")
        pattern = shape.metadata.get("pattern")
        if pattern and not _compiled(pattern).fullmatch(value):
            yield f"{path} holds a character or form that AWS does not take there (it must match {pattern})"
        if shape.metadata.get("enum") and value not in shape.metadata["enum"]:
            yield f"{path} is {value!r}, not one of {', '.join(shape.metadata['enum'])}"
    elif kind in ("integer", "long") and shape.metadata.get("max") is not None and value > shape.metadata["max"]:
        yield f"{path} is {value}; AWS takes at most {shape.metadata['max']}"


def _part(shape: Shape, part: str) -> Any:
    return getattr(shape, part)


def _too_much(found: int, shape: Shape, path: str, what: str) -> Iterator[str]:
    most = shape.metadata.get("max")
    if most is not None and found > most:
        yield f"{path} has {found} {what}; AWS takes {most}"


_CLASSES = {
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010FFFF",  # Java's two halves of what is one character to Python
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": r"\s",
    r"\p{ASCII}": r"\x00-\x7f",
}
"""Java's classes of characters, with what Python has in their stead; where it takes more, AWS tells."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """The models write Java's patterns, in which \\w is ASCII's. What Python cannot read even so, is not checked."""
    python = pattern
    for java, word in _CLASSES.items():
        python = python.replace(java, word)
    try:
        return re.compile(python, 0 if python != pattern else re.ASCII)
    except re.error:
        return re.compile(".*", re.DOTALL)
