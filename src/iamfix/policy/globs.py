"""Sets of texts that wildcard patterns describe: whether some text fits these patterns and none of those.

Exact for patterns without policy variables: the patterns are followed together, character by character. A pattern with
variables is taken wide where it gives and is left out where it takes away, unless both sides have the very same one:
so an answer "empty" is always true, whatever the variables hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from iamfix.policy.match import Piece, steps_of
from iamfix.policy.variables import Template, Variable

__all__ = [
    "EVERYTHING",
    "Pattern",
    "action_pattern",
    "empty",
    "glob_inside",
    "intersections",
    "literal_pattern",
    "resource_pattern",
]

Step = tuple[str, bool]
"""A character, or (True) a wildcard: `.` and `.*` take any character, `[^:]` and `[^:]*` any but a colon."""

_MOST_STATES = 4000
_MOST_GLOBS = 24
_LONGEST = 300
"""Characters of two globs that are crossed exactly."""
_OTHER = "\x00"
"""Stands for all characters that no pattern names."""


class Pattern:
    """A wildcard pattern. Two are equal when their steps (and variables) are; `text` is how it was written first."""

    __slots__ = ("_hash", "dynamic", "end", "key", "start", "steps", "text")

    def __init__(self, key: tuple[object, ...], steps: tuple[Step, ...], dynamic: bool, text: str) -> None:
        self.key, self.steps, self.dynamic, self.text = key, steps, dynamic, text
        self.start = _start(steps)
        """The characters before the first wildcard."""
        self.end = _start(steps[::-1])
        """Those behind the last one, backwards."""
        self._hash = hash(key)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Pattern) and self._hash == other._hash and self.key == other.key

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"


def _start(steps: tuple[Step, ...]) -> str:
    result = []
    for character, wild in steps:
        if wild:
            break
        result.append(character)
    return "".join(result)


@lru_cache(maxsize=16384)
def action_pattern(text: str) -> Pattern:
    """A pattern of actions; case does not count. Source: IAM User Guide, reference_policies_elements_action."""
    # Every action has a colon, so that these two are one.
    steps = EVERYTHING.steps if text.replace("*", "") in ("", ":") else tuple(_free([(text.lower(), False)]))
    return Pattern(steps, steps, False, text)


def resource_pattern(template: Template, text: str) -> Pattern:
    """A pattern of resources, with its variables."""
    if template.static is not None:
        steps = tuple(steps_of(template.static))
        return Pattern(steps, steps, False, text)
    key = tuple((p.lowered, p.default) if isinstance(p, Variable) else ("", *p) for p in template.parts)
    # A variable may hold colons, after which wildcards reach further: all are taken wide.
    return Pattern(("dynamic", *key), tuple(_free(template.loose)), True, text)


def literal_pattern(text: str, *, prefix: bool = False) -> Pattern:
    """A pattern that only this text fits, or every text that starts so."""
    steps: tuple[Step, ...] = tuple((character, False) for character in text)
    steps += ((".*", True),) if prefix else ()
    return Pattern(steps, steps, False, text)


EVERYTHING = Pattern(((".*", True),), ((".*", True),), False, "*")


def _free(pieces: Iterable[Piece]) -> Iterable[Step]:
    previous = ""
    for text, literal in pieces:
        for character in text:
            wild = not literal and character in "*?"
            step = ({"*": ".*", "?": "."}[character], True) if wild else (character, False)
            if not (wild and step[0] == previous == ".*"):
                yield step
            previous = step[0] if wild else ""


def empty(includes: frozenset[Pattern], excludes: frozenset[Pattern]) -> bool:
    """Whether no text fits all of `includes` (at least one) and none of `excludes`. True is always right."""
    if len(includes) == 1 and not excludes:
        return False
    if not includes.isdisjoint(excludes) or EVERYTHING in excludes:
        return True
    longest = last = ""
    for pattern in includes:
        if not _near(pattern.start, longest) or not _near(pattern.end, last):
            return True
        longest, last = max(pattern.start, longest, key=len), max(pattern.end, last, key=len)
    near = frozenset(p for p in excludes if not p.dynamic and _near(p.start, longest) and _near(p.end, last))
    wide = includes - {EVERYTHING} or includes
    if not near and len(wide) == 1:
        return False
    return _followed(wide, near)


def _near(a: str, b: str) -> bool:
    return a.startswith(b) or b.startswith(a)


@dataclass(frozen=True, slots=True)
class _Machine:
    """A pattern as bits: bit i of a set of states says that the first i steps fit what was read so far."""

    literals: dict[str, int]
    one: int
    one_segment: int
    many: int
    many_segment: int
    accepting: int

    def closed(self, states: int) -> int:
        """The states, and those that a run of no characters leads to."""
        runs = self.many | self.many_segment
        while True:
            more = states | ((states & runs) << 1)
            if more == states:
                return states
            states = more

    def after(self, states: int, character: str) -> int:
        """The states after one more character."""
        colon = character == ":"
        moving = self.literals.get(character, 0) | self.one | (0 if colon else self.one_segment)
        staying = self.many | (0 if colon else self.many_segment)
        return self.closed(((states & moving) << 1) | (states & staying))

    def wants(self, states: int) -> set[str]:
        """The characters that tell the states apart."""
        return {character for character, places in self.literals.items() if states & places}


@lru_cache(maxsize=16384)
def _machine(pattern: Pattern) -> _Machine:
    literals: dict[str, int] = {}
    kinds = {".": 0, "[^:]": 0, ".*": 0, "[^:]*": 0}
    for place, (text, wild) in enumerate(pattern.steps):
        if wild:
            kinds[text] |= 1 << place
        else:
            literals[text] = literals.get(text, 0) | (1 << place)
    return _Machine(literals, kinds["."], kinds["[^:]"], kinds[".*"], kinds["[^:]*"], 1 << len(pattern.steps))


@lru_cache(maxsize=65536)
def _followed(includes: frozenset[Pattern], excludes: frozenset[Pattern]) -> bool:
    """Follow all patterns side by side through every text that could tell; give up, not empty, where that is long."""
    needed = [_machine(p) for p in includes]
    barred = [_machine(p) for p in excludes]
    machines = [*needed, *barred]
    first = tuple(machine.closed(1) for machine in machines)
    seen, waiting = {first}, [first]
    while waiting:
        states = waiting.pop()
        ends = [bool(state & machine.accepting) for state, machine in zip(states, machines, strict=True)]
        if all(ends[: len(needed)]) and not any(ends[len(needed) :]):
            return False
        if len(seen) > _MOST_STATES:
            return False
        wanted = {":", _OTHER}.union(*(m.wants(s) for m, s in zip(machines, states, strict=True)))
        for character in wanted:
            following = tuple(m.after(s, character) for m, s in zip(machines, states, strict=True))
            if all(following[: len(needed)]) and following not in seen:
                seen.add(following)
                waiting.append(following)
    return True


def intersections(texts: Iterable[str]) -> tuple[str, ...]:
    """The globs (`*`, `?`) that together mean: all of these. The most specific one alone where they would be many."""
    found: tuple[str, ...] = ("*",)
    every = sorted(set(texts), key=lambda text: (len(text), text))
    for text in every:
        crossed: set[str] = set()
        for one in found:
            both = _crossed(one, text) if len(one) + len(text) <= _LONGEST else None
            if both is None:
                return (max(every, key=lambda t: len(t.replace("*", ""))),)
            crossed |= both
        found = tuple(sorted(crossed))
    return tuple(f for f in found if not any(f != wide and glob_inside(f, wide) for wide in found))


def glob_inside(narrow: str, wide: str) -> bool:
    """Whether every text that fits the one glob fits the other; may say no where very many states had to be tried."""
    return empty(frozenset((_glob(narrow),)), frozenset((_glob(wide),)))


@lru_cache(maxsize=4096)
def _glob(text: str) -> Pattern:
    steps = tuple(_free([(text, False)]))
    return Pattern(steps, steps, False, text)


@lru_cache(maxsize=16384)
def _crossed(a: str, b: str) -> frozenset[str] | None:
    """The globs that mean both `a` and `b`; None where they are many."""
    if a == b or b == "*":
        return frozenset((a,))
    if a == "*":
        return frozenset((b,))
    if not a or not b:
        return frozenset(("",)) if not (a + b).strip("*") else frozenset()
    stars = (a[0] == "*", b[0] == "*")
    if stars == (False, False):
        if a[0] != b[0] and "?" not in (a[0], b[0]):
            return frozenset()
        return _led(b[0] if a[0] == "?" else a[0], _crossed(a[1:], b[1:]))
    if stars == (True, True):
        # One of the two runs ends first, and what follows it lies within the other.
        return _joined(_led("*", _crossed(a[1:], b)), _led("*", _crossed(a, b[1:])))
    if stars[1]:
        a, b = b, a
    return _joined(_crossed(a[1:], b), _led(b[0], _crossed(a, b[1:])))


def _led(first: str, rest: frozenset[str] | None) -> frozenset[str] | None:
    return None if rest is None else frozenset(first + (one.lstrip("*") if first == "*" else one) for one in rest)


def _joined(a: frozenset[str] | None, b: frozenset[str] | None) -> frozenset[str] | None:
    if a is None or b is None or len(a | b) > _MOST_GLOBS:
        return None
    return a | b
