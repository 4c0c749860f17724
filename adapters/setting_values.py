"""Turns the text of a setting into its value, or says in a sentence what is wrong with it and what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

PERIODS = "second|minute|hour|day"
SWITCHES = {
    "on": True,
    "yes": True,
    "true": True,
    "1": True,
    "off": False,
    "no": False,
    "false": False,
    "0": False,
}


class Values:
    """The texts of the settings; a blank one counts as not set. What is wrong is added to `problems`.

    Every reader gives its default for what is not set, and for what is wrong too: the problem is on the list.
    """

    def __init__(self, given: Mapping[str, str], problems: list[str]) -> None:
        self._given = {name: text for name, text in given.items() if text.strip()}
        self._problems = problems

    def text(self, name: str, default: str = "") -> str:
        """Any text."""
        return self._given.get(name, default)

    def header(self, name: str) -> str:
        """A text that travels in a header, where one of several lines has no place."""
        text = self.text(name)
        if re.search(r"[\x00-\x1f\x7f]", text):
            return self._wrong(
                name,
                "holds a line break or another sign that no header can hold: copy it once more, and nothing "
                "around it",
            )
        return text

    def shaped(self, name: str, shape: str, wrong: str, default: str = "") -> str:
        """A text that fits the regular expression as a whole."""
        text = self._given.get(name)
        if text is None:
            return default
        return text if re.fullmatch(shape, text, re.ASCII) else self._wrong(name, wrong, default)

    def word(self, name: str) -> str:
        """The word of a business."""
        return self.shaped(
            name,
            r"[a-z][a-z0-9_]*",
            "is not the word of a business: write what stands at `business:` in its pack",
        )

    def address(self, name: str, default: str, what: str = "", user: bool = False) -> str:
        """An address to be asked over HTTP, without a slash at its end; `user` allows a user name in it."""
        text = self._given.get(name)
        if text is None:
            return default
        wrong = _wrong_address(text, user)
        if wrong:
            remedy = (
                f"leave it out for {default}"
                if default
                else f"write {what}, such as https://shop.example.org"
            )
            return self._wrong(name, f"{wrong}; {remedy}", default)
        return text.rstrip("/")

    def database(self, name: str, default: str) -> str:
        """The address of a database."""
        text = self.text(name, default)
        if re.fullmatch(r"sqlite:///.+|postgres(ql)?://[^/\s]*/[^/\s?#]+(\?\S*)?", text, re.DOTALL):
            return text
        return self._wrong(
            name,
            "is not an address of a database this version knows: write sqlite:///shoptalk.db for a file in "
            "the current folder, sqlite:////var/lib/shoptalk.db for an absolute path, or "
            "postgresql://user:password@host/name for PostgreSQL",
            default,
        )

    def redis(self, name: str) -> str:
        """The address of a Redis server."""
        return self.shaped(
            name,
            r"rediss?://\S+|unix://\S+",
            "is not the address of a Redis server: write redis://localhost:6379/0, or leave it out to run "
            "without",
        )

    def number(self, name: str, default: float, least: float, most: float, unit: str) -> float:
        """A number between two bounds."""
        text = self._given.get(name)
        if text is None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if least <= value <= most:
            return value
        self._wrong(
            name, f"is no number of {unit} between {least:g} and {most:g}; leave it out for {default:g}"
        )
        return default

    def switch(self, name: str, default: bool) -> bool:
        """`on` or `off`."""
        text = self._given.get(name)
        if text is None:
            return default
        if text.strip().lower() not in SWITCHES:
            self._wrong(name, f"is neither on nor off; leave it out for {'on' if default else 'off'}")
        return SWITCHES.get(text.strip().lower(), default)

    def networks(self, name: str) -> tuple[IPv4Network | IPv6Network, ...]:
        """Addresses and networks, one behind the other with commas or spaces between them."""
        found = []
        for text in re.split(r"[\s,]+", self.text(name).strip()):
            try:
                found += [ip_network(text)] if text else []
            except ValueError:
                self._wrong(
                    name, f"names {text!r}, which is no address or network: write 10.0.0.0/8, 192.0.2.7"
                )
        return tuple(found)

    def rate(self, name: str, default: str) -> str:
        """How often something may be asked, such as `20 per second`."""
        return self.shaped(
            name,
            rf"\d{{1,9}} ?(per|/) ?(\d{{1,6}} ?)?({PERIODS})s?",
            f"is not a rate such as '100 per minute'; leave it out for '{default}'",
            default,
        )

    def has_all(self, what: str, names: Sequence[str]) -> bool:
        """Whether all of these are set; some of them is a problem."""
        missing = [name for name in names if name not in self._given]
        if missing and len(missing) < len(names):
            self._problems.append(
                f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set, while other settings "
                f"of {what} are: set all of them, or none to run without {what}"
            )
        return not missing

    def _wrong(self, name: str, sentence: str, instead: str = "") -> str:
        self._problems.append(f"{name} {sentence}")
        return instead


def dotenv_values(path: Path | None, problems: list[str]) -> dict[str, str]:
    """What the `.env` file sets; texts are taken as they stand, a `$` in them means nothing."""
    if path is None or not path.is_file():
        return {}
    from dotenv.parser import parse_stream

    try:
        with path.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path} cannot be read: {error}")
        return {}
    for binding in bindings:
        if binding.error:
            problems.append(
                f"{path}:{binding.original.line} is not NAME=value; put a value that holds a # or a quote "
                "between single quotes"
            )
    return {
        binding.key: binding.value
        for binding in bindings
        if binding.key and binding.value and binding.value.strip()
    }


def _wrong_address(url: str, user: bool) -> str:
    """What is wrong with the address of an API; nothing where it may be used."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is not an address"
    if parts.scheme not in ("http", "https") or not host or re.search(r"\s", url) or port == 0:
        return "is not an address that begins with https://"
    if (parts.username is not None and not user) or parts.query or parts.fragment:
        return "holds a user name, a ? or a #, which has no place there"
    if parts.scheme == "http" and not _is_local(host):
        return "is not a local address, so http:// would show the access token to everybody: write https://"
    return ""


def _is_local(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal", ".test"))
    return address.is_loopback or address.is_private
