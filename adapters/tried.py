"""Finds the pack and the flow that a command is to try, and what its conversations reach already."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from adapters.packs import checked_pack, is_pack, load_pack
from engine.pack import Pack
from engine.rehearsal.coverage import Coverage


class Untriable(Exception):
    """There is nothing to try; the text says why, for people."""


class Tried(NamedTuple):
    """A pack whose files are in order, its folder, and the role whose flow is tried."""

    folder: Path
    pack: Pack
    role: str


def tried(path: Path, role: str | None) -> Tried:
    """The pack in this folder, or of this flow file; the role that is named, the file's own, or `customer`.

    Raises Untriable.
    """
    folder = path if path.is_dir() else path.parent
    if not is_pack(folder):
        raise Untriable(f"no pack in {folder}: a pack is a folder with a business.yaml")
    pack, report = checked_pack(folder)
    if pack is None or report:
        raise Untriable("\n".join(report))
    if role is None and path.is_file():
        role = next((one for one, file in pack.business.flows.items() if file == path.name), None)
        if role is None:
            raise Untriable(f"{path.name} is no flow of {folder}/business.yaml")
    role = role or ("customer" if "customer" in pack.flows else next(iter(pack.flows)))
    if role not in pack.flows:
        roles = ", ".join(pack.flows)
        raise Untriable(f"there is no role {role!r} in {folder}/business.yaml; there are {roles}")
    return Tried(folder, pack, role)


def reached(of: Tried) -> Coverage:
    """What the conversations of the pack reach of the flow; one that cannot be played reaches what it did."""
    from adapters.provider_limits import UnknownProvider, limits_of
    from engine.rehearsal.script import script_of
    from engine.rehearsal.talk import Unplayable
    from engine.rehearsal.transcript import play

    coverage = Coverage(of.pack.flows[of.role])
    for file, document in load_pack(of.folder).documents.items():
        if not file.startswith("conversations/"):
            continue
        script = script_of(document)
        if script.role != of.role:
            continue
        try:
            play(of.pack, script, limits_of(script.provider), coverage.see)
        except (Unplayable, UnknownProvider):
            continue
    return coverage
