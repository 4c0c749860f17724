"""Finds out who asks, and under which address, where trusted proxies stand in front of this server."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from adapters.settings import Networks

HERE = ip_address("127.0.0.1")
"""Who asks through a socket of this machine, which has no address."""

_HOST = re.compile(r"[A-Za-z0-9.-]{1,255}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?", re.ASCII)


class Asked(NamedTuple):
    """Who asked, empty where that is unknown; and by which scheme and host, empty where no proxy says."""

    address: str
    scheme: str = ""
    host: str = ""


def asked_by(peer: str, said_for: str, said_scheme: str, said_host: str, trusted: Networks) -> Asked:
    """Who asked, believing of what the proxies say (`X-Forwarded-…`) only what trusted ones add.

    The chain of addresses is walked from the right, each of them told by the one behind it, up to the first
    that nobody vouches for.
    """
    if not trusted:
        return Asked(peer)
    at = address_of(peer) if peer else HERE
    if at is None or not is_in(at, trusted):
        return Asked(peer)
    hops = 0
    for text in reversed(said_for.split(",")):
        further = address_of(text.strip())
        if further is None:
            break
        at, hops = further, hops + 1
        if not is_in(at, trusted):
            break
    scheme = _told(said_scheme, hops).lower()
    host = _told(said_host, hops)
    return Asked(
        str(at), scheme if scheme in ("http", "https") else "", host if _HOST.fullmatch(host) else ""
    )


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """The address in the text, with or without a port; an IPv4 address in IPv6's clothes as what it is."""
    match = re.fullmatch(r"\[([^\]]*)\](?::\d{1,5})?|([^:]*):\d{1,5}", text)
    bare = (match[1] or match[2] or "") if match else text
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_in(address: IPv4Address | IPv6Address, networks: Networks) -> bool:
    """Whether one of the networks holds the address."""
    return any(address in network for network in networks)


def _told(line: str, hops: int) -> str:
    """What the proxy next to who asked said: as many entries from the right as there were hops."""
    entries = [entry.strip() for entry in line.split(",")]
    return entries[-min(max(hops, 1), len(entries))]
