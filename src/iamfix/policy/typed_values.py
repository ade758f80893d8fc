"""Numbers, dates, IP ranges and binary values of conditions, read from text; None where the text is not one."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

__all__ = ["IpRange", "ip_range", "ip_value", "parse_binary", "parse_date", "parse_number"]

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,100}(?:\.[0-9]{0,100})?|\.[0-9]{1,100})(?:[eE][+-]?[0-9]{1,3})?")
_EPOCH = re.compile(r"-?[0-9]{5,16}(?:\.[0-9]{1,9})?")
_ISO = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?)?)?"
)

IpRange = tuple[int, int, int]
"""Version (4 or 6), network as a number, bits that follow the prefix."""


def parse_number(text: str) -> Decimal | None:
    """An integer or decimal value."""
    text = text.strip()
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def parse_date(text: str) -> Decimal | None:
    """Seconds since 1970 from a W3C date (ISO 8601) or from epoch time; no zone means UTC.

    Source: IAM User Guide, reference_policies_elements_condition_operators (date condition operators).
    """
    text = text.strip()
    if _EPOCH.fullmatch(text):
        return Decimal(text)
    found = _ISO.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=_zone(zone),
        )
        return Decimal(int((moment - _EPOCH_START).total_seconds())) + Decimal(fraction or 0)
    except (ValueError, OverflowError):
        return None


_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)


def ip_range(text: str) -> IpRange | None:
    """A CIDR range, or one address (a range of itself); bits set behind the prefix are ignored."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    return network.version, int(network.network_address), network.max_prefixlen - network.prefixlen


def ip_value(text: str) -> tuple[int, int] | None:
    """Version and number of an address."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return address.version, int(address)


def parse_binary(text: str) -> bytes | None:
    """The bytes that base64 text stands for."""
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
