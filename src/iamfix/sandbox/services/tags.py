"""Tags of resources: put on, taken off and told, which most services do alike but for their words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError

MOST = 50


class Tagged(Protocol):
    @property
    def tags(self) -> Mapping[str, str]: ...


T = TypeVar("T", bound=Tagged)


@dataclass(frozen=True)
class Tags(Generic[T]):
    """How a service tags one kind of resource.

    Attributes:
        take: the resource that a request is about. Raises what the service answers when there is none.
        put: keeps the resource with these tags in place of its own.
        too_many: the code and message with which the service answers more than 50 tags.
        reserved: the same for a key that begins with `aws:` or is given twice; None: that is not asked here.
        pair: the names of a tag's key and value; None where tags are one mapping.
        param, gone: the parameters of the tags, and of the keys to take off.
    """

    take: Callable[[Call], T]
    put: Callable[[Call, T, dict[str, str]], object]
    too_many: tuple[str, str]
    reserved: tuple[str, str] | None = None
    pair: tuple[str, str] | None = ("Key", "Value")
    param: str = "Tags"
    gone: str = "TagKeys"

    def merged(self, tags: Mapping[str, str], given: Any) -> dict[str, str]:
        """Return tags with those given among them. Raises what the service answers to those that it does not take."""
        new = dict(given) if self.pair is None else {tag[self.pair[0]]: tag.get(self.pair[1], "") for tag in given}
        if self.reserved is not None and (len(new) < len(given) or any(key.startswith("aws:") for key in new)):
            raise AwsError(*self.reserved)
        if len(found := {**tags, **new}) > MOST:
            raise AwsError(*self.too_many)
        return found

    def told(self, tags: Mapping[str, str]) -> Any:
        """Return tags in the service's words."""
        if self.pair is None:
            return dict(tags)
        return [{self.pair[0]: key, self.pair[1]: value} for key, value in tags.items()]

    def tag(self, call: Call) -> Answer:
        one = self.take(call)
        self.put(call, one, self.merged(one.tags, call.params[self.param]))
        return {}

    def untag(self, call: Call) -> Answer:
        one, gone = self.take(call), call.params[self.gone]
        self.put(call, one, {key: value for key, value in one.tags.items() if key not in gone})
        return {}

    def tell(self, call: Call) -> Answer:
        return {self.param: self.told(self.take(call).tags)}

    def operations(self, tag: str = "TagResource", untag: str = "UntagResource", tell: str = "") -> dict[str, Handler]:
        """Return the handlers by operation; without `tell` there is none that tells tags."""
        return {tag: self.tag, untag: self.untag, **({tell: self.tell} if tell else {})}
