"""The subscriptions of an SNS topic as a field: `protocol:endpoint`, with those that nobody has confirmed yet.

Who is subscribed by e-mail or HTTP must confirm it. Until then AWS delivers nothing and takes no call that removes the
subscription; after 48 hours without confirmation it is gone by itself (SNS Developer Guide, "Deleting an Amazon SNS
topic and subscription"). So a subscription that waits counts as there, and no list takes it away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import Asked, Context, Exact, FieldError, Partial
from iamfix.model import Json

PROTOCOLS = ("application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs")
BY_HAND = frozenset({"email", "email-json", "http", "https"})
"""Protocols whose endpoint must confirm the subscription."""


class Subscribed(frozenset[str]):
    """Subscriptions as `protocol:endpoint`. `waiting` are those that are not confirmed; they do not count in `==`."""

    waiting: frozenset[str]

    def __new__(cls, items: Iterable[str] = (), waiting: Iterable[str] = ()) -> Subscribed:
        made = super().__new__(cls, items)
        made.waiting = frozenset(waiting)
        return made


def _waiting(value: Any) -> frozenset[str]:
    return value.waiting if isinstance(value, Subscribed) else frozenset()


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """A list of `{protocol, endpoint}` (or `protocol:endpoint`) is exact; `{include: […], exclude: […]}` is partial."""

    word: str = "a list of {protocol: …, endpoint: …}"

    def read(self, value: Json, context: Context) -> Asked:
        if isinstance(value, Mapping) and value and value.keys() <= {"include", "exclude"}:
            return Partial(*(self._items(value.get(side, ()), (side,)) for side in ("include", "exclude")))
        return Exact(self._items(value, ()))

    def _items(self, value: Json, path: tuple[str | int, ...]) -> frozenset[str]:
        if not isinstance(value, list | tuple):
            raise FieldError(f"expected {self.word}", "a list, or {include: […], exclude: […]}", path)
        return frozenset(_one(item, (*path, index)) for index, item in enumerate(value))

    def merge(self, before: Any, asked: Asked) -> Subscribed:
        waiting = _waiting(before)
        found = asked.value if isinstance(asked, Exact) else (before | asked.include) - asked.exclude
        return Subscribed(found | waiting, waiting)

    def back(self, now: Any, before: Any, after: Any) -> Subscribed:
        waiting = _waiting(now)
        return Subscribed((now - (after - before)) | (before - after) | waiting, waiting)

    def plain(self, value: Any) -> Json:
        waiting = _waiting(value)
        return [
            {"protocol": protocol, "endpoint": endpoint, **({"waiting": True} if item in waiting else {})}
            for item in sorted(value)
            for protocol, _, endpoint in (item.partition(":"),)
        ]

    def parse(self, plain: Json, partition: str) -> Subscribed:
        items = {f"{one['protocol']}:{one['endpoint']}": bool(one.get("waiting")) for one in plain}
        return Subscribed(items, (item for item, waits in items.items() if waits))

    def schema(self) -> Json:
        one = {
            "type": "object",
            "properties": {"protocol": {"enum": list(PROTOCOLS)}, "endpoint": {"type": "string"}},
            "required": ["protocol", "endpoint"],
            "additionalProperties": False,
        }
        items = {"type": "array", "items": {"anyOf": [one, {"type": "string"}]}}
        partial = {
            "type": "object", "properties": {"include": items, "exclude": items}, "additionalProperties": False,
            "minProperties": 1,
        }  # fmt: skip
        return {"anyOf": [items, partial]}


_ARN = (r"arn:[^:]+:[^:]+:[^:]*:[^:]*:.+", "the ARN of what is told")
_MAIL = (r"[^@\s]+@[^@\s]+", "security@example.com")
_FORMS: Mapping[str, tuple[str, str]] = {
    "email": _MAIL, "email-json": _MAIL, "sms": (r"\+?[0-9][0-9 ()./-]*", "+15555550100"),
    "http": (r"http://\S+", "http://example.com/alarms"), "https": (r"https://\S+", "https://example.com/alarms"),
}  # fmt: skip
"""The form of a protocol's endpoint (SNS API Reference, "Subscribe"); that of all others is an ARN."""


def _one(item: Json, path: tuple[str | int, ...]) -> str:
    if isinstance(item, Mapping) and item.keys() == {"protocol", "endpoint"}:
        protocol, endpoint = item["protocol"], item["endpoint"]
    elif isinstance(item, str):
        protocol, _, endpoint = item.partition(":")
        # An ARN and a web address begin with what is no protocol, or name their own.
        if protocol in ("http", "https") and endpoint.startswith("//"):
            endpoint = item
    else:
        raise FieldError("expected {protocol: …, endpoint: …}", "", path)
    if protocol not in PROTOCOLS:
        raise FieldError(f"{protocol!r:.40} is no protocol; there are {', '.join(PROTOCOLS)}", "", path)
    if not isinstance(endpoint, str) or not endpoint:
        hint = f"put it in quotes: '{endpoint}'" if isinstance(endpoint, int) else ""
        raise FieldError("the endpoint must be text", hint, path)
    form, such_as = _FORMS.get(protocol, _ARN)
    if not re.fullmatch(form, endpoint):
        raise FieldError(f"{endpoint!r:.80} is no endpoint of {protocol}", f"such as {such_as}", path)
    return f"{protocol}:{endpoint}"
