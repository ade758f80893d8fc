"""Lines of styled text: made safe for a terminal, wrapped by words, coloured when asked.

Everything that is shown on a terminal passes through a `Page`, so that no control character of a name gets there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

Tone = Literal["plain", "add", "change", "remove", "danger", "warning", "dim", "title", "good"]
"""What a piece of text means; `_STYLES` says how it looks."""

Part = str | tuple[str, Tone]

_STYLES: dict[Tone, str] = {
    "plain": "",
    "add": "green",
    "change": "yellow",
    "remove": "red",
    "danger": "bold red",
    "warning": "bold yellow",
    "dim": "dim",
    "title": "bold",
    "good": "bold green",
}


def clean(value: object) -> str:
    """Return the text with everything that does not print (controls, escapes, bidi marks, lone surrogates) spelled out."""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def cells(text: str) -> int:
    """Return how many columns the text takes on a terminal (CJK characters take two)."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def plural(count: int, one: str, many: str = "") -> str:
    """Return `1 account` or `12 accounts`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


class Page:
    """Collects lines, gives them as one string."""

    def __init__(self, width: int = 80, color: bool = False) -> None:
        self.width = max(width, 40)
        self._color = color
        self._lines: list[str] = []

    def blank(self) -> None:
        """Leave one line empty; never two, never the first."""
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def line(self, indent: int, *parts: Part) -> None:
        """Add one line as it is: spaces kept, never wrapped."""
        self._lines.append(" " * indent + "".join(self._paint(*_split(part)) for part in parts).rstrip())

    def wrap(self, indent: int, *parts: Part, hang: int = 2) -> None:
        """Add a paragraph wrapped by words; lines after the first are indented `hang` more. Long words stay whole."""
        room = self.width - indent
        lines: list[list[str]] = [[]]
        used = 0
        for word, tone, glued in _words(parts):
            size = cells(word)
            gap = 0 if glued or not lines[-1] else 1
            if lines[-1] and not glued and used + gap + size > room:
                lines.append([" " * hang])
                used, gap = hang, 0
            lines[-1].append(" " * gap + self._paint(word, tone))
            used += gap + size
        self._lines.extend(" " * indent + "".join(line) for line in lines)

    def table(self, indent: int, head: Sequence[str], rows: Iterable[Sequence[Part]]) -> None:
        """Add aligned columns; the last one is wrapped where it does not fit."""
        made = [[_split(cell) for cell in row] for row in rows]
        last = len(head) - 1
        widths = [max([cells(head[i]), *(cells(row[i][0]) for row in made)]) for i in range(last)]
        start = indent + sum(widths) + 2 * last
        for row in [[(title, "dim") for title in head] if any(head) else [], *made]:
            if not row:
                continue
            left: list[Part] = []
            for (text, tone), size in zip(row[:last], widths, strict=True):
                left += [(text, tone), " " * (size - cells(text) + 2)]
            part = Page(max(self.width - start, 24), self._color)
            part.wrap(0, row[last], hang=0)
            for number, text in enumerate(part._lines):
                if number == 0:
                    self.line(indent, *left)
                    self._lines[-1] = (" " * indent + self._join(left) + text).rstrip()
                else:
                    self._lines.append(" " * start + text)

    def text(self) -> str:
        """Return the page; it ends with one line break."""
        return "\n".join(self._lines).rstrip("\n") + "\n" if self._lines else ""

    def _join(self, parts: Iterable[Part]) -> str:
        return "".join(self._paint(*_split(part)) for part in parts)

    def _paint(self, text: str, tone: Tone) -> str:
        if not self._color or not _STYLES[tone] or not text:
            return text
        from rich.color import ColorSystem
        from rich.style import Style

        return Style.parse(_STYLES[tone]).render(text, color_system=ColorSystem.STANDARD)


def _split(part: Part) -> tuple[str, Tone]:
    text, tone = (part, "plain") if isinstance(part, str) else part
    return clean(text), tone


def _words(parts: Iterable[Part]) -> Iterable[tuple[str, Tone, bool]]:
    """Yield each word with its tone, and whether it follows the word before without a space."""
    glued = False
    for part in parts:
        text, tone = _split(part)
        for number, word in enumerate(text.split(" ")):
            if number:
                glued = False
            if word:
                yield word, tone, glued
                glued = True
