"""`shoptalk diff [A] [B]`: says in words of the flow what one version does otherwise than another."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.commands.publish import with_storage

if TYPE_CHECKING:
    from adapters.storage import Storage
    from engine.pack import Pack

FLOWS = Path("flows")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "first",
        nargs="?",
        metavar="A",
        help="a pack, or the number of a version (default: the one in force)",
    )
    parser.add_argument("second", nargs="?", metavar="B", help="another (default: what is on the disk)")
    parser.add_argument("--business", default="", metavar="WORD", help="whose versions the numbers are")


class NotCompared(Exception):
    """Two packs cannot be compared; the text says why, and what to write."""


def run(arguments: argparse.Namespace) -> int:
    """Compares: 0 where both are alike, 1 where they differ, 2 where they cannot be compared."""
    first, second = arguments.first, arguments.second
    try:
        if first and second and not first.isdigit() and not second.isdigit():
            return _say([(_on_disk(first), _on_disk(second))])
        return with_storage(
            lambda storage: _say(_pairs(storage, first, second, arguments.business)), is_made=False
        )
    except NotCompared as error:
        print(error, file=sys.stderr)
        return 2


def _pairs(storage: Storage, first: str | None, second: str | None, business: str) -> list[tuple[Pack, Pack]]:
    """What is to be compared with what; a pack alone is held against what is in force."""
    if first is not None and not first.isdigit():
        pack = _on_disk(first)
        other = second if second is not None and second.isdigit() else None
        published = _published(storage, pack.business.id, other)
        return [(pack, published) if other is not None else (published, pack)]
    packs = {pack.business.id: pack for pack in map(_on_disk, _packs_here())}
    if second is not None and not second.isdigit():
        pack = _on_disk(second)
        return [(_published(storage, pack.business.id, first), pack)]
    if first is None:
        return [(_published(storage, name, None), pack) for name, pack in packs.items()]
    known = storage.versions.businesses()
    if not business and len(known) != 1:
        raise NotCompared(f"Of which business? Say it with --business: {', '.join(known) or 'none is here'}.")
    business = business or known[0]
    if second is not None:
        return [(_published(storage, business, first), _published(storage, business, second))]
    if business not in packs:
        raise NotCompared(f"The pack of {business} is not in {FLOWS}: name it.")
    return [(_published(storage, business, first), packs[business])]


def _packs_here() -> list[str]:
    from adapters.packs import packs_in

    found = [str(path) for path in packs_in(FLOWS)]
    if not found:
        raise NotCompared(f"There is no pack in {FLOWS} here: name one.")
    return found


def _on_disk(path: str) -> Pack:
    from adapters.packs import is_pack, load_pack

    if not is_pack(Path(path)):
        raise NotCompared(f"{path} is no pack: a pack is a folder with a business.yaml.")
    pack = load_pack(path).pack
    if pack is None:
        raise NotCompared(f"{path} cannot be read: `flow-lint {path}` says why.")
    return pack


def _published(storage: Storage, business: str, number: str | None) -> Pack:
    from adapters.published import stored_pack

    in_force = storage.versions.in_force(business)
    if in_force is None:
        raise NotCompared(f"Nothing was published of {business}: `shoptalk publish` does.")
    wanted = int(number) if number else in_force.number
    pack = stored_pack(storage, business, wanted)
    if pack is None:
        raise NotCompared(f"There is no version {wanted} of {business}: see `shoptalk versions`.")
    return pack


def _say(pairs: list[tuple[Pack, Pack]]) -> int:
    from engine.publishing.differences import differences

    differ = False
    for old, new in pairs:
        found = differences(old, new)
        differ = differ or bool(found)
        if len(pairs) > 1 and found:
            print(f"{new.business.id}:")
        for sentence in found:
            print(sentence)
    if not differ:
        print("Both do and say the same.")
    return 1 if differ else 0
