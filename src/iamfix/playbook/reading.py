"""The files of playbooks: each is read once on the way to it, and what is wrong in any of them is gathered."""

from __future__ import annotations

from pathlib import Path

from iamfix.model import InputError, Json, Problem
from iamfix.render import check_syntax, syntax_hint
from iamfix.yamlfile import Source, load, nearest, walk

MAX_DEPTH = 20
MAX_FILES = 2_000


class Reading:
    """Reads files, and gathers what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.files: list[str] = []
        self.texts: list[str] = []

    def load(self, path: Path, above: tuple[Path, ...]) -> Source | None:
        """Return a file that those `above` include, or None when it cannot be had."""
        if resolved(path) in above or len(above) > MAX_DEPTH:
            chain = " -> ".join(one.name for one in (*above, path))
            self.problems.append(Problem("error", str(path), f"the files include each other in a circle: {chain}"))
            return None
        if len(self.files) >= MAX_FILES:
            self.problems.append(Problem("error", str(path), f"the playbooks include more than {MAX_FILES:,} files"))
            return None
        try:
            source = load(path, problems=self.problems)
        except InputError as error:
            self.problems += error.problems
            return None
        self.files.append(str(path))
        self.texts.append(source.text)
        return source

    def syntax(self, source: Source, at: tuple[str | int, ...], value: Json, *, expression: bool = False) -> None:
        """Check the templates, or with `expression` the expressions, in a value."""
        for path, one in walk(value):
            if isinstance(one, str) and (wrong := check_syntax(one, expression=expression)):
                self.wrong(source, (*at, *path), wrong, syntax_hint(wrong))

    def missing(self, source: Source, at: tuple[str | int, ...], target: Path, folder: Path) -> None:
        """Say that a file is not there, and which one may be meant."""
        globs = ("*.y*ml", "*/*.y*ml", "*/*/*.y*ml")
        known = [str(one.relative_to(folder)) for glob in globs for one in folder.glob(glob)]
        wanted = source.data
        for part in at:
            wanted = wanted[part]
        # A file of that name in another folder is meant rather than one of a similar name.
        same = [one for one in known if Path(one).name == Path(wanted).name]
        hint = f"did you mean {same[0]!r}?" if len(same) == 1 else nearest(wanted, known)
        self.wrong(source, at, f"there is no file {target}", hint)

    def wrong(
        self, source: Source, at: tuple[str | int, ...], summary: str, hint: str = "", *, key: bool = False
    ) -> None:
        """Say what is wrong at a value, or with `key` at its name."""
        self.problems.append(Problem("error", str(source.place(*at, key=key)), summary, hint))


def is_file(path: Path) -> bool:
    """Tell whether a file is there and can be asked for."""
    try:
        return path.is_file()
    except OSError:
        # A name that is too long for the file system, or a folder that may not be looked into.
        return False


def resolved(path: Path) -> Path:
    """Return a file without links and dots, to tell whether two are one."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        # A circle of symbolic links; reading the file will tell.
        return path.absolute()
