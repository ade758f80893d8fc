"""Which variables look like credentials: forty as functions have them, and the edges of the rules."""

from __future__ import annotations

import random
import string

import pytest

from iamfix.kinds.secret_like import looks_secret
from tests.kinds.environment_variables import CREDENTIALS, HARMLESS


def test_forty_variables() -> None:
    """Half are credentials, half are not."""
    assert (len(CREDENTIALS), len(HARMLESS)) == (20, 20)


@pytest.mark.parametrize("name", sorted(CREDENTIALS))
def test_credentials_are_found(name: str) -> None:
    """Whatever the variable is called, and in whatever it is wrapped."""
    assert looks_secret(name, CREDENTIALS[name])


@pytest.mark.parametrize("name", sorted(HARMLESS))
def test_what_is_harmless_is_not(name: str) -> None:
    """Names, places, hashes and ids are no credentials, even of variables that are named after one."""
    assert not looks_secret(name, HARMLESS[name])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PASSWORD", ""), ("PASSWORD", "${PASSWORD}"), ("PASSWORD", "{{resolve:ssm:/db}}"), ("PASSWORD", "changeme"),
        ("API_KEY", "<your key>"), ("SECRET", "********"), ("SQL", "Server=x;Password=${PASSWORD};"),
        ("USE_TOKEN", "true"), ("SECRET_ROTATION_DAYS", "30"), ("KEY", "abc"), ("PRIMARY_KEY", "order_id"),
        ("NEXT_PUBLIC_TITLE", "Orders and payments of the whole company, version 2026"),
        ("PYTHONPATH", "/opt/python:/var/task/vendor/lib/python3.13/site-packages"),
        ("HANDLER", "OrdersServiceRequestStreamHandlerImplementationV2"),
        ("SUBNETS", "subnet-0a1b2c3d4e5f60718,subnet-0f1e2d3c4b5a69788"),
        ("CLIENT_ID", "3n4b5urk1ft4fl3mg5e62d9ado"),
        ("BROKEN", "{not json"), ("BROKEN", "[[[[[[[[[["), ("PATTERN", "^[A-Za-z0-9+/]{40}$"),
    ],
)  # fmt: skip
def test_edges_that_are_harmless(name: str, value: str) -> None:
    """Placeholders, references, words and lists."""
    assert not looks_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dbPassword", "tulip"), ("DB-PASSWD", "7tulips"), ("MYSQL_PWD", "12345678"), ("stripeToken", "tok-1a2b3c"),
        ("HEADER", "Bearer 1a2b3c4d5e6f7g8h9i"), ("CONFIG", '{"db": {"password": "tulip-7"}}'),
        ("CONFIG", '["AKIA' + 'QWERTYUIOPASDFGH"]'), ("LINE", "url=https://x/?api_key=1a2b3c4d5e"),
    ],
)  # fmt: skip
def test_edges_that_are_credentials(name: str, value: str) -> None:
    """Weak passwords that are named so, headers, and what is deep inside."""
    assert looks_secret(name, value)


def test_random_keys_are_found_and_random_hashes_are_not() -> None:
    """Of 2,000 random secret keys at least 99 % are found under a name that says nothing; of 2,000 hashes none."""
    chance = random.Random(7)
    letters = string.ascii_letters + string.digits + "+/"
    keys = ["".join(chance.choices(letters, k=40)) for _ in range(2000)]
    hashes = [f"{chance.getrandbits(4 * size):0{size}x}" for size in (32, 40, 64, 128) for _ in range(500)]
    assert sum(looks_secret("VALUE", key) for key in keys) >= 1980
    assert not any(looks_secret("VALUE", one) for one in hashes)


def test_no_value_takes_long() -> None:
    """Four kilobytes, which is all that a function may have, are judged in no time, however odd."""
    for value in ("a" * 4096, "{" * 4096, "A1b" * 1365, "x=" * 2048, "eyJ" * 1365, "://:" * 1024, "/" * 4096):
        looks_secret("VALUE", value)
