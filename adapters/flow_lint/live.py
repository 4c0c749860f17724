"""Finds the conversations that a pack would leave behind, were it published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from adapters.fates import Fate, conversations, fates
from adapters.flow_lint.arguments import UsageError
from adapters.flow_lint.checking import readings
from adapters.flow_lint.telling import LEFT_BEHIND
from adapters.published import Published
from adapters.settings import Settings
from adapters.storage import Storage, StorageError, open_storage
from engine.flow import Flow
from engine.source import Problem

if TYPE_CHECKING:
    from engine.pack import Pack


def left_behind(url: str, paths: Iterable[str]) -> list[Problem]:
    """The conversations of the database at this address that the packs of the paths would leave behind.

    Raises UsageError where the database cannot be read.
    """
    found: list[Problem] = []
    file = Settings(url).database_file
    if file is not None and not file.is_file():
        raise UsageError(f"--live: there is no {file}: `shoptalk serve` makes it")
    try:
        with closing(open_storage(url)) as storage:
            if pending := storage.pending():
                raise UsageError(f"the database lacks {', '.join(pending)}: `shoptalk doctor` says more")
            seen: set[str] = set()
            for path in paths:
                for reading in readings(path, seen):
                    if reading.pack is not None and not reading.problems:
                        found += _left_behind(storage, reading.pack)
    except StorageError as error:
        raise UsageError(f"--live: {error}") from error
    return found


def _left_behind(storage: Storage, pack: Pack) -> Iterator[Problem]:
    published = Published(storage)
    published.read(pack)
    for fate in fates(published, pack, datetime.now(UTC)):
        if fate.to is None and not fate.begin:
            flow = pack.flows.get(fate.role) or pack.flows["customer"]
            yield _problem(fate, flow)


def _problem(fate: Fate, flow: Flow) -> Problem:
    state = flow.states.get(fate.state)
    version = f"version {fate.version}" if fate.version else "the version before"
    verb = "stays" if fate.talks == 1 else "stay"
    message = (
        f"{conversations(fate.talks)} in {fate.state} {verb} on {version} until that is over: {fate.why}"
    )
    place, length = (state.place, len(fate.state)) if state is not None else (flow.place, len("flow"))
    return Problem(place, LEFT_BEHIND.name, message, length)
