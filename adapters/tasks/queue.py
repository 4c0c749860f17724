"""Tells workers, through huey, which conversations to look at; what there is to do stands in the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from huey.api import Huey
from huey.registry import Message
from huey.serializer import Serializer

from adapters import log
from adapters.storage import StorageError
from adapters.tasks.later import Later
from adapters.tasks.memory_queue import IN_MEMORY, MemoryQueue
from adapters.tasks.redis_queue import RedisQueue

__all__ = ["IN_MEMORY", "Dispatch", "Queue"]

Work = Callable[[int], object]
"""What is done about the row of this id."""

Together = Callable[[Sequence[int]], Iterable[int]]
"""What is done about several rows at once; it gives those that are to be done each alone."""

MOST_TOGETHER = 64
"""Conversations whose turns a thread takes together, at most."""

REST_SECONDS = 0.005
"""How soon after one look at what waits the next comes, at the earliest: meanwhile more comes together."""


class Dispatch:
    """The two queues, in this process or in Redis: turns, and what waits for a provider.

    Both carry row ids alone. One that is lost, with a worker or with Redis, is found again by `Jobs.tick`.
    """

    def __init__(self, redis_url: str = "") -> None:
        self.turns = Queue("turns", redis_url, ("take_turns",))
        self.deliveries = Queue("deliveries", redis_url, ("deliver", "fetch_media"))
        self.later = Later()

    def take_turns(self, *conversations: int) -> None:
        """Has somebody take up what waits in these conversations."""
        self.turns.put("take_turns", conversations)

    def deliver(self, *conversations: int) -> None:
        """Has somebody send the queued replies of these conversations."""
        self.deliveries.put("deliver", conversations)

    def fetch_media(self, *messages: int) -> None:
        """Has somebody fetch the files that these messages brought."""
        self.deliveries.put("fetch_media", messages)

    def close(self) -> None:
        """Hands out nothing more; in Redis others find what is left."""
        self.turns.storage.close()
        self.deliveries.storage.close()
        self.later.wake()

    def state(self) -> str:
        """`in memory`, `ok` for a Redis that answers, or why it is of no use."""
        return self.turns.storage.state()


class Queue:
    """A queue of huey's with a few tasks, each of which is told one row id.

    A task that waits is not put in again, neither by this process nor, in Redis, by another. `work` does a
    task about one row; of a task that is done together, those that wait at the same time are.
    """

    def __init__(self, name: str, redis_url: str, tasks: Iterable[str]) -> None:
        self.name = name
        self.storage: MemoryQueue = RedisQueue(name, redis_url) if redis_url else MemoryQueue(name)
        self.huey = Huey(
            name, results=False, serializer=_Words(), storage_class=lambda *_, **__: self.storage
        )
        self.work: dict[str, Work] = {}
        self._together: dict[str, Together] = {}
        self.begun: set[tuple[str, int]] = set()
        self._words = {task: self._registered(task) for task in tasks}

    def do_together(self, task: str, together: Together) -> None:
        """Has what waits of this task done at once; before the queue is opened."""
        self._together[task] = together
        self.storage.give_together(MOST_TOGETHER, REST_SECONDS)

    def put(self, task: str, ids: Iterable[int]) -> None:
        """Puts in the task once for each id, the first first."""
        word = self._words[task]
        self.storage.put([b"%s %d" % (word, one) for one in ids])

    def _registered(self, task: str) -> bytes:
        """What the task is called in the queue, once huey knows it."""

        def do(*rows: int) -> None:
            together = self._together.get(task)
            left = rows if together is None or len(rows) == 1 else self._do_together(task, together, rows)
            for row in left:
                self._do(task, row)

        self.huey.task(name=task)(do)
        return task.encode()

    def _do_together(self, task: str, together: Together, rows: Sequence[int]) -> Iterable[int]:
        """Does them at once; those that are to be done each alone."""
        begun = {(task, row) for row in rows}
        self.begun |= begun
        try:
            return together(rows)
        finally:
            self.begun -= begun

    def _do(self, task: str, row: int) -> None:
        self.begun.add((task, row))
        try:
            self.work[task](row)
        except StorageError as error:
            # The database is away or busy. It still knows what is to be done: `tick` finds it there.
            log.problem("work_put_off", error, task=task, row=row)
        except Exception as error:
            log.problem("work_failed", error, task=task, row=row)
        finally:
            self.begun.discard((task, row))


class _Words(Serializer):
    """Writes tasks as `deliver 7`: nothing that Redis holds is ever run, as a pickle would be."""

    def serialize(self, data: Message) -> bytes:
        return f"{data.name.rpartition('.')[2]} {data.args[0]}".encode()

    def deserialize(self, data: bytes) -> Message:
        task, _, rows = data.decode().partition(" ")
        return Message(data, f"{__name__}.{task}", args=tuple(map(int, rows.split(" "))), kwargs={})
