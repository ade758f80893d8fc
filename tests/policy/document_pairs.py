"""Pairs of policy documents with the verdict that is right: equal for drift, or not.

Each pair has the rule by which it is equal or different, and a name. Documents are JSON data, or text as AWS gives it.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from urllib.parse import quote


class Pair(NamedTuple):
    """Two documents, and whether they are one configuration. `trust`: they are trust policies."""

    name: str
    rule: str
    one: Any
    other: Any
    equal: bool
    trust: bool = False
    partition: str = "aws"


A, B = "arn:aws:s3:::a/*", "arn:aws:s3:::b/*"
ID = "111111111111"
ROOT = f"arn:aws:iam::{ID}:root"
ANN = f"arn:aws:iam::{ID}:user/ann"
READ: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": A}
LIST: dict[str, Any] = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::a"}


def doc(*statements: Any, **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **more}


def read(**more: Any) -> dict[str, Any]:
    return doc({**READ, **more})


def when(operator: str, key: str, values: Any) -> dict[str, Any]:
    return read(Condition={operator: {key: values}})


def by(principal: Any, element: str = "Principal") -> dict[str, Any]:
    return read(**{element: principal})


def assume(principal: Any) -> dict[str, Any]:
    return doc({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def without(data: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != key}


TWO = {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}, "Bool": {"aws:SecureTransport": "true"}}

TEXT = "percent-decoding, JSON text, key order, white space do not matter"
OBJECT = "Statement may be an object or a list"
SCALAR = "a one-element list equals its scalar"
SETS = "lists and statements are sets: order and duplicates do not matter"
VERSION = "a missing Version is 2008-10-17"
TEXTS = "JSON booleans and numbers equal their text, in conditions"
ACCOUNT = "in Principal and NotPrincipal only: account id = root ARN"
EVERYONE = '"*" = {"AWS": "*"} as principal of a resource policy; trust policies left alone'
EMPTY = "empty Condition, empty Sid, empty principal set = absent"
EXACT = "Effect and everything else compare exactly"
DANGLING = "unique ids of deleted principals never equal an ARN"
MEANING = "equal in meaning is not equal for drift"
NEVER = "never fold"


def same(rule: str, *pairs: tuple[str, Any, Any], trust: bool = False, partition: str = "aws") -> list[Pair]:
    return [Pair(name, rule, one, other, True, trust, partition) for name, one, other in pairs]


def different(rule: str, *pairs: tuple[str, Any, Any], trust: bool = False) -> list[Pair]:
    return [Pair(name, rule, one, other, False, trust) for name, one, other in pairs]


PAIRS: list[Pair] = [
    *same(
        TEXT,
        ("percent-encoded", quote(json.dumps(read())), read()),
        ("percent-encoded, every character", "".join(f"%{ord(c):02X}" for c in json.dumps(read())), read()),
        ("lower-case percent codes", quote(json.dumps(read())).replace("%7B", "%7b"), read()),
        ("a plus in percent-encoded text is a plus", quote(json.dumps(read(Sid="a+b")), safe="+"), read(Sid="a+b")),
        ("a percent sign in a value", json.dumps(read(Resource="a%20b")), read(Resource="a%20b")),
        ("indented", json.dumps(read(), indent=4), json.dumps(read(), separators=(",", ":"))),
        ("tabs and line breaks", json.dumps(read(), indent="\t").replace("\n", "\r\n"), read()),
        ("a byte order mark", "\ufeff" + json.dumps(read()), read()),
        ("key order in the document", dict(reversed(read().items())), read()),
        ("key order in a statement", doc(dict(reversed(READ.items()))), read()),
        ("key order in conditions", read(Condition=TWO), read(Condition=dict(reversed(TWO.items())))),
        ("escapes of JSON", json.dumps(read(Resource="arn:aws:s3:::ä")), read(Resource="arn:aws:s3:::ä")),
        ("an escaped slash", json.dumps(read()).replace("/", "\\/"), read()),
    ),
    *different(
        TEXT,
        ("a percent code in a value is no other text", json.dumps(read(Resource="a%20b")), read(Resource="a b")),
        ("white space in a value", read(Resource="arn:aws:s3:::a /*"), read()),
    ),
    *same(
        OBJECT,
        ("one statement as an object", {"Version": "2012-10-17", "Statement": READ}, read()),
        ("a statement twice as an object", {"Version": "2012-10-17", "Statement": READ}, doc(READ, READ)),
    ),
    *different(
        OBJECT,
        ("two statements are not the first", {"Version": "2012-10-17", "Statement": READ}, doc(READ, LIST)),
        ("no statement", doc(), read()),
    ),
    *same(
        SCALAR,
        ("one action", read(Action=["s3:GetObject"]), read()),
        (
            "one NotAction",
            doc({**without(READ, "Action"), "NotAction": ["iam:*"]}),
            doc({**without(READ, "Action"), "NotAction": "iam:*"}),
        ),
        ("one resource", read(Resource=[A]), read()),
        (
            "one NotResource",
            doc({**without(READ, "Resource"), "NotResource": [A]}),
            doc({**without(READ, "Resource"), "NotResource": A}),
        ),
        ("one principal", by({"AWS": [ANN]}), by({"AWS": ANN})),
        ("one service", by({"Service": ["ec2.amazonaws.com"]}), by({"Service": "ec2.amazonaws.com"})),
        ("one NotPrincipal", by({"AWS": [ANN]}, "NotPrincipal"), by({"AWS": ANN}, "NotPrincipal")),
        (
            "one condition value",
            when("StringEquals", "aws:PrincipalTag/a", ["b"]),
            when("StringEquals", "aws:PrincipalTag/a", "b"),
        ),
    ),
    *same(
        SCALAR,
        (
            "one provider of a trust policy",
            assume({"Federated": ["accounts.google.com"]}),
            assume({"Federated": "accounts.google.com"}),
        ),
        trust=True,
    ),
    *different(
        SCALAR,
        ("a list in a list is no list", read(Action=[["s3:GetObject"]]), read(Action=["s3:GetObject"])),
        ("an empty list is no scalar", read(Action=[]), read(Action="")),
    ),
    *same(
        SETS,
        (
            "order of actions",
            read(Action=["s3:GetObject", "s3:PutObject"]),
            read(Action=["s3:PutObject", "s3:GetObject"]),
        ),
        ("an action twice", read(Action=["s3:GetObject", "s3:GetObject"]), read()),
        ("order of resources", read(Resource=[A, B]), read(Resource=[B, A, B])),
        ("order of principals", by({"AWS": [ANN, ROOT]}), by({"AWS": [ROOT, ANN]})),
        (
            "order of condition values",
            when("StringLike", "s3:prefix", ["a/*", "b/*"]),
            when("StringLike", "s3:prefix", ["b/*", "a/*"]),
        ),
        ("order of statements", doc(READ, LIST), doc(LIST, READ)),
        ("a statement twice", doc(READ, LIST, READ), doc(READ, LIST)),
        ("order of statements with Deny", doc({**READ, "Effect": "Deny"}, READ), doc(READ, {**READ, "Effect": "Deny"})),
        ("order of statements that differ in spelling", doc({**READ, "Action": ["s3:GetObject"]}, READ), read()),
        (
            "order of types of principals",
            by({"AWS": ANN, "Service": "s3.amazonaws.com"}),
            by({"Service": "s3.amazonaws.com", "AWS": ANN}),
        ),
    ),
    *different(
        SETS,
        ("one action more", read(Action=["s3:GetObject", "s3:PutObject"]), read()),
        (
            "one condition value less",
            when("StringLike", "s3:prefix", ["a/*", "b/*"]),
            when("StringLike", "s3:prefix", "a/*"),
        ),
        ("one statement less", doc(READ, LIST), doc(READ)),
    ),
    *same(
        VERSION,
        ("no Version", without(read(), "Version"), {**read(), "Version": "2008-10-17"}),
        ("a list of statements is of the new Version", [READ], read()),
    ),
    *different(
        VERSION,
        ("no Version is not the new one", without(read(), "Version"), read()),
        ("old and new Version", {**read(), "Version": "2008-10-17"}, read()),
        ("an unknown Version", {**read(), "Version": "2012-10-18"}, read()),
        ("a Version of null", {**read(), "Version": None}, without(read(), "Version")),
    ),
    *same(
        TEXTS,
        ("true", when("Bool", "aws:SecureTransport", True), when("Bool", "aws:SecureTransport", "true")),
        ("false in a list", when("Bool", "aws:SecureTransport", [False]), when("Bool", "aws:SecureTransport", "false")),
        ("a Null operator", when("Null", "aws:TokenIssueTime", True), when("Null", "aws:TokenIssueTime", ["true"])),
        (
            "a number",
            when("NumericLessThan", "aws:MultiFactorAuthAge", 3600),
            when("NumericLessThan", "aws:MultiFactorAuthAge", "3600"),
        ),
        ("a decimal number", when("NumericEquals", "a:b", 1.5), when("NumericEquals", "a:b", "1.5")),
    ),
    *different(
        TEXTS,
        ("true is not True", when("Bool", "aws:SecureTransport", True), when("Bool", "aws:SecureTransport", "True")),
        ("true is not 1", when("Bool", "aws:SecureTransport", True), when("Bool", "aws:SecureTransport", 1)),
        (
            "a number is not another spelling of it",
            when("NumericEquals", "a:b", 10),
            when("NumericEquals", "a:b", "10.0"),
        ),
        ("true and false", when("Bool", "aws:SecureTransport", True), when("Bool", "aws:SecureTransport", False)),
        ("not outside of conditions", read(Sid=1), read(Sid="1")),
        ("a boolean as an action", read(Action=True), read(Action="true")),
        ("null as a condition value", when("StringEquals", "a:b", None), when("StringEquals", "a:b", "null")),
    ),
    *same(
        ACCOUNT,
        ("account id", by({"AWS": ID}), by({"AWS": ROOT})),
        ("account id in a list", by({"AWS": [ID, ANN]}), by({"AWS": [ANN, ROOT]})),
        ("both spellings of one account", by({"AWS": [ID, ROOT]}), by({"AWS": ROOT})),
        ("account id in NotPrincipal", by({"AWS": ID}, "NotPrincipal"), by({"AWS": [ROOT]}, "NotPrincipal")),
    ),
    *same(
        ACCOUNT,
        ("account id in a trust policy", assume({"AWS": ID}), assume({"AWS": ROOT})),
        trust=True,
    ),
    *same(
        ACCOUNT,
        ("account id in China", by({"AWS": ID}), by({"AWS": ROOT.replace("aws", "aws-cn", 1)})),
        partition="aws-cn",
    ),
    *same(
        ACCOUNT,
        ("account id in GovCloud", by({"AWS": ID}), by({"AWS": ROOT.replace("aws", "aws-us-gov", 1)})),
        partition="aws-us-gov",
    ),
    *different(
        ACCOUNT,
        ("the partition is kept", by({"AWS": ID}), by({"AWS": ROOT.replace("aws", "aws-cn", 1)})),
        ("root ARNs of two partitions", by({"AWS": ROOT}), by({"AWS": ROOT.replace("aws", "aws-cn", 1)})),
        ("another account", by({"AWS": ID}), by({"AWS": ROOT.replace("1:root", "2:root")})),
        ("eleven digits", by({"AWS": "11111111111"}), by({"AWS": "arn:aws:iam::11111111111:root"})),
        ("not in conditions", when("ArnEquals", "aws:PrincipalArn", ID), when("ArnEquals", "aws:PrincipalArn", ROOT)),
        ("not in resources", read(Resource=ID), read(Resource=ROOT)),
        ("not as another type of principal", by({"Federated": ID}), by({"Federated": ROOT})),
        ("the account is not its user", by({"AWS": ID}), by({"AWS": ANN})),
    ),
    *same(
        EVERYONE,
        ("everyone", by("*"), by({"AWS": "*"})),
        ("everyone in a list", by("*"), by({"AWS": ["*"]})),
        ("everyone in NotPrincipal", by("*", "NotPrincipal"), by({"AWS": "*"}, "NotPrincipal")),
    ),
    *different(
        EVERYONE,
        ("everyone in a trust policy", assume("*"), assume({"AWS": "*"})),
        trust=True,
    ),
    *same(
        EVERYONE,
        ("everyone of AWS in a trust policy, in a list", assume({"AWS": ["*"]}), assume({"AWS": "*"})),
        trust=True,
    ),
    *different(
        EVERYONE,
        ("every service is not everyone", by("*"), by({"Service": "*"})),
        ("everyone and every provider", by("*"), by({"AWS": "*", "Federated": "*"})),
        ("everyone and somebody", by("*"), by({"AWS": ["*", ANN]})),
        ("Principal and NotPrincipal", by("*"), by("*", "NotPrincipal")),
    ),
    *same(
        EMPTY,
        ("empty Condition", read(Condition={}), read()),
        ("empty block of a Condition", read(Condition={"StringEquals": {}}), read()),
        (
            "empty block beside another",
            read(Condition={"StringEquals": {}, **TWO}),
            read(Condition={**TWO, "Null": {}}),
        ),
        ("empty Sid", read(Sid=""), read()),
        ("empty set of principals", by({"AWS": []}), read()),
        ("empty principal", by({}), read()),
        ("empty type beside another", by({"AWS": ANN, "Service": []}), by({"AWS": ANN})),
    ),
    *different(
        EMPTY,
        ("empty values of a condition are a condition", when("StringEquals", "a:b", []), read()),
        ("an empty action is not absent", read(Action=[]), doc(without(READ, "Action"))),
        ("a Sid of null", read(Sid=None), read()),
    ),
    *different(
        EXACT,
        ("Effect", read(Effect="Deny"), read()),
        ("case of Effect", read(Effect="allow"), read()),
        ("no Effect", doc(without(READ, "Effect")), read()),
        ("Sid", read(Sid="A"), read(Sid="B")),
        ("a Sid more", read(Sid="A"), read()),
        ("Id", doc(READ, Id="a"), doc(READ, Id="b")),
        ("case of element names", doc({**without(READ, "Action"), "action": "s3:GetObject"}), read()),
        ("an unknown element", read(Comment="x"), read()),
        ("operators", when("StringEquals", "a:b", "c"), when("StringLike", "a:b", "c")),
        (
            "IfExists",
            when("Bool", "aws:MultiFactorAuthPresent", "true"),
            when("BoolIfExists", "aws:MultiFactorAuthPresent", "true"),
        ),
        (
            "set operators",
            when("ForAnyValue:StringEquals", "aws:TagKeys", "c"),
            when("ForAllValues:StringEquals", "aws:TagKeys", "c"),
        ),
        ("case of operators", when("stringequals", "a:b", "c"), when("StringEquals", "a:b", "c")),
        ("types of principals", by({"AWS": ANN}), by({"CanonicalUser": ANN})),
        ("Action and NotAction", doc({**without(READ, "Action"), "NotAction": "s3:GetObject"}), read()),
        ("Resource and NotResource", doc({**without(READ, "Resource"), "NotResource": A}), read()),
        ("case of user names", by({"AWS": ANN}), by({"AWS": ANN.replace("ann", "Ann")})),
    ),
    *different(
        DANGLING,
        ("a deleted user", by({"AWS": "AIDAEXAMPLEEXAMPLE123"}), by({"AWS": ANN})),
    ),
    *different(
        DANGLING,
        ("a deleted role", assume({"AWS": "AROAEXAMPLEEXAMPLE123"}), assume({"AWS": f"arn:aws:iam::{ID}:role/r"})),
        ("two deleted roles", assume({"AWS": "AROAEXAMPLEEXAMPLE123"}), assume({"AWS": "AROAEXAMPLEEXAMPLE456"})),
        trust=True,
    ),
    *different(
        MEANING,
        ("case of actions", read(Action="S3:getobject"), read()),
        (
            "case of condition keys",
            when("Bool", "AWS:securetransport", "true"),
            when("Bool", "aws:SecureTransport", "true"),
        ),
        (
            "case of tag keys",
            when("StringEquals", "aws:PrincipalTag/Team", "a"),
            when("StringEquals", "aws:PrincipalTag/team", "a"),
        ),
        ("a subsumed action", read(Action=["s3:GetObject", "s3:*"]), read(Action="s3:*")),
        ("a subsumed statement", doc(READ, {**READ, "Resource": "*"}), read(Resource="*")),
        (
            "a split statement",
            read(Action=["s3:GetObject", "s3:PutObject"]),
            doc(READ, {**READ, "Action": "s3:PutObject"}),
        ),
        ("ArnEquals and ArnLike", when("ArnEquals", "aws:SourceArn", A), when("ArnLike", "aws:SourceArn", A)),
        (
            "a bare address",
            when("IpAddress", "aws:SourceIp", "192.0.2.1"),
            when("IpAddress", "aws:SourceIp", "192.0.2.1/32"),
        ),
    ),
    *different(
        NEVER,
        ("case of resources", read(Resource="arn:aws:s3:::A/*"), read()),
        ("case of condition values", when("StringEquals", "a:b", "C"), when("StringEquals", "a:b", "c")),
        (
            "a split list of NotAction",
            doc({**without(READ, "Action"), "NotAction": ["iam:*", "sts:*"]}),
            doc({**without(READ, "Action"), "NotAction": "iam:*"}, {**without(READ, "Action"), "NotAction": "sts:*"}),
        ),
        (
            "a split list of NotResource",
            doc({**without(READ, "Resource"), "NotResource": [A, B]}),
            doc({**without(READ, "Resource"), "NotResource": A}, {**without(READ, "Resource"), "NotResource": B}),
        ),
        (
            "action by resource products",
            read(Action=["s3:GetObject", "s3:PutObject"], Resource=[A, B]),
            doc(READ, {**READ, "Action": "s3:PutObject", "Resource": B}),
        ),
        ("a Deny without an Allow", read(Effect="Deny"), doc()),
        (
            "Version with a variable",
            read(Resource="arn:aws:s3:::a/${aws:username}/*"),
            {**read(Resource="arn:aws:s3:::a/${aws:username}/*"), "Version": "2008-10-17"},
        ),
        ("two wildcards", read(Resource="arn:aws:s3:::a/**"), read()),
        ("a wildcard and what it stands for", read(Action="s3:GetObjec?"), read()),
    ),
]
