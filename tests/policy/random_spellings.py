"""Random documents in random spellings of which none changes what they say."""

from __future__ import annotations

import json
import random
from typing import Any
from urllib.parse import quote

from tests.policy.random_policies import statement

PRINCIPALS: tuple[Any, ...] = (
    "*", {"AWS": "*"}, {"AWS": "111111111111"}, {"AWS": ["arn:aws:iam::111111111111:root", "222222222222"]},
    {"Service": ["ec2.amazonaws.com", "s3.amazonaws.com"], "AWS": "arn:aws:iam::111111111111:user/ann"},
)  # fmt: skip


def random_document(chance: random.Random) -> dict[str, Any]:
    statements = []
    for number in range(chance.randint(1, 4)):
        one = statement(chance)
        if chance.random() < 0.5:
            one[chance.choice(("Principal", "NotPrincipal"))] = chance.choice(PRINCIPALS)
        if chance.random() < 0.3:
            one["Sid"] = f"S{number}"
        statements.append(one)
    version = chance.choice(("2012-10-17", "2008-10-17"))
    return {"Version": version, "Statement": statements} | ({"Id": "x"} if chance.random() < 0.2 else {})


def respelled(value: Any, chance: random.Random, path: tuple[str, ...] = (), *, listed: bool = False) -> Any:
    """The same document in another spelling: shuffled, doubled, wrapped and unwrapped, numbers as text."""
    if isinstance(value, dict):
        items = [(key, respelled(item, chance, (*path, key))) for key, item in value.items()]
        chance.shuffle(items)
        found = dict(items)
        if path == () and found.get("Version") == "2008-10-17" and chance.random() < 0.5:
            del found["Version"]
        if path == ("Statement",):
            if chance.random() < 0.2:
                found.setdefault("Condition", {})
            if chance.random() < 0.2:
                found.setdefault("Sid", "")
            for element in ("Principal", "NotPrincipal"):
                if found.get(element) == "*" and chance.random() < 0.5:
                    found[element] = {"AWS": ["*"]}
        return found
    if isinstance(value, list):
        found_list = [respelled(item, chance, path, listed=True) for item in value]
        if chance.random() < 0.3 and found_list:
            found_list.append(respelled(chance.choice(value), chance, path, listed=True))
        chance.shuffle(found_list)
        return found_list[0] if len(found_list) == 1 and chance.random() < 0.5 else found_list
    if len(path) == 4 and path[1] == "Condition" and not isinstance(value, str):
        value = json.dumps(value) if chance.random() < 0.5 else value
    if path[-2:] in (("Principal", "AWS"), ("NotPrincipal", "AWS")) and chance.random() < 0.5:
        account = value.removeprefix("arn:aws:iam::").removesuffix(":root")
        if account.isdigit():
            value = f"arn:aws:iam::{account}:root" if value == account else account
    return [value] if not listed and len(path) > 1 and path[-1] not in _SINGLE and chance.random() < 0.2 else value


_SINGLE = ("Effect", "Sid", "Version", "Id", "Principal", "NotPrincipal")


def reencoded(data: Any, chance: random.Random) -> Any:
    """The same data as a value, as JSON text of any layout, or percent-encoded as IAM returns it."""
    text = json.dumps(data, indent=chance.choice((None, 1, "\t")), ensure_ascii=chance.random() < 0.5)
    return chance.choice((data, text, quote(text), quote(text, safe="")))


def reworded(data: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Another document that means the same: case, Sids, Version without variables, split statements, ARN operators."""
    statements: list[dict[str, Any]] = []
    for one in data["Statement"]:
        one = dict(one)
        if chance.random() < 0.5:
            one["Sid"] = f"Named{chance.randrange(1000)}"
        for element in ("Action", "NotAction"):
            if element in one:
                one[element] = [chance.choice((str.upper, str.lower, str))(text) for text in one[element]]
        if "Condition" in one:
            one["Condition"] = _reworded_condition(one["Condition"], chance)
        if chance.random() < 0.3 and len(one.get("Action", ())) > 1:
            statements += [{**one, "Action": [action]} for action in one["Action"]]
        elif chance.random() < 0.3 and len(one.get("Resource", ())) > 1:
            statements += [{**one, "Resource": [resource]} for resource in one["Resource"]]
        else:
            statements.append(one)
    found = {**data, "Statement": statements}
    if "${" not in json.dumps(data) and chance.random() < 0.5:
        found["Version"] = chance.choice(("2008-10-17", "2012-10-17"))
    return found


def _reworded_condition(condition: Any, chance: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for operator, block in condition.items():
        name = (
            {"ArnEquals": "ArnLike", "ArnLike": "ArnEquals"}.get(operator, operator)
            if chance.random() < 0.5
            else operator
        )
        found[name] = {
            chance.choice((key, key.lower(), key.upper())): f"{value}/32" if value == "10.0.0.1" else value
            for key, value in block.items()
        }
    return found
