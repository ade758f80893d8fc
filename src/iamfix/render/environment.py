"""Jinja2 made strict and safe: what a template may not do, and its texts compiled once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from iamfix.render.filters import FILTERS, UNBOUNDED_FILTERS
from iamfix.yamlfile import nearest

MAX_TEXT = 1_000_000
"""Characters that one template may give."""


# A few characters make gigabytes of text with these; `~` and `join` do what they are used for.
_UNBOUNDED_METHODS = frozenset({"center", "expandtabs", "format", "format_map", "ljust", "rjust", "zfill"})


class _Called(Extension):
    """What is called is Jinja's function, even where a field of a resource has its name: `namespace` of an alarm."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        tokens = list(stream)
        for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
            called = token.type == "name" and after is not None and after.type == "lparen"
            part = before is not None and (before.type in ("dot", "pipe") or before.value == "is")
            known = called and not part and token.value in _FUNCTIONS
            yield Token(token.lineno, "name", f"_{token.value}") if known else token


_FUNCTIONS = ("range", "dict", "namespace")


class _Environment(ImmutableSandboxedEnvironment):
    """Strict, and without the operators that make much of little."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self) -> None:
        super().__init__(
            undefined=jinja2.StrictUndefined, keep_trailing_newline=False, autoescape=False, extensions=[_Called]
        )
        self.filters.update(FILTERS)
        for name in UNBOUNDED_FILTERS:
            del self.filters[name]
        functions = {"range": self.globals["range"], "dict": dict, "namespace": self.globals["namespace"]}
        self.globals = {**functions, **{f"_{name}": one for name, one in functions.items()}}

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


ENVIRONMENT = _Environment()


@lru_cache(maxsize=4096)
def compiled(text: str) -> jinja2.Template | None:
    """Compile text; None when there is nothing to render in it."""
    return ENVIRONMENT.from_string(text) if "{{" in text or "{%" in text or "{#" in text else None


@lru_cache(maxsize=4096)
def compiled_whole(text: str) -> Any:
    """Return a compiled expression when the text is just one `{{ … }}`, else None."""
    if "{{" not in text:
        return None
    body = ENVIRONMENT.parse(text).body
    if len(body) != 1 or not isinstance(body[0], nodes.Output) or len(body[0].nodes) != 1:
        return None
    if isinstance(body[0].nodes[0], nodes.TemplateData):
        return None
    stripped = text.strip()
    whole = stripped == text and stripped.startswith("{{") and stripped.endswith("}}")
    return compiled_expression(stripped[2:-2].strip("-+ \t\n")) if whole else None


@lru_cache(maxsize=4096)
def compiled_expression(text: str) -> Any:
    return ENVIRONMENT.compile_expression(text, undefined_to_none=False)


@lru_cache(maxsize=4096)
def names_in(text: str, *, expression: bool = False) -> frozenset[str]:
    """Return the variables that a template cannot do without; none where its syntax is wrong.

    What it asks after with `is defined`, or gives a `default`, it can do without; what is `mandatory` says so itself.
    """
    try:
        tree = ENVIRONMENT.parse("{{ " + text + " }}" if expression else text)
        found = meta.find_undeclared_variables(tree) - ENVIRONMENT.globals.keys()
    except (jinja2.TemplateError, RecursionError, ValueError):
        return frozenset()
    spared = [test.node for test in tree.find_all(nodes.Test) if test.name in ("defined", "undefined")]
    spared += [
        one.node
        for one in tree.find_all(nodes.Filter)
        if one.name in ("default", "d", "mandatory") and one.node is not None
    ]
    return frozenset(found - {name.name for node in spared for name in _names(node)})


_SPARING = ("default", "d", "mandatory")
"""Filters that say themselves what becomes of a variable that is not there."""


def _names(node: nodes.Node) -> Iterator[nodes.Name]:
    if isinstance(node, nodes.Name):
        yield node
    yield from node.find_all(nodes.Name)


def check_syntax(text: str, *, expression: bool = False) -> str | None:
    """Return what is wrong with a template's syntax, or None."""
    try:
        if expression:
            compiled_expression(text)
        else:
            compiled(text)
        if "lint" in text:
            return _wrong_lint(ENVIRONMENT.parse("{{ " + text + " }}" if expression else text))
    except jinja2.TemplateSyntaxError as error:
        return f"not a template: {error.message}"
    except (RecursionError, OverflowError, MemoryError, SyntaxError):
        return "not a template: too deep"
    except ValueError as error:
        return f"not a template: {error}"
    return None


def syntax_hint(wrong: str) -> str:
    """Return what may be meant where `check_syntax` found something wrong; empty where nothing tells."""
    if unknown := re.search(r"No (filter|test) named '([^']+)'", wrong):
        return nearest(unknown[2], ENVIRONMENT.filters if unknown[1] == "filter" else ENVIRONMENT.tests)
    if "unexpected end" in wrong or "expected 'end of " in wrong or "unexpected '}'" in wrong:
        return "each {{ needs its }}, each {% its %}, and each bracket and quote its other half"
    return ""


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


def syntax_line(text: str) -> int:
    try:
        compiled(text)
    except jinja2.TemplateSyntaxError as error:
        return error.lineno
    except (RecursionError, OverflowError, MemoryError, SyntaxError, ValueError):
        return 1
    return 1
