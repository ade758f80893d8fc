"""Whether a variable's value looks like a credential: by its form, by the variable's name, by its randomness.

It answers yes or no; values are looked at and never kept. Forms are those that the vendors document, as GitHub's list
of secret scanning patterns and AWS's "Understanding unique ID prefixes" have them.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import unquote

_FORMS = re.compile(
    r"""
      (?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])   # AWS access key id, bearer token
    | gh[opsur]_[A-Za-z0-9]{30,} | github_pat_[A-Za-z0-9_]{30,}            # GitHub
    | glpat-[A-Za-z0-9_-]{20,}                                             # GitLab
    | xox[abeoprs]-[A-Za-z0-9-]{10,} | xapp-\d-[A-Za-z0-9-]{10,}           # Slack
    | hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/]{20,}
    | discord(?:app)?\.com/api/webhooks/\d+/[\w-]{20,}
    | (?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,} | whsec_[A-Za-z0-9+/=]{16,} # Stripe
    | AIza[A-Za-z0-9_-]{35} | ya29\.[A-Za-z0-9_-]{20,} | GOCSPX-[\w-]{20,} # Google
    | sk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{20,}                        # OpenAI, Anthropic
    | SG\.[\w-]{16,}\.[\w-]{16,}                                           # SendGrid
    | (?<![A-Za-z0-9])SK[0-9a-f]{32}(?![A-Za-z0-9])                        # Twilio
    | (?<![A-Za-z0-9])key-[0-9a-f]{32}(?![A-Za-z0-9])                      # Mailgun
    | npm_[A-Za-z0-9]{30,} | pypi-[\w-]{30,} | rubygems_[0-9a-f]{30,}      # package registries
    | dop_v1_[0-9a-f]{40,} | shp(?:at|ca|pa|ss)_[0-9a-fA-F]{30,} | hf_[A-Za-z0-9]{30,}
    | hv[sb]\.[\w-]{20,} | dapi[0-9a-f]{32} | NRAK-[A-Z0-9]{20,} | AGE-SECRET-KEY-1[A-Z0-9]{20,}
    | (?<!\d)\d{8,10}:[A-Za-z0-9_-]{35}(?![\w-])                           # Telegram
    | -----BEGIN\ (?:[A-Z0-9]+\ )*PRIVATE\ KEY(?:\ BLOCK)?-----
    | (?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}                     # JSON web token, signed
    """,
    re.VERBOSE,
)
_HEADER = re.compile(r"(?i)\s*(?:bearer|basic|token)\s+(?P<rest>[\w.~+/=-]{12,})\s*")
_IN_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@?#]*:(?P<rest>[^\s/@]+)@")
_IN_PAIRS = re.compile(
    r"(?i)(?<![a-z0-9])(?:password|passwd|pwd|pass|(?:shared)?access_?key|account_?key|secret(?:_?access)?(?:_?key)?"
    r"|client_?secret|api_?key|auth_?token|access_?token|sig|token)\s*=\s*[\"']?(?P<rest>[^\s;&,\"']{4,})"
)
_PLACEHOLDER = re.compile(
    r"(?i)\$\{?[\w.:/-]+\}?|\{\{.*\}\}|\{[\w.:/-]*\}|<[^>]*>|%\w+%|\*+|x+|\.+|_+|change_?me|todo|none|null|placeholder"
    r"|example|redacted|(?:aws-)?(?:ssm|secretsmanager|vault|arn):\S*|(?:true|false|yes|no|on|off|enabled|disabled)"
)

_SECRET_WORDS = re.compile(
    r"(?:pass(?:word|wd|phrase)?|pwd|secrets?|tokens?|creds?|credentials?|apikey|authkey)"
    r"|(?:api|access|private|signing|encryption|auth|account|master|shared|session|license|service)_key|hmac(?:_key)?"
    r"|(?:webhook|client|app|consumer)_secret|webhook_url"
)
_SAYS_ABOUT = re.compile(
    r"(?:arns?|names?|ids?|paths?|files?|urls?|uris?|urn|endpoints?|hosts?|ports?|ttl|expiry|expires|expiration|seconds"
    r"|minutes|days|age|length|size|min|max|limit|count|headers?|prefix|suffix|regions?|versions?|types?|kinds?|timeout"
    r"|enabled|required|policy|param|parameter|ref|location|bucket|table|alias|rotation|algorithm|issuer|audience|scopes?"
    r"|field|column|cache|pool|stage|mode|format|label|username|email|function|provider|manager|store)"
)
_FINGERPRINTS = re.compile(
    r"sha\d*|md5|hash(?:es)?|digests?|checksums?|etag|fingerprints?|integrity|commit|revision|build|cert(?:ificate)?"
    r"|public_key|pubkey|nonce|trace|correlation|image|layer|thumbprint"
)
_HARMLESS = re.compile(
    r"""
      arn:aws[a-z-]*:[^\s]+
    | [0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}                 # UUID
    | [^\s@]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}                                 # e-mail
    | (?:\S+@)?(?:sha\d+|md5)[:-][A-Za-z0-9+/=]+                           # digests, with or without an image
    | ssh-\w+\ AAAA\S+.* | -----BEGIN\ (?:PUBLIC\ KEY|CERTIFICATE)-----.*
    | [\d.:,+TZ\ _-]+                                                      # numbers, versions, times, addresses
    """,
    re.VERBOSE | re.DOTALL,
)
_HEX = re.compile(r"(?:0x)?[0-9a-fA-F]+")
_AWS_SECRET = re.compile(r"[A-Za-z0-9+/]{40}")
_RUN = re.compile(r"[A-Za-z0-9+/_=-]{20,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_DEPTH = 3


def looks_secret(name: str, value: str, depth: int = _DEPTH) -> bool:
    """Tell whether a variable of this name and value looks like a credential.

    What is wrapped (JSON, base64) is judged by what is inside.
    """
    text = value.strip()
    if not text or _PLACEHOLDER.fullmatch(text):
        return False
    if _FORMS.search(text) or any(_has_password(text)):
        return True
    if depth and (inside := _unwrapped(text)) is not None:
        return any(looks_secret(f"{name}_{key}" if key else name, one, depth - 1) for key, one in inside)
    if _named_secret(name):
        return _is_password(text)
    if _HARMLESS.fullmatch(text) or _named(name, _FINGERPRINTS):
        return False
    if _AWS_SECRET.fullmatch(text):  # its slashes make no path of it
        return _random(text)
    return any(_random(run) for run in _RUN.findall(_without_places(text)))


def _has_password(text: str) -> Iterator[bool]:
    """Yield whether each password in a URL, a connection string, or a header is one, and no placeholder."""
    for pattern in (_IN_URL, _IN_PAIRS):
        for found in pattern.finditer(text):
            yield not _PLACEHOLDER.fullmatch(unquote(found["rest"]))
    if (header := _HEADER.fullmatch(text)) is not None:
        yield bool(re.search(r"\d", header["rest"]))


def _words(name: str) -> list[str]:
    """The words of a name: DB_PASSWORD, dbPassword and db-password have the same."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word]


def _named(name: str, what: re.Pattern[str]) -> bool:
    """Tell whether a word of a name, or two in a row, are such."""
    words = _words(name)
    pairs = [f"{one}_{two}" for one, two in pairwise(words)]
    return any(what.fullmatch(one) for one in (*words, *pairs))


def _named_secret(name: str) -> bool:
    """Tell whether a name says that it holds a secret, and not only something about one (its name, its age)."""
    words = _words(name)
    if not words or (_SAYS_ABOUT.fullmatch(words[-1]) and not name.lower().endswith("webhook_url")):
        return False
    return _named(name, _SECRET_WORDS)


def _is_password(text: str) -> bool:
    """Tell whether the value of a variable that is named like a secret is one, and not where it is to be found."""
    if len(text) < 4 or text.startswith(("arn:", "/", "./", "-----BEGIN PUBLIC", "-----BEGIN CERT")):
        return False
    return not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://\S*|[a-z0-9-]+(?:/[A-Za-z0-9_.-]+)+", text)


def _unwrapped(text: str) -> list[tuple[str, str]] | None:
    """Return the names and texts inside JSON, or inside the base64 of text; None for what is neither."""
    if text[0] in "{[":
        try:
            return list(_leaves(json.loads(text)))
        except (ValueError, RecursionError):
            return None
    if _BASE64.fullmatch(text) and not _HEX.fullmatch(text):
        try:
            inside = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)).decode()
        except (binascii.Error, ValueError):
            return None
        if inside and all(char.isprintable() or char in "\r\n\t" for char in inside):
            lines = [line for line in inside.splitlines() if line.strip()]
            if inside.lstrip()[:1] in ("{", "[") or "PRIVATE KEY" in inside:
                return [("", inside)]
            return [_pair(line) for line in lines]
    return None


def _pair(line: str) -> tuple[str, str]:
    """A line such as `key: value` or `key=value`."""
    found = re.match(r"\s*([A-Za-z][\w.-]*)\s*[:=]\s*(.*)", line)
    return (found[1], found[2].strip("\"' ")) if found else ("", line)


def _leaves(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, key)
    elif isinstance(value, str):
        yield key, value


def _without_places(text: str) -> str:
    """Leave out what only says where something is: hosts and paths of URLs (not their queries), ARNs, UUIDs, files."""
    text = re.sub(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s?#]*", " ", text)
    text = re.sub(r"arn:aws[a-z-]*:\S+", " ", text)
    text = re.sub(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", " ", text)
    return re.sub(r"(?:^|(?<=[\s,;:=]))[\w.-]*(?:/[\w.-]+){2,}", lambda found: _path(found[0]), text)


def _path(text: str) -> str:
    """Nothing for what is a path of words; what is all one random text stays."""
    return text if max(map(len, text.split("/"))) >= 16 and re.search(r"[A-Z].*\d|\d.*[A-Z]", text) else " "


def _random(run: str) -> bool:
    """Tell whether letters and digits follow on each other as nobody writes them.

    Text of all 64 signs of base64, drawn at random, has some 4.2 bits a sign at 24 signs and 4.8 at 40; words have
    less, and change less often between small letters, capitals and digits. Hexadecimal is taken for a hash or an id.
    """
    body = run.strip("=-_/")
    if len(body) < 24 or _HEX.fullmatch(body.replace("-", "").replace("_", "")):
        return False
    classes = ["d" if char.isdigit() else "u" if char.isupper() else "l" if char.islower() else "o" for char in body]
    if not {"d", "u", "l"} <= set(classes):
        return False
    counts = Counter(body)
    entropy = -sum(n / len(body) * math.log2(n / len(body)) for n in counts.values())
    changes = sum(one != two for one, two in pairwise(classes)) / (len(body) - 1)
    return entropy >= 3.9 and changes >= 0.35
