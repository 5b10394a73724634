"""Addresses of clients, and those that may hold a user and a password."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address, ip_network

_AUTHORITY = re.compile(r"[^/?#]*")
_UNESCAPED = re.compile(r"[@\[\]\s]")


def check_credentials(address: str) -> None:
    """Raise ValueError if a user or password may have a / ? # or @ that isn't escaped.

    As it is, it ends a part of the address too early, and the rest of the password is taken for a
    host or a path, which messages name. An @ of a path is fine where nothing before it can be a
    password. The message completes the sentence "it must be …", and holds nothing of the address.
    """
    rest = address.partition("://")[2]
    match = _AUTHORITY.match(rest)
    authority = match[0] if match else ""
    user_and_password, at, host = authority.rpartition("@")
    may_go_on = "@" in rest[len(authority) :] and (bool(at) or ":" in host)
    if may_go_on or _UNESCAPED.search(user_and_password):
        raise ValueError(
            "an address whose user and password have / ? # @ as %2F %3F %23 %40, such as "
            "SCHEME://USER:PASSWORD@HOST"
        )


def client_network(address: str) -> str:
    """The client: an IPv4 address, or an IPv6 network of the size that providers assign."""
    try:
        ip = ip_address(address)
    except ValueError:  # of a socket file
        return address
    if not isinstance(ip, IPv6Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ip_network((int(ip), 64), strict=False))
