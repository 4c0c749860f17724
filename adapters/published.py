"""Knows the versions that this process answers with: the newest of each business, and older ones at need."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from adapters import log
from adapters.storage import InForce, Storage
from engine.interpreter import Interpreter
from engine.pack import Pack
from engine.publishing.content import content_of
from engine.publishing.versions import Version
from engine.reader import read_pack

OLD_VERSIONS = 32
"""How many flows of older versions are kept compiled; any other is compiled when it is spoken to."""

FOLLOW_SECONDS = 1.0
"""How often the database is asked whether something was published elsewhere."""

CUSTOMER = "customer"


def nobody(text: str) -> None:
    """Says nothing: what is told here stands in the log too."""


class Published:
    """The packs in force, `packs` by business, and their flows compiled.

    `say` is given sentences for whoever looks at the terminal.
    """

    def __init__(self, storage: Storage, say: Callable[[str], None] = nobody) -> None:
        self.storage = storage
        self.packs: dict[str, Pack] = {}
        self._say = say
        self._newest: dict[tuple[str, str], Version] = {}
        self._publications: dict[str, int] = {}
        self._older: OrderedDict[tuple[str, str, int], Version] = OrderedDict()
        self._changing = threading.Lock()
        self._followed_at = 0.0

    # Which version answers

    def newest(self, business: str, role: str) -> Version:
        """The version in force of the role's flow; a role without a flow talks to the customers' one."""
        return self._newest.get((business, role)) or self._newest[business, CUSTOMER]

    def of(self, business: str, role: str, number: int | None) -> Version:
        """The version that a conversation is on; the newest where that is none, or one that is not kept."""
        newest = self.newest(business, role)
        if number is None or number == newest.number:
            return newest
        key = (business, role, number)
        with self._changing:
            found = self._older.get(key)
            if found is None:
                found = self._compiled(business, role, number) or newest
            self._older[key] = found
            self._older.move_to_end(key)
            while len(self._older) > OLD_VERSIONS:
                self._older.popitem(last=False)
        return found

    def holding(self, business: str, role: str, number: int | None, state: str) -> Version:
        """The version that a conversation in this state is on.

        A state that its version does not have was reached on the newest, by a process that knows no versions.
        """
        version = self.of(business, role, number)
        return version if state in version.flow.states else self.newest(business, role)

    def _compiled(self, business: str, role: str, number: int) -> Version | None:
        pack = self._stored(business, number)
        if pack is None:
            return None
        try:
            return Version(Interpreter(pack, role if role in pack.flows else CUSTOMER), number)
        except KeyError as error:
            # It was written for a Shoptalk that knew an action or a validator which this one does not.
            log.problem("version_not_readable", error, business=business, version=number)
            return None

    def _stored(self, business: str, number: int) -> Pack | None:
        pack = stored_pack(self.storage, business, number)
        if pack is None:
            log.problem("version_not_readable", business=business, version=number)
        return pack

    # What is in force

    def start(self, pack: Pack, now: datetime) -> None:
        """Serves the business of this pack, as it is in force.

        A content that was never published is; one that was published before is not, so that a host with old
        files takes nobody back.
        """
        business = pack.business.id
        if pack.files is None:
            self.storage.seed(pack)
            self._take_up(pack, None)
            return
        compiled = _versions(pack, 0)  # what cannot be compiled is not published
        in_force = self.storage.versions.publish(pack, "start", now, only_new=True)
        known = self.storage.versions.known(business, content_of(pack).hash)
        if known is None or known == in_force:
            self._take_up(pack, in_force, compiled)
            log.event("version_in_force", business=business, version=in_force.number, by="start")
            return
        stored = self._stored(business, in_force.number)
        if stored is None:
            self.publish(pack, "start", now)
            return
        log.event("older_files_left", pack=pack.path, version=known.number, in_force=in_force.number)
        self._say(
            f"{pack.path} holds version {known.number} of {business}, and {in_force.number} stays in force."
            f" `shoptalk rollback {business} {known.number}` goes back."
        )
        self.storage.seed(stored)
        self._take_up(stored, in_force)

    def read(self, pack: Pack) -> None:
        """Answers as the business does now, by this pack where nothing was published; writes nothing."""
        in_force = self.storage.versions.in_force(pack.business.id)
        stored = self._stored(pack.business.id, in_force.number) if in_force is not None else None
        self._take_up(stored or pack, in_force if stored is not None else None)

    def publish(self, pack: Pack, by: str, now: datetime | None = None) -> InForce:
        """Puts the pack in force everywhere, and answers with it from now on. Raises StorageError."""
        before = self._publications.get(pack.business.id)
        compiled = _versions(pack, 0)
        in_force = self.storage.versions.publish(pack, by, now or datetime.now(UTC))
        self._take_up(pack, in_force, compiled)
        if in_force.publication != before:
            log.event("version_in_force", business=pack.business.id, version=in_force.number, by=by)
        return in_force

    def follow(self) -> None:
        """Takes up what was published elsewhere, if it is time to look. Raises StorageError."""
        now = time.monotonic()
        if now - self._followed_at < FOLLOW_SECONDS:
            return
        self._followed_at = now
        publications = self.storage.versions.publications()
        for business in list(self.packs):
            if publications.get(business, 0) == self._publications.get(business, 0):
                continue
            in_force = self.storage.versions.in_force(business)
            pack = self._stored(business, in_force.number) if in_force is not None else None
            if pack is None or in_force is None:
                continue
            self._take_up(pack, in_force)
            log.event("version_taken_up", business=business, version=in_force.number)
            self._say(f"{business}: version {in_force.number} was published, and answers from now on.")

    def _take_up(
        self, pack: Pack, in_force: InForce | None, compiled: Mapping[str, Version] | None = None
    ) -> None:
        business = pack.business.id
        compiled = compiled or _versions(pack, 0)
        for version in compiled.values():
            version.number = in_force.number if in_force is not None else 0
        with self._changing:
            for role in compiled:
                before = self._newest.get((business, role))
                if before is not None:
                    self._older[business, role, before.number] = before
            self.storage.serve(pack)
            self.packs[business] = pack
            for key in [key for key in self._newest if key[0] == business and key[1] not in compiled]:
                del self._newest[key]
            self._newest.update({(business, role): version for role, version in compiled.items()})
            self._publications[business] = in_force.publication if in_force is not None else 0


def stored_pack(storage: Storage, business: str, number: int) -> Pack | None:
    """The pack as it was published; None where there is no such version, or it cannot be read any more."""
    content = storage.versions.content(business, number)
    if content is None:
        return None
    return read_pack(content.raw_files(), content.path, content.templates).pack


def _versions(pack: Pack, number: int) -> dict[str, Version]:
    return {role: Version(Interpreter(pack, role), number) for role in pack.flows}
