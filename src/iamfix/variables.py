"""Variables from the command line: `k=v`, several of them, a mapping in YAML or JSON, or `@file`.

As with Ansible, what stands after `=` is text, and `a=1 b="two words"` are two variables. A list or mapping in brackets
is read as YAML: `-e 'enforce=[mfa, 8]'`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from iamfix.model import InputError, Json, Problem
from iamfix.yamlfile import load, parse

_PAIR = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_PART = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""")
_QUOTED = re.compile(r""""([^"]*)"|'([^']*)'""")
_HINT = "-e enforce=all, -e 'enforce=[mfa, 8]', -e '{n: 1}' or -e @vars.yml"

TOLD = frozenset(
    {
        "account_groups", "account_id", "account_name", "home_region", "partition", "region", "regions", "resources",
        "spelled", "template", "today",
    }
)  # fmt: skip
"""What templates are told of the account and the run: no variable takes its place."""


def parse_extra_vars(given: Sequence[str]) -> dict[str, Json]:
    """Return the variables of `-e` options; later ones win. Raises InputError, which repeats no value."""
    found: dict[str, Json] = {}
    for text in given:
        if text.startswith("@"):
            found.update(_file(Path(text[1:])))
        elif text.lstrip().startswith("{"):
            mapping = _yaml(text, "no mapping in YAML or JSON")
            if not isinstance(mapping, dict):
                raise _wrong("no mapping in YAML or JSON", _HINT)
            found.update(mapping)
        else:
            for name, value in _pairs(text):
                wrong = f"the value of {name} is no list or mapping in YAML"
                found[name] = _yaml(value, wrong) if _in_brackets(value) else value
    for name in found:
        if name in TOLD:
            hint = "set it for the account in the inventory" if name in ("home_region", "regions") else ""
            raise _wrong(f"{name} is told by iamfix of each account, and cannot be given", hint)
    return found


def _file(path: Path) -> dict[str, Json]:
    data = load(path).data
    data = {} if data is None else data
    if not isinstance(data, dict):
        raise _wrong(f"{path} is no file of names with values")
    return data


def _yaml(text: str, summary: str) -> Json:
    try:
        data = parse(text, "--extra-vars").data
    except InputError as error:
        # The reasons of a YAML reader may repeat what it has read, and that may be a secret.
        place = error.problems[0].where.removeprefix("--extra-vars").strip(":").rpartition(":")[2]
        raise _wrong(f"{summary}{f', at character {place}' if place else ''}", _HINT) from None
    if not isinstance(data, dict | list):
        raise _wrong(summary, _HINT)
    return data


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield names with values: several where each part is one, else what stands after the first `=`, whole."""
    parts = [_pair(part) for part in _PART.findall(text)]
    if _PART.sub("", text).strip():  # a quote that is not closed is a quote
        parts = []
    found = [part for part in parts if part is not None]
    if not found or len(found) < len(parts):
        found = [whole] if (whole := _PAIR.fullmatch(text.lstrip())) else []
    if not found:
        raise _wrong("not of the form name=value", _HINT)
    yield from ((part[1], part[2]) for part in found)


def _pair(part: str) -> re.Match[str] | None:
    """Match a part without the quotes that hold it together; those in a list or mapping are of its YAML."""
    raw = _PAIR.fullmatch(part)
    return raw if raw is not None and _in_brackets(raw[2]) else _PAIR.fullmatch(_QUOTED.sub(r"\1\2", part))


def _in_brackets(value: str) -> bool:
    return value.lstrip()[:1] in ("[", "{") and not value.lstrip().startswith(("{{", "{%"))


def _wrong(summary: str, hint: str = "") -> InputError:
    return InputError(Problem("error", "--extra-vars", summary, hint))
