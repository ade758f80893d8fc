"""Jinja2 for playbooks: sandboxed, strict, with values that stay what they are.

Variables are rendered when they are used and may name each other. What AWS tells (facts) is never rendered: a name that
looks like a template stays a name.
"""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.filters import do_indent
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from iamfix import yamlfile
from iamfix.clock import SystemClock
from iamfix.model import Account, InputError, Json, Place, Problem
from iamfix.world import World
from iamfix.yamlfile import nearest

MAX_TEXT = 1_000_000
"""Characters that one template may give."""
At = Callable[..., Place]
"""(path within the value) -> its place."""


class _Environment(ImmutableSandboxedEnvironment):
    """Strict, and without the operators that make much of little."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self) -> None:
        super().__init__(undefined=jinja2.StrictUndefined, keep_trailing_newline=False, autoescape=False)
        self.filters.update(_FILTERS)
        for name in _UNBOUNDED_FILTERS:
            del self.filters[name]
        self.globals = {"range": self.globals["range"], "dict": dict, "namespace": self.globals["namespace"]}

    def wrap_str_format(self, value: Any) -> None:
        """Leave `format` to `is_safe_attribute`, which refuses it."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str | bytes) and attr in _UNBOUNDED_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**":
            raise SecurityError("** is not allowed here")
        numbers = all(isinstance(side, int | float) for side in (left, right))
        if operator == "+" and not numbers:
            if sum(len(side) for side in (left, right) if isinstance(side, str | list | tuple)) > MAX_TEXT:
                raise SecurityError(f"+ gives more than {MAX_TEXT:,} characters or members")
        elif not numbers and not any(isinstance(side, Undefined) for side in (left, right)):
            raise SecurityError(f"{operator} works on numbers only here")
        return super().call_binop(context, operator, left, right)


def _dict2items(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": item} for key, item in value.items()]


def _items2dict(value: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {item["key"]: item["value"] for item in value}


def _combine(first: Mapping[str, Any], *others: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(first)
    for other in others:
        merged.update(other)
    return merged


def _indent(value: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    if (len(width) if isinstance(width, str) else width) > 100:
        raise SecurityError("indent takes at most 100")
    return do_indent(value, width, first, blank)


@jinja2.pass_context
def _lint(
    context: jinja2.runtime.Context,
    value: Any,
    *rules: str,
    kind: str | None = None,
    severity: str | None = None,
) -> list[dict[str, Any]]:
    """`policy | lint('star-star')`: what lint finds in a policy document, in the account at hand."""
    from iamfix.policy.checks import CheckError, findings

    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    account, partition = (context.resolve_or_missing(name) for name in ("account_id", "partition"))
    try:
        return findings(
            value, *rules, kind=kind, severity=severity,
            partition=partition if isinstance(partition, str) else "aws",
            account=account if isinstance(account, str) else None,
        )  # fmt: skip
    except CheckError as error:
        raise SecurityError(str(error)) from None


@jinja2.pass_context
def _allows(
    context: jinja2.runtime.Context, value: Any, action: Any, resource: Any, by: Any,
    given: Mapping[str, Any] | None = None,
) -> bool:  # fmt: skip
    """`policy | allows('sns:Publish', arn, by)`: whether a resource's policy lets somebody in by itself."""
    from iamfix.policy.allows import AllowsError, allows

    for one in (value, action, resource, by):
        if isinstance(one, Undefined):
            one._fail_with_undefined_error()
    if not isinstance(value, str | Mapping | None):
        raise SecurityError(f"allows takes a policy document, not {value!r:.60}")
    if not isinstance(action, str) or not isinstance(resource, str) or not isinstance(given or {}, Mapping):
        raise SecurityError("allows takes an action, a resource, who asks, and perhaps condition keys with values")
    partition = context.resolve_or_missing("partition")
    try:
        return allows(value, action, resource, by, given, partition if isinstance(partition, str) else "aws")
    except AllowsError as error:
        raise SecurityError(str(error)) from None


def _wrong_lint(tree: nodes.Template) -> str | None:
    """Return what is wrong with the words that are given to `lint`, as far as they are spelled out."""
    from iamfix.policy.checks import unknown_word

    for asked in tree.find_all(nodes.Filter):
        if asked.name != "lint":
            continue
        rules = tuple(arg.value for arg in asked.args if isinstance(arg, nodes.Const))
        named = {str(pair.key): pair.value for pair in asked.kwargs}
        kind, severity = (_spelled_out(named.get(word)) for word in ("kind", "severity"))
        if wrong := unknown_word(rules, kind, severity):
            return wrong
    return None


def _spelled_out(value: nodes.Node | None) -> Any:
    return value.value if isinstance(value, nodes.Const) else None


def _subelements(items: Iterable[Any], field: str) -> list[list[Any]]:
    """As Ansible has it: [item, member] for each member of a field of each item; a mapping's are {key, value}."""
    return [
        [item, member]
        for item in items
        for member in (_dict2items(item[field]) if isinstance(item[field], Mapping) else item[field])
    ]


def _bool(value: Any) -> bool:
    """As Ansible has it: what `-e name=yes` gives is text; true, yes, on, y, t and 1 are true, all else is not."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    return value.lower() in ("true", "yes", "on", "y", "t", "1") if isinstance(value, str) else bool(value)


def _zip(*lists: Iterable[Any]) -> list[list[Any]]:
    return [list(pair) for pair in zip(*lists, strict=True)]


@jinja2.pass_environment
def _extract(environment: jinja2.Environment, key: Any, container: Any) -> Any:
    """As Ansible has it: `names | map('extract', ids)` looks each name up; what is not there is undefined."""
    try:
        return container[key]
    except (KeyError, IndexError):
        return environment.undefined(name=str(key))


def _digest(value: Any) -> str:
    """Return a fingerprint of a policy document: the same for documents that mean the same."""
    from iamfix.policy.document import Document, DocumentError

    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    if not isinstance(value, str | Mapping):
        raise SecurityError(f"digest takes a policy document, not {value!r:.60}")
    try:
        return _digest_of(Document.parse(value).text)
    except DocumentError as error:
        raise SecurityError(f"digest: {error}") from None


@jinja2.pass_context
def _days_since(context: jinja2.runtime.Context, value: Any) -> int:
    """Return the days from a date, or from a time as fields tell it, to today (UTC)."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    try:
        return (date.fromisoformat(str(context.resolve_or_missing("today"))) - date.fromisoformat(str(value)[:10])).days
    except ValueError:
        raise SecurityError(f"days_since takes a date such as 2026-01-31, not {value!r:.60}") from None


@lru_cache(maxsize=4096)
def _digest_of(text: str) -> str:
    from iamfix.policy.document import Document

    return Document.parse(text).digest


# A few characters make gigabytes of text with these; `~` and `join` do what they are used for.
_UNBOUNDED_METHODS = frozenset({"center", "expandtabs", "format", "format_map", "ljust", "rjust", "zfill"})
_UNBOUNDED_FILTERS = ("batch", "center", "format", "slice")

_FILTERS: dict[str, Callable[..., Any]] = {
    "allows": _allows,
    "bool": _bool,
    "dict2items": _dict2items,
    "items2dict": _items2dict,
    "combine": _combine,
    "days_since": _days_since,
    "digest": _digest,
    "extract": _extract,
    "to_json": lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False),
    "from_json": json.loads,
    "difference": lambda first, second: [item for item in first if item not in second],
    "intersect": lambda first, second: [item for item in first if item in second],
    "indent": _indent,
    "lint": _lint,
    "split": lambda text, separator=None: text.split(separator),
    "subelements": _subelements,
    "union": lambda first, second: [*first, *(item for item in second if item not in first)],
    "zip": _zip,
}

_ENVIRONMENT = _Environment()


@lru_cache(maxsize=4096)
def _template(text: str) -> jinja2.Template | None:
    """Compile text; None when there is nothing to render in it."""
    return _ENVIRONMENT.from_string(text) if "{{" in text or "{%" in text or "{#" in text else None


@lru_cache(maxsize=4096)
def _single(text: str) -> Any:
    """Return a compiled expression when the text is just one `{{ … }}`, else None."""
    if "{{" not in text:
        return None
    body = _ENVIRONMENT.parse(text).body
    if len(body) != 1 or not isinstance(body[0], nodes.Output) or len(body[0].nodes) != 1:
        return None
    if isinstance(body[0].nodes[0], nodes.TemplateData):
        return None
    stripped = text.strip()
    whole = stripped == text and stripped.startswith("{{") and stripped.endswith("}}")
    return _expression(stripped[2:-2].strip("-+ \t\n")) if whole else None


@lru_cache(maxsize=4096)
def _expression(text: str) -> Any:
    return _ENVIRONMENT.compile_expression(text, undefined_to_none=False)


def check_syntax(text: str, *, expression: bool = False) -> str | None:
    """Return what is wrong with a template's syntax, or None."""
    try:
        if expression:
            _expression(text)
        else:
            _template(text)
        if "lint" in text:
            return _wrong_lint(_ENVIRONMENT.parse("{{ " + text + " }}" if expression else text))
    except jinja2.TemplateSyntaxError as error:
        return f"not a template: {error.message}"
    except (RecursionError, OverflowError, MemoryError, SyntaxError):
        return "not a template: too deep"
    except ValueError as error:
        return f"not a template: {error}"
    return None


@dataclass(frozen=True, slots=True)
class _Rendered:
    """A variable's value, the names that it hangs on (those that were not there included), and the world it is of."""

    value: Any
    names: frozenset[str]
    version: int


class _Variables(Mapping[str, Any]):
    """A scope's variables, rendered when they are looked at.

    What hangs on nothing that this scope sets is taken from the scope around it, which renders it once as long as the
    world stays as it is: a list of all users is not made anew for each resource that a `select` looks at.
    """

    def __init__(
        self,
        raw: Mapping[str, Any],
        facts: Mapping[str, Any],
        version: Callable[[], int],
        around: _Variables | None = None,
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
    """Looks names up in `_Variables`, which is given as the one variable `\\0`."""

    def resolve_or_missing(self, key: str) -> Any:
        variables = self.parent.get("\0")
        if variables is not None and key in variables:
            return variables[key]
        return super().resolve_or_missing(key)


_ENVIRONMENT.context_class = _Context


def _render(value: Json, variables: _Variables) -> Any:
    """Render every text in a value. Raises what Jinja2 raises."""
    if isinstance(value, str):
        return _text(value, variables)
    if isinstance(value, Mapping):
        return {
            str(_text(key, variables)) if isinstance(key, str) else key: _render(item, variables)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_render(item, variables) for item in value]
    return value


def _text(text: str, variables: _Variables) -> Any:
    if (single := _single(text)) is not None:
        return _limited(_defined(single(**{"\0": variables})))
    template = _template(text)
    if template is None:
        return text
    return _limited(template.render(**{"\0": variables}))


def _limited(given: Any) -> Any:
    if isinstance(given, str) and len(given) > MAX_TEXT:
        raise SecurityError(f"the template gives {len(given):,} characters; at most {MAX_TEXT:,} are taken")
    if callable(given):
        raise SecurityError("it gives a function; call it, with its arguments in ( )")
    return given


def _defined(value: Any) -> Any:
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    return value


def _line(error: Exception) -> int:
    """Return the template's line that raised; Jinja2 writes it into the traceback."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<template>"]
    return lines[-1] if lines and lines[-1] else 1


def _syntax_line(text: str) -> int:
    try:
        _template(text)
    except jinja2.TemplateSyntaxError as error:
        return error.lineno
    except (RecursionError, OverflowError, MemoryError, SyntaxError, ValueError):
        return 1
    return 1


class NoTemplateError(Exception):
    """A template that is named and is not there."""

    def __init__(self, summary: str, hint: str) -> None:
        super().__init__(summary)
        self.hint = hint


class FromTemplate(dict[str, Any]):
    """What a template file yields, where that is names with values. It knows its file and the text it was read from."""

    def __init__(self, value: Mapping[str, Any], file: str, text: str) -> None:
        super().__init__(value)
        self.file, self.text = file, text


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
        around: _Variables | None = None,
        own: Collection[str] = (),
    ) -> None:
        self._raw, self._facts, self._extra, self._where, self._version = raw, facts, extra, where, version
        self._variables = _Variables({**raw, **extra}, facts, version, around, own)

    def child(self, variables: Mapping[str, Json], facts: Facts | None = None) -> Scope:
        """Return a scope with more variables (rendered when used) and facts (never rendered)."""
        more = self._facts if facts is None else _Layers(facts, self._facts)
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
            return _defined(_expression(text)(**{"\0": self._variables}))
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001 - a template can raise anything
            raise InputError(self._problem(error, place)) from None

    def whole(self, text: str, file: str) -> str:
        """Render a template file's text, always to text. Raises InputError with the line that fails."""
        try:
            return str(_text(text + "{# #}", self._variables))
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
            return _text(text, self._variables)
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
        if isinstance(error, NoTemplateError):
            return Problem("error", str(place), f"{self._where}{error}", error.hint)
        if isinstance(error, jinja2.UndefinedError):
            message = str(error.message)
            found = re.fullmatch(r"'([^']*)' is undefined", message)
            word = found[1] if found else ""
            return Problem(
                "error", str(place), f"{self._where}{message}", nearest(word, self._variables) if word else ""
            )
        return Problem("error", str(place), f"{self._where}the template failed: {error or type(error).__name__}")


class _Layers(Mapping[str, Any]):
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


class Renderer:
    """Makes scopes for accounts; finds templates in the given folders, first come."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = [root.resolve() for root in roots]

    def scope(
        self, account: Account, extra: Mapping[str, Any], world: World | None, now: datetime | None = None
    ) -> Scope:
        """Return an account's scope: its variables, what is built in, and `resources()` and `template()`.

        `now` is the time of the run, in UTC; if not given, that of the call.
        """
        facts: dict[str, Any] = {
            "account_id": account.id,
            "account_name": account.name,
            "account_groups": list(account.groups),
            "partition": account.partition,
            "home_region": account.home_region,
            "region": account.home_region,
            "regions": list(account.regions),
            "today": (now or SystemClock().now()).date().isoformat(),
        }
        scope: list[Scope] = []

        def resources(
            kind: str, region: str | None = None, names: Collection[str] | None = None, live: bool = True
        ) -> list[Any]:
            if world is None:
                raise SecurityError("resources() needs AWS; it cannot be checked offline")
            if kind not in world.kinds:
                raise SecurityError(f"there is no kind {kind!r}; {nearest(kind, world.kinds)}")
            where = None if world.kinds[kind].SCOPE == "global" else region or account.home_region
            return list(world.resources(kind, where, live=live, only=names))

        @jinja2.pass_context
        def template(context: jinja2.runtime.Context, path: str, **variables: Any) -> Any:
            # It sees what its caller sees, as in Ansible; what it is given has the last word.
            caller = context.parent.get("\0", {})
            return self.template(path, scope[0].child({}, _Layers(variables, caller)))

        def spelled(kind: str, name: str) -> str:
            if world is None:
                return name
            if kind not in world.kinds:
                raise SecurityError(f"there is no kind {kind!r}; {nearest(kind, world.kinds)}")
            return world.spelled(kind, name, None if world.kinds[kind].SCOPE == "global" else account.home_region)

        facts |= {"resources": resources, "spelled": spelled, "template": template}
        version = (lambda: 0) if world is None else (lambda: world.version)
        scope.append(Scope(dict(account.vars), facts, extra, f"{account.name}: ", version))
        return scope[0]

    def find(self, path: str) -> Path:
        """Return a template's file. Raises NoTemplateError when there is none in the folders."""
        for root in self._roots:
            found = (root / path).resolve()
            if found.is_relative_to(root) and found.is_file():
                return found
        known = [str(one.relative_to(root)) for root in self._roots for one in root.rglob("*") if one.is_file()]
        raise NoTemplateError(f"there is no such template in templates/: {path}", nearest(path, known))

    def template(self, path: str, scope: Scope) -> Any:
        """Render a template file. `.json` and `.yml` templates (`.j2` or not) are read and given as values."""
        file = self.find(path)
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(Problem("error", str(file), f"this template cannot be read: {error}")) from None
        if wrong := check_syntax(text):
            raise InputError(Problem("error", f"{file}:{_syntax_line(text)}", wrong))
        rendered = scope.whole(text, str(file))
        name = file.name.removesuffix(".j2")
        if name.endswith(".json"):
            try:
                value = json.loads(rendered, object_pairs_hook=_no_twice)
            except ValueError as error:
                line = getattr(error, "lineno", 1)
                shown = rendered.splitlines()[line - 1 : line]
                problem = Problem("error", f"{file}:{line}", f"it yields no JSON: {error}", f"the line: {shown[:1]}")
                raise InputError(problem) from None
        elif name.endswith((".yml", ".yaml")):
            value = yamlfile.parse(rendered, str(file)).data
        else:
            return rendered
        return FromTemplate(value, str(file), rendered) if isinstance(value, dict) else value


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in names if names.count(key) > 1)!r} is given twice")
    return found
