"""Lines of styled text: made safe for a terminal, wrapped by words, coloured when asked.

Everything that a terminal shows passes through a `Page`, so that no control character of a name gets there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

Tone = Literal["plain", "add", "change", "remove", "danger", "warning", "info", "dim", "title", "good"]
"""What a piece of text means; `_STYLES` says how it looks."""

Part = str | tuple[str, Tone]

_STYLES: dict[Tone, str] = {
    "plain": "",
    "add": "green",
    "change": "yellow",
    "remove": "red",
    "danger": "bold red",
    "warning": "bold yellow",
    "info": "cyan",
    "dim": "dim",
    "title": "bold",
    "good": "bold green",
}


def clean(value: object) -> str:
    """Return text in which what does not print (controls, escapes, bidi marks, lone surrogates) is spelled out."""
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


def count(number: int, one: str, many: str = "") -> str:
    """Return `1 account` or `12 accounts`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


class Page:
    """Collects lines, gives them as one string.

    `width` is where words are wrapped; a word that is longer (an ARN) stays whole. 0 does not wrap.
    """

    def __init__(self, width: int = 80, *, color: bool = False) -> None:
        self.width = max(width, 40) if width else 100_000
        self.color = color
        self._lines: list[str] = []

    def blank(self) -> None:
        """Leave one line empty; never two, never the first."""
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def line(self, indent: int, *parts: Part) -> None:
        """Add one line as it is: spaces kept, never wrapped."""
        self._lines.append((" " * indent + self._join(parts)).rstrip())

    def wrap(self, indent: int, *parts: Part, hang: int = 2) -> None:
        """Add a paragraph; its lines after the first are indented `hang` more."""
        self._lines += [" " * indent + line for line in self._wrapped(parts, self.width - indent, hang)]

    def table(self, indent: int, head: Sequence[str], rows: Iterable[Sequence[Part]]) -> None:
        """Add aligned columns; the last one is wrapped. An empty `head` gives no head line."""
        made = [[_split(cell) for cell in row] for row in rows]
        titles: list[list[tuple[str, Tone]]] = [[(title, "dim") for title in head]] if any(head) else []
        made = titles + made
        if not made:
            return
        widths = [max(cells(row[i][0]) for row in made) for i in range(len(made[0]) - 1)]
        start = sum(widths) + 2 * len(widths)
        for row in made:
            left: list[Part] = []
            for (text, tone), size in zip(row, widths, strict=False):
                left += [(text, tone), " " * (size - cells(text) + 2)]
            wrapped = self._wrapped([row[-1]], max(self.width - indent - start, 24), 0)
            self._lines.append((" " * indent + self._join(left) + wrapped[0]).rstrip())
            self._lines += [" " * (indent + start) + line for line in wrapped[1:]]

    def text(self) -> str:
        """Return the page; it ends with one line break."""
        text = "\n".join(self._lines).rstrip("\n")
        return text + "\n" if text else ""

    def _wrapped(self, parts: Iterable[Part], room: int, hang: int) -> list[str]:
        lines: list[list[str]] = [[]]
        used = 0
        for chunk in _chunks(parts):
            size = sum(cells(text) for text, _ in chunk)
            if lines[-1] and used + 1 + size > room:
                lines.append([" " * hang])
                used = hang
            elif lines[-1]:
                lines[-1].append(" ")
                used += 1
            lines[-1] += [self._paint(text, tone) for text, tone in chunk]
            used += size
        return ["".join(line) for line in lines]

    def _join(self, parts: Iterable[Part]) -> str:
        return "".join(self._paint(*_split(part)) for part in parts)

    def _paint(self, text: str, tone: Tone) -> str:
        if not self.color or not _STYLES[tone] or not text:
            return text
        from rich.color import ColorSystem
        from rich.style import Style

        return Style.parse(_STYLES[tone]).render(text, color_system=ColorSystem.STANDARD)


def _split(part: Part) -> tuple[str, Tone]:
    text, tone = (part, "plain") if isinstance(part, str) else part
    return clean(text), tone


def _chunks(parts: Iterable[Part]) -> Iterator[list[tuple[str, Tone]]]:
    """Yield what stands between spaces: pieces of different tones that touch stay together."""
    chunk: list[tuple[str, Tone]] = []
    for part in parts:
        text, tone = _split(part)
        for number, word in enumerate(text.split(" ")):
            if number and chunk:
                yield chunk
                chunk = []
            if word:
                chunk.append((word, tone))
    if chunk:
        yield chunk
