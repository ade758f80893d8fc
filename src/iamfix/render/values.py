"""Variables that are rendered when they are used, and may name each other; values stay what they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jinja2
from jinja2.exceptions import SecurityError

from iamfix.model import Json
from iamfix.render.environment import ENVIRONMENT, MAX_TEXT, compiled, compiled_whole
from iamfix.render.filters import defined


@dataclass(frozen=True, slots=True)
class _Rendered:
    """A variable's value, the names that it hangs on (those that were not there included), and the world it is of."""

    value: Any
    names: frozenset[str]
    version: int


class Variables(Mapping[str, Any]):
    """A scope's variables, rendered when they are looked at.

    What hangs on nothing that this scope sets is taken from the scope around it, which renders it once as long as the
    world stays as it is: a list of all users is not made anew for each resource that a `select` looks at.
    """

    def __init__(
        self,
        raw: Mapping[str, Any],
        facts: Mapping[str, Any],
        version: Callable[[], int],
        around: Variables | None = None,
        own: Collection[str] = (),
    ) -> None:
        self._raw, self._facts, self._version, self._around = raw, facts, version, around
        self._own = frozenset(own)
        self._open: list[tuple[str, set[str]]] = []
        self._known: dict[str, _Rendered] = {}
        self._failed: dict[str, int] = {}
        """Variables that cannot be rendered here, with the version of the world of which that is so."""

    def __getitem__(self, name: str) -> Any:
        if name in self._facts:
            self._note((name,))
            return self._facts[name]
        rendered = self._from_around(name) or self._rendered(name)
        self._note((name, *rendered.names))
        return rendered.value

    def __contains__(self, name: object) -> bool:
        self._note((str(name),))
        return name in self._raw or name in self._facts

    def _note(self, names: Iterable[str]) -> None:
        if self._open:
            self._open[-1][1].update(names)

    def _from_around(self, name: str) -> _Rendered | None:
        """Return the value in the scope around, or None where it hangs on what this one sets, or fails there."""
        if self._around is None or name in self._own or name not in self._raw:
            return None
        if any(name == one for one, _ in self._open):
            return None
        found = self._around._tried(name)
        return found if found is not None and found.names.isdisjoint(self._own) else None

    def _tried(self, name: str) -> _Rendered | None:
        if (found := self._from_around(name)) is not None:
            return found
        version = self._version()
        if self._failed.get(name) == version:
            return None
        try:
            return self._rendered(name)
        except Exception:  # noqa: BLE001 - the scope that needs it renders it again, and says what is wrong
            self._failed[name] = version
            return None

    def _rendered(self, name: str) -> _Rendered:
        version = self._version()
        known = self._known.get(name)
        if known is not None and known.version == version:
            return known
        if name in (names := [one for one, _ in self._open]):
            raise SecurityError(
                f"the variables go round in a circle: {' -> '.join([*names[names.index(name) :], name])}"
            )
        hangs_on: set[str] = set()
        self._open.append((name, hangs_on))
        try:
            value = _render(self._raw[name], self)
        finally:
            self._open.pop()
        self._known[name] = rendered = _Rendered(value, frozenset(hangs_on), version)
        return rendered

    def __iter__(self) -> Iterator[str]:
        yield from dict.fromkeys([*self._raw, *self._facts])

    def __len__(self) -> int:
        return len(set(self._raw) | set(self._facts))


class _Context(jinja2.runtime.Context):
    """Looks names up in `Variables`, which is given as the one variable `\\0`."""

    def resolve_or_missing(self, key: str) -> Any:
        variables = self.parent.get("\0")
        if variables is not None and key in variables:
            return variables[key]
        return super().resolve_or_missing(key)


ENVIRONMENT.context_class = _Context


def _render(value: Json, variables: Variables) -> Any:
    """Render every text in a value. Raises what Jinja2 raises."""
    if isinstance(value, str):
        return text_of(value, variables)
    if isinstance(value, Mapping):
        return {
            str(text_of(key, variables)) if isinstance(key, str) else key: _render(item, variables)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_render(item, variables) for item in value]
    return value


def text_of(text: str, variables: Variables) -> Any:
    if (whole := compiled_whole(text)) is not None:
        return _limited(defined(whole(**{"\0": variables})))
    template = compiled(text)
    if template is None:
        return text
    return _limited(template.render(**{"\0": variables}))


def _limited(given: Any) -> Any:
    if isinstance(given, str) and len(given) > MAX_TEXT:
        raise SecurityError(f"the template gives {len(given):,} characters; at most {MAX_TEXT:,} are taken")
    if callable(given):
        raise SecurityError("it gives a function; call it, with its arguments in ( )")
    return given
