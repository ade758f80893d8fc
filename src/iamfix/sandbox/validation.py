"""The checks that AWS makes on every parameter and botocore does not: required, length, range, pattern, enum.

They come from botocore's own service model, so that they hold for every operation without a line of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from iamfix.sandbox.errors import AwsError


def check_params(service: str, operation_model: Any, params: dict[str, Any]) -> None:
    """Raise ValidationError (or what the service has in its place) unless the parameters fit the model."""
    shape = operation_model.input_shape
    if shape is None:
        return
    problems = list(_problems(shape, params, ""))
    if problems:
        plural = "s" if len(problems) > 1 else ""
        message = f"{len(problems)} validation error{plural} detected: {'; '.join(text for text, _ in problems)}"
        raise _error(service, message, problems[0][1])


def _error(service: str, message: str, reason: str) -> AwsError:
    if service == "organizations":
        return AwsError("InvalidInputException", message, fields={"Reason": reason})
    if service in ("iam", "sts", "cloudwatch", "sns", "cloudformation"):
        return AwsError("ValidationError", message)
    if service in ("cloudtrail", "logs"):
        return AwsError("InvalidParameterException" if service == "logs" else "ValidationException", message)
    return AwsError("ValidationException", message)


def _problems(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if shape.type_name == "structure":
        yield from _structure_problems(shape, value, path)
    elif shape.type_name == "list":
        yield from _size_problems(shape, value, path, len(value), "length")
        for number, item in enumerate(value, start=1):
            yield from _problems(shape.member, item, f"{path}.{number}.member")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{path}.key")
            yield from _problems(shape.value, item, f"{path}.{key}")
    elif shape.type_name == "string":
        yield from _size_problems(shape, value, path, len(value), "length")
        yield from _text_problems(shape, value, path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _size_problems(shape, value, path, value, "value")


def _structure_problems(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    for name in shape.required_members:
        if value.get(name) is None:
            at = f"{path}.{_lower_first(name)}".lstrip(".")
            yield f"Value at '{at}' failed to satisfy constraint: Member must not be null", "INPUT_REQUIRED"
    for name, item in value.items():
        if item is not None and name in shape.members:
            yield from _problems(shape.members[name], item, f"{path}.{_lower_first(name)}".lstrip("."))


def _size_problems(shape: Any, value: Any, path: str, size: float, word: str) -> Iterator[tuple[str, str]]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    shown = _shown(shape, value)
    text = f"Value {shown}at '{path}' failed to satisfy constraint: Member must have {word}"
    if least is not None and size < least:
        yield f"{text} greater than or equal to {least}", f"MIN_{word.upper()}_EXCEEDED"
    if most is not None and size > most:
        yield f"{text} less than or equal to {most}", f"MAX_{word.upper()}_EXCEEDED"


def _text_problems(shape: Any, value: str, path: str) -> Iterator[tuple[str, str]]:
    pattern = shape.metadata.get("pattern")
    text = f"Value {_shown(shape, value)}at '{path}' failed to satisfy constraint: Member must satisfy"
    if pattern and not compiled(pattern).fullmatch(value):
        yield f"{text} regular expression pattern: {pattern}", "INVALID_PATTERN"
    if shape.enum and value not in shape.enum:
        yield f"{text} enum value set: [{', '.join(shape.enum)}]", "INVALID_ENUM"


def _shown(shape: Any, value: Any) -> str:
    sensitive = shape.metadata.get("sensitive") or not isinstance(value, str | int | float)
    return "" if sensitive else f"'{value}' "


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]


_CLASSES = {
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010FFFF",  # Java's two halves of what is one character to Python
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": r"\s",
    r"\p{ASCII}": r"\x00-\x7f",
}


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the model, which is Java's dialect, in Python's."""
    unicode = r"\p{" in pattern
    translated = pattern
    for java, python in _CLASSES.items():
        translated = translated.replace(java, python)
    return re.compile(translated, 0 if unicode else re.ASCII)
