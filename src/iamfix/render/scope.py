"""The variables at one point of a playbook, and what is rendered with them."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Protocol

import jinja2

from iamfix.model import InputError, Json, Place, Problem
from iamfix.render.environment import compiled_expression, names_in
from iamfix.render.filters import NO, WrongValueError, defined
from iamfix.render.values import Variables, text_of
from iamfix.yamlfile import nearest, walk

At = Callable[..., Place]
"""(path within the value) -> its place."""


class NoTemplateError(Exception):
    """A template that is named and is not there."""

    def __init__(self, summary: str, hint: str) -> None:
        super().__init__(summary)
        self.hint = hint


class Facts(Protocol):
    """What AWS tells: looked up by name, and only when a template names it."""

    def keys(self) -> Collection[str]: ...

    def __getitem__(self, name: str, /) -> Any: ...


class Scope:
    """The variables at one point of a playbook. Later layers win; what `-e` gives always wins."""

    def __init__(
        self,
        raw: Mapping[str, Any],
        facts: Mapping[str, Any],
        extra: Mapping[str, Any],
        where: str,
        version: Callable[[], int],
        around: Variables | None = None,
        own: Collection[str] = (),
    ) -> None:
        self._raw, self._facts, self._extra, self._where, self._version = raw, facts, extra, where, version
        self._variables = Variables({**raw, **extra}, facts, version, around, own)

    def child(self, variables: Mapping[str, Json], facts: Facts | None = None) -> Scope:
        """Return a scope with more variables (rendered when used) and facts (never rendered)."""
        more = self._facts if facts is None else Layers(facts, self._facts)
        raw = {**self._raw, **variables} if variables else self._raw
        own = {*variables, *(() if facts is None else facts.keys())}
        return Scope(raw, more, self._extra, self._where, self._version, self._variables, own)

    def render(self, value: Json, at: At) -> Any:
        """Render a value deeply. Raises InputError with the place of each text that fails."""
        problems: list[Problem] = []
        rendered = self._deep(value, at, (), problems)
        if problems:
            raise InputError(*problems)
        return rendered

    def expression(self, text: str | bool | int, place: Place) -> Any:
        """Evaluate an expression (`when`, `select`, `loop`) to its value. Raises InputError."""
        if not isinstance(text, str):
            return text
        try:
            return defined(compiled_expression(text)(**{"\0": self._variables}))
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001 - a template can raise anything
            raise InputError(self._problem(error, place)) from None

    def holds(self, text: str | bool | int, place: Place) -> bool:
        """Tell whether a condition holds. Raises InputError, also for the text of a no, which would count as yes."""
        found = self.expression(text, place)
        if isinstance(found, str) and found.strip().lower() in NO:
            summary = f"{self._where}the condition {text!r} gives the text {found!r}, which would count as yes"
            raise InputError(Problem("error", str(place), summary, f"write ({text}) | bool"))
        return bool(found)

    def undefined(self, value: Json, known: Collection[str], at: At, *, expression: bool = False) -> Iterator[Problem]:
        """Yield the variables that a value names and that are neither here nor `known`, without rendering it."""
        for path, text in walk(value):
            if not isinstance(text, str):
                continue
            for name in sorted(names_in(text, expression=expression) - self._variables.keys() - set(known)):
                hint = nearest(name, {*self._variables, *known})
                yield Problem("error", str(at(*path)), f"{self._where}{name!r} is undefined", hint)

    def whole(self, text: str, file: str) -> str:
        """Render a template file's text, always to text. Raises InputError with the line that fails."""
        try:
            return str(text_of(text + "{# #}", self._variables))
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001
            raise InputError(self._problem(error, Place(file, _line(error)))) from None

    def _deep(self, value: Json, at: At, path: tuple[str | int, ...], problems: list[Problem]) -> Any:
        if isinstance(value, Mapping):
            found = {}
            for key, item in value.items():
                name = self._leaf(key, at, (*path, key), problems) if isinstance(key, str) else key
                found[name if isinstance(name, str) else str(name)] = self._deep(item, at, (*path, key), problems)
            return found
        if isinstance(value, list | tuple):
            return [self._deep(item, at, (*path, index), problems) for index, item in enumerate(value)]
        return self._leaf(value, at, path, problems) if isinstance(value, str) else value

    def _leaf(self, text: str, at: At, path: tuple[str | int, ...], problems: list[Problem]) -> Any:
        try:
            return text_of(text, self._variables)
        except InputError as error:
            problems += error.problems
        except Exception as error:  # noqa: BLE001
            problems.append(self._problem(error, at(*path)))
        return None

    def _problem(self, error: Exception, place: Place) -> Problem:
        """Say in the user's words what a template did wrong; whatever it raised, it is the playbook's mistake."""
        from iamfix.model import AwsError

        if isinstance(error, AwsError):
            raise error
        if isinstance(error, NoTemplateError | WrongValueError):
            return Problem("error", str(place), f"{self._where}{error}", error.hint)
        if isinstance(error, jinja2.UndefinedError):
            message = str(error.message)
            found = re.fullmatch(r"'([^']*)' is undefined", message)
            word = found[1] if found else ""
            return Problem(
                "error", str(place), f"{self._where}{message}", nearest(word, self._variables) if word else ""
            )
        return Problem("error", str(place), f"{self._where}the template failed: {error or type(error).__name__}")


class Layers(Mapping[str, Any]):
    """Facts over facts, without copying or touching any of them."""

    def __init__(self, over: Any, under: Mapping[str, Any]) -> None:
        self._over, self._under, self._keys = over, under, frozenset(over.keys())

    def __getitem__(self, name: str) -> Any:
        return self._over[name] if name in self._keys else self._under[name]

    def __contains__(self, name: object) -> bool:
        return name in self._keys or name in self._under

    def __iter__(self) -> Iterator[str]:
        yield from dict.fromkeys([*self._keys, *self._under])

    def __len__(self) -> int:
        return len(set(self._keys) | set(self._under))


def _line(error: Exception) -> int:
    """Return the template's line that raised; Jinja2 writes it into the traceback."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<template>"]
    return lines[-1] if lines and lines[-1] else 1
