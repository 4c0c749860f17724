"""The job on a customer's file: fetch it from its provider and keep it, away from turns and webhooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from adapters import log
from adapters.channels.channel import Channel, Fetched, Remedy, SendFailed
from adapters.media import EmptyFile, MediaFolder, RefusedFile
from adapters.storage import Storage, WaitingMedia

LEASE = timedelta(minutes=10)
"""How long a file is nobody else's that somebody fetches."""

LONGEST = timedelta(minutes=5)
"""How long the fetching of one file may take."""

TRIES = 12
LONGEST_WAIT = timedelta(hours=6)
"""A file is tried again after 1, 4, 16 … seconds, at last every six hours: for about a day in all. Providers
keep files for a week."""


class TooSlow(Exception):
    """A file does not come to its end."""


class MediaJobs:
    """Fetches files into the folder. `is_stopping` is asked between two pieces of a file."""

    def __init__(
        self,
        storage: Storage,
        channels: Mapping[str, Channel],
        folder: Path,
        now: Callable[[], datetime],
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.storage = storage
        self.channels = channels
        self.folder = MediaFolder(folder)
        self.now = now
        self.is_stopping = is_stopping

    def due(self, limit: int = 100) -> list[int]:
        """The messages whose file may be fetched now."""
        return self.storage.media.due(self.now(), limit)

    def fetch_media(self, message: int) -> None:
        """Fetches the file of the message, if nobody else does; what may pass is tried again later."""
        now = self.now()
        waiting = self.storage.media.claim(message, now, now + LEASE)
        if waiting is None:
            return
        ids = {"message": message, "business": waiting.business, "correlation": waiting.correlation}
        if waiting.attempts > TRIES:
            self._give_up(waiting, "whoever fetched it never came to an end", ids)
            return
        try:
            fetched = self._channel(waiting).fetch(waiting.media)
            kept = self.folder.keep(waiting, fetched._replace(content=self._in_time(fetched, now)))
        except RefusedFile as refusal:
            self.storage.media.refused(waiting, str(refusal))
            log.event("media_refused", reason=str(refusal), **ids)
        except SendFailed as failure:
            if failure.remedy in (Remedy.NEVER, Remedy.TEMPLATE):
                self._give_up(waiting, str(failure), ids)
            else:
                self._again(waiting, str(failure), ids, failure.wait)
        except (EmptyFile, TooSlow) as error:
            self._again(waiting, str(error), ids)
        except Exception as error:
            # A full disk, say: the file may be kept when that is mended.
            log.problem("media_broke", error, **ids)
            self._again(waiting, f"{type(error).__name__}: {error}", ids)
        else:
            if self.storage.media.kept(waiting, kept):
                log.event("media_kept", type=kept.mime_type, bytes=kept.size, **ids)

    def _channel(self, waiting: WaitingMedia) -> Channel:
        channel = self.channels.get(waiting.provider)
        if channel is None:
            raise SendFailed(
                "not_set_up", f"the channel {waiting.provider!r} is not set up here", Remedy.AGAIN
            )
        return channel

    def _in_time(self, fetched: Fetched, began: datetime) -> Iterator[bytes]:
        for piece in fetched.content:
            if self.is_stopping():
                raise TooSlow("the worker stops")
            if self.now() - began > LONGEST:
                raise TooSlow(f"it takes longer than {LONGEST.seconds} seconds")
            yield piece

    def _again(
        self, waiting: WaitingMedia, reason: str, ids: Mapping[str, object], wait: float = 0.0
    ) -> None:
        if waiting.attempts >= TRIES:
            self._give_up(waiting, reason, ids)
            return
        grown = min(timedelta(seconds=4 ** (waiting.attempts - 1)), LONGEST_WAIT)
        self.storage.media.again(waiting, reason, self.now() + max(grown, timedelta(seconds=wait)))
        log.event("media_not_fetched", reason=reason, attempts=waiting.attempts, **ids)

    def _give_up(self, waiting: WaitingMedia, reason: str, ids: Mapping[str, object]) -> None:
        self.storage.media.failed(waiting, reason)
        log.problem("media_failed", reason=reason, attempts=waiting.attempts, **ids)
