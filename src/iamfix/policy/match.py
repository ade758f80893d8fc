"""Wildcard patterns of the policy language as fast tests: actions, resources, `StringLike` and ARN conditions.

A pattern is a sequence of pieces `(text, literal)`: in a literal piece (the value of a policy variable) `*` and `?`
are ordinary characters, elsewhere they are wildcards. No pattern and text together take more than quadratic time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

__all__ = ["Piece", "Test", "action_test", "arn_test", "like_test", "resource_test", "steps_of"]

Piece = tuple[str, bool]
Test = Callable[[str], bool]

_ANY = "*"
_ONE = "?"
# Beyond this many colons the regular expression of a resource pattern could take too long, and states are followed.
_MANY_COLONS = 12

_Symbol = tuple[str, bool]  # a character, and whether it is a wildcard


def action_test(patterns: Iterable[str]) -> Test:
    """A test for action names given in lower case; names and patterns are compared without case.

    Source: IAM User Guide, reference_policies_elements_action.
    """
    return like_test([((pattern.lower(), False),) for pattern in patterns])


def like_test(patterns: Iterable[Sequence[Piece]]) -> Test:
    """A test as of `StringLike`: `*` is any run of characters, `?` any single one, over the whole text."""
    simple, rest = _simple(patterns)
    return _either(simple, _once(lambda: _fullmatch([_glob(pattern, ".", "") for pattern in rest])) if rest else None)


def arn_test(patterns: Iterable[Sequence[Piece]]) -> Test:
    """A test as of `ArnLike` and `ArnEquals`: six components, each matched by itself; a lone `*` matches every ARN.

    Source: IAM User Guide, reference_policies_elements_condition_operators (ARN condition operators).
    """
    expressions: list[str] = []
    for pieces in patterns:
        parts = _parts(_symbols(pieces))
        if len(parts) == 6:
            front = "".join(f"(?>{_glob(part, '[^:]', ':')})" for part in parts[:5])
            expressions.append(front + _glob(parts[5], ".", ""))
        elif parts == [[(_ANY, True)]]:
            expressions.append("(?:[^:]*:){5}.*")
    return _fullmatch(expressions)


def resource_test(patterns: Iterable[Sequence[Piece]]) -> Test:
    """A test for resource ARNs.

    Wildcards stay inside their segment (the parts between the first five colons); a `*` that ends its segment
    reaches over colons. Source: IAM User Guide, reference_policies_elements_resource.
    """
    simple, rest = _simple(patterns)
    return _either(simple, _once(lambda: _resources(rest)) if rest else None)


def _resources(patterns: list[list[_Symbol]]) -> Test:
    machines = [_machine(pattern) for pattern in patterns]
    quick = _fullmatch([_expression(machine) for machine in machines])

    def test(resource: str) -> bool:
        if resource.count(":") <= _MANY_COLONS:
            return quick(resource)
        return any(_follow(machine, resource) for machine in machines)

    return test


def _once(build: Callable[[], Test]) -> Test:
    """A test that is built when it is first asked; most patterns of a policy never are."""
    built: list[Test] = []

    def test(text: str) -> bool:
        if not built:
            built.append(build())
        return built[0](text)

    return test


def steps_of(pieces: Sequence[Piece]) -> list[tuple[str, bool]]:
    """A resource pattern as `resource_test` reads it, step by step: a character, or (True) a wildcard.

    The wildcards are `.` and `.*` (any character), `[^:]` and `[^:]*` (any but a colon).
    """
    return _machine(_symbols(pieces))


def _always(_: str) -> bool:
    return True


def _never(_: str) -> bool:
    return False


def _simple(patterns: Iterable[Sequence[Piece]]) -> tuple[Test, list[list[_Symbol]]]:
    """A test for the patterns without wildcards or with one `*` at the end, and the other patterns."""
    exact: set[str] = set()
    prefixes: set[str] = set()
    rest: list[list[_Symbol]] = []
    for pieces in patterns:
        if len(pieces) == 1 and not pieces[0][1] and "?" not in pieces[0][0]:
            # The usual case, by the text itself and not character by character.
            text = pieces[0][0]
            begin = text.rstrip(_ANY)
            if _ANY not in begin:
                (exact if begin == text else prefixes).add(begin)
                continue
        pattern = _symbols(pieces)
        ends_wild = bool(pattern) and pattern[-1] == (_ANY, True)
        start = pattern[:-1] if ends_wild else pattern
        if any(wildcard for _, wildcard in start):
            rest.append(pattern)
        else:
            (prefixes if ends_wild else exact).add("".join(character for character, _ in start))
    if "" in prefixes:
        return _always, []
    if not prefixes:
        return (exact.__contains__ if exact else _never), rest
    starts = tuple(prefixes)
    if not exact:
        return (lambda text: text.startswith(starts)), rest
    return (lambda text: text in exact or text.startswith(starts)), rest


def _either(first: Test, second: Test | None) -> Test:
    if second is None:
        return first
    if first is _never:
        return second
    return lambda text: first(text) or second(text)


def _fullmatch(expressions: list[str]) -> Test:
    if not expressions:
        return _never
    fullmatch = re.compile("|".join(expressions), re.DOTALL).fullmatch
    return lambda text: fullmatch(text) is not None


def _symbols(pieces: Sequence[Piece]) -> list[_Symbol]:
    """Characters with wildcards marked; a run of stars is one star."""
    result: list[_Symbol] = []
    for text, literal in pieces:
        for character in text:
            wildcard = not literal and character in "*?"
            if not (wildcard and character == _ANY and result and result[-1] == (_ANY, True)):
                result.append((character, wildcard))
    return result


def _parts(symbols: list[_Symbol]) -> list[list[_Symbol]]:
    """Split at the first five colons."""
    parts: list[list[_Symbol]] = [[]]
    for symbol in symbols:
        if symbol[0] == ":" and len(parts) < 6:
            parts.append([])
        else:
            parts[-1].append(symbol)
    return parts


def _glob(symbols: Sequence[_Symbol], one: str, end: str) -> str:
    """Regular expression of one glob, `end` after it. The first place where a chunk fits is as good as any later one,
    so all but the last are atomic and nothing is tried twice."""
    chunks: list[str] = [""]
    for character, wildcard in symbols:
        if wildcard and character == _ANY:
            chunks.append("")
        else:
            chunks[-1] += one if wildcard else re.escape(character)
    if len(chunks) == 1:
        return chunks[0] + end
    middle = "".join(f"(?>{one}*?{chunk})" for chunk in chunks[1:-1])
    return f"{chunks[0]}{middle}{one}*{chunks[-1]}{end}"


def _machine(symbols: list[_Symbol]) -> list[_Symbol]:
    """Resource pattern as steps: a character, or a wildcard of the classes `.`/`.*` and `[^:]`/`[^:]*`."""
    steps: list[_Symbol] = []
    colons = 0
    for position, (character, wildcard) in enumerate(symbols):
        if not wildcard:
            colons += character == ":"
            steps.append((character, False))
            continue
        ends_segment = position + 1 == len(symbols) or symbols[position + 1][0] == ":"
        free = colons >= 5 or (character == _ANY and ends_segment)
        steps.append((("." if free else "[^:]") + ("*" if character == _ANY else ""), True))
    return steps


def _expression(steps: list[_Symbol]) -> str:
    """The steps as a regular expression: the resource part as a glob, the part before it as it stands."""
    colons = 0
    for position, (text, wildcard) in enumerate(steps):
        if not wildcard and text == ":":
            colons += 1
        if colons == 5:
            tail = [(text[-1] if text == ".*" else "?" if wild else text, wild) for text, wild in steps[position + 1 :]]
            head = "".join(text if wild else re.escape(text) for text, wild in steps[: position + 1])
            return head + _glob(tail, ".", "")
    return "".join(text if wild else re.escape(text) for text, wild in steps)


def _follow(steps: list[_Symbol], text: str) -> bool:
    """Whether the steps match the whole text, by following all states at once."""
    states = _closure(steps, {0})
    for character in text:
        following: set[int] = set()
        for state in states:
            if state == len(steps):
                continue
            step, wildcard = steps[state]
            if not wildcard:
                if step == character:
                    following.add(state + 1)
            elif step[0] == "." or character != ":":
                following.add(state if step[-1] == _ANY else state + 1)
        states = _closure(steps, following)
    return len(steps) in states


def _closure(steps: list[_Symbol], states: set[int]) -> set[int]:
    result = set(states)
    for start in states:
        state = start
        while state < len(steps) and steps[state][1] and steps[state][0][-1] == _ANY:
            state += 1
            result.add(state)
    return result
