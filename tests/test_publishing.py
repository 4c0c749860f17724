"""Publishes packs while people talk: nothing is lost, and each answer lands where it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from storage_case import NOW, Place, in_threads

from adapters.fates import fates, told
from adapters.metrics import Metrics
from adapters.packs import load_pack
from adapters.published import OLD_VERSIONS, Published
from adapters.storage import Storage, open_storage
from adapters.tasks.turns import TakingTurns
from engine.conversation import Conversation, load
from engine.message import Inbound
from engine.pack import Pack
from engine.reader import read_pack

ROOT = Path(__file__).parent.parent
NUMBER = "simulated"


def pack_of(name: str, *edits: tuple[str, str, str], without: tuple[str, ...] = (), **more: str) -> Pack:
    """A pack of `flows`, with (file, old, new) in place; `more` are other files, with `__` for the point."""
    pack = load_pack(ROOT / "flows" / name).pack
    assert pack is not None
    assert pack.files is not None
    files = {file: raw.decode() if isinstance(raw, bytes) else raw for file, raw in pack.files.items()}
    files = {file: text for file, text in files.items() if file not in without}
    for file, old, new in edits:
        assert old in files[file], old
        files[file] = files[file].replace(old, new)
    files |= {file.replace("__", "."): text for file, text in more.items()}
    reading = read_pack(files, pack.path, pack.templates or {})
    assert reading.problems == (), reading.problems
    assert reading.pack is not None
    return reading.pack


class Shop:
    """A storage with one pack, the versions that a process knows, and customers who write."""

    def __init__(self, storage: Storage, pack: Pack) -> None:
        self.storage = storage
        self.business = pack.business.id
        self.now = NOW
        self.published = self.process()
        self.published.start(pack, NOW)
        storage.add_channel(self.business, "simulator", NUMBER)
        self.turns = self.turns_of(self.published)
        self.count = 0

    def process(self) -> Published:
        return Published(self.storage)

    def turns_of(self, published: Published) -> TakingTurns:
        return TakingTurns(self.storage, published, {}, lambda: self.now, Metrics(), lambda *_: None)

    def says(self, sender: str, *texts: str) -> list[str]:
        """What is answered to the last of these."""
        said: list[str] = []
        for text in texts:
            said = self.hears(sender, Inbound("text", text))
        return said

    def hears(self, sender: str, inbound: Inbound) -> list[str]:
        self.count += 1
        self.now += timedelta(seconds=1)
        message = inbound._replace(id=f"in.{self.count}", sender=sender, channel=NUMBER, sent_at=self.now)
        self.storage.accept("simulator", [message], self.now)
        conversation = self.id_of(sender)
        before = self.said_to(conversation)
        while self.turns.take_one(conversation):
            pass
        statuses = self.storage.database.rows(
            "SELECT status FROM messages WHERE direction = 'in' AND conversation_id = ?", conversation
        )
        assert {status for (status,) in statuses} == {"handled"}
        return self.said_to(conversation)[len(before) :]

    def id_of(self, sender: str) -> int:
        return self.storage.start_conversation(self.business, ("simulator", NUMBER), sender, self.now)

    def said_to(self, conversation: int) -> list[str]:
        rows = self.storage.database.rows(
            "SELECT body FROM messages WHERE direction = 'out' AND conversation_id = ? ORDER BY id",
            conversation,
        )
        return [body for (body,) in rows]

    def talk(self, sender: str) -> Conversation:
        [(data,)] = self.storage.database.rows(
            "SELECT data FROM conversations WHERE id = ?", self.id_of(sender)
        )
        return load(data)

    def version(self, sender: str) -> int | None:
        [(version,)] = self.storage.database.rows(
            "SELECT version FROM conversations WHERE id = ?", self.id_of(sender)
        )
        return version


@contextmanager
def opened_shop(place: Place, pack: Pack) -> Iterator[Shop]:
    storage = open_storage(place.url)
    storage.migrate()
    try:
        yield Shop(storage, pack)
    finally:
        storage.close()


@pytest.fixture
def barrel(place: Place) -> Iterator[Shop]:
    with opened_shop(place, pack_of("cookie_barrel")) as shop:
        yield shop


WAITING = {
    "awaiting_order": ("hi", "1, 2"),
    "awaiting_name": ("hi", "1, 2", "done"),
    "awaiting_address": ("hi", "1, 2", "done", "Ayesha Khan"),
    "awaiting_instructions": ("hi", "1, 2", "done", "Ayesha Khan", "House 12, Street 4"),
    "awaiting_confirmation": ("hi", "1, 2", "done", "Ayesha Khan", "House 12, Street 4", "ring twice"),
    "order_placed": ("hi", "1, 2", "done", "Ayesha Khan", "House 12, Street 4", "ring twice", "confirm"),
}
"""State: what brings a customer there."""

GOING_ON = {
    "awaiting_order": "done",
    "awaiting_name": "Bilal Ahmed",
    "awaiting_address": "House 7, Street 9",
    "awaiting_instructions": "no nuts",
    "awaiting_confirmation": "confirm",
}
"""State: what a customer says there to go on."""

SLOT = {"awaiting_name": "name", "awaiting_address": "address", "awaiting_instructions": "instructions"}

PHONE = (
    ("customer.yaml", "  instructions: text\n", "  instructions: text\n  phone_number: text\n"),
    (
        "customer.yaml",
        "        - {length: {max: 60}, else: name_too_long}\n      goto: awaiting_address",
        "        - {length: {max: 60}, else: name_too_long}\n      goto: awaiting_phone",
    ),
    (
        "customer.yaml",
        "  # Where it goes.\n",
        "  awaiting_phone:\n    ask: ask_phone\n    input: {save: phone_number, goto: awaiting_address}\n"
        "\n  # Where it goes.\n",
    ),
    (
        "customer.yaml",
        '  ask_instructions: {text: "📝',
        '  ask_phone: "Your phone?"\n  ask_instructions: {text: "📝 {{ phone_number }}',
    ),
    (
        "customer.yaml",
        'name }}", address: "{{ customer.address }}"}\n        goto: awaiting_instructions',
        'name }}", address: "{{ customer.address }}"}\n        goto: awaiting_phone',
    ),
    ("customer.ur.yaml", "messages:\n", 'messages:\n  ask_phone: "فون؟"\n'),
)
NAME_RENAMED = ("customer.yaml", "awaiting_name", "awaiting_full_name")


ENDS = "states:\n  order_placed: {final: true}\n"
WITHOUT_INSTRUCTIONS = (
    (
        "customer.yaml",
        """    ask: ask_instructions
    commands:
      skip:
        title: Skip
        words: [skip, none, no, nothing, "no thanks"]
        do: {clear_slot: instructions}
        goto: awaiting_confirmation
    input:
      save: instructions
      validate: [{length: {max: 400}, else: instructions_too_long}]
      goto: awaiting_confirmation
""",
        "",
    ),
    ("customer.yaml", "  awaiting_instructions:\n", ""),
    ("customer.yaml", "goto: awaiting_instructions", "goto: awaiting_confirmation"),
    ("customer.yaml", ", buttons: [skip]", ""),
    ("customer.ur.yaml", "  skip: [نہیں, کچھ نہیں, چھوڑیں]\n", ""),
    ("customer.ur.yaml", "  skip: کچھ نہیں\n", ""),
)
MOVED = ("customer.yaml", "slots:\n", "moved: {awaiting_name: awaiting_full_name}\n\nslots:\n")
SKIP = """    commands:
      skip:
        title: Skip
        words: [skip, none, no, nothing, "no thanks"]
        do: {clear_slot: instructions}
        goto: awaiting_confirmation
"""
URDU = "customer.ur.yaml"
ENGLISH_ALONE = (
    ("business.yaml", "languages: [en, ur]", "languages: [en]"),
    ("customer.yaml", "languages: [en, ur] ", "languages: [en] "),
)
TO_A_FILE = (
    (
        "customer.yaml",
        "  order_placed: {final: true}\n",
        "",
    ),
    ("customer.yaml", "slots:\n", "use: [ends.yaml]\n\nslots:\n"),
)
ON_PAPER = pack_of("cookie_barrel")

CASES: dict[str, tuple[Pack, Pack, set[str]]] = {
    "the same again": (ON_PAPER, ON_PAPER, set()),
    "a description reworded": (
        ON_PAPER,
        pack_of(
            "cookie_barrel", ("customer.yaml", "title: Ordering cookies", "title: Cookies\nabout: by phone")
        ),
        set(),
    ),
    "a text reworded": (
        ON_PAPER,
        pack_of("cookie_barrel", ("customer.yaml", "Done, your cart is empty now", "It is empty")),
        set(),
    ),
    "a price changed": (
        ON_PAPER,
        pack_of("cookie_barrel", ("catalog.yaml", "price: 45.00", "price: 49.00")),
        set(),
    ),
    "a file moved": (ON_PAPER, pack_of("cookie_barrel", *TO_A_FILE, ends__yaml=ENDS), set()),
    "a state inserted before": (
        ON_PAPER,
        pack_of("cookie_barrel", *PHONE),
        {"awaiting_address", "awaiting_instructions"},
    ),
    "a state renamed": (ON_PAPER, pack_of("cookie_barrel", NAME_RENAMED), {"awaiting_name"}),
    "a state renamed, with `moved`": (ON_PAPER, pack_of("cookie_barrel", NAME_RENAMED, MOVED), set()),
    "a state removed": (
        ON_PAPER,
        pack_of("cookie_barrel", *WITHOUT_INSTRUCTIONS),
        {"awaiting_instructions"},
    ),
    "a slot retyped that can be read": (
        ON_PAPER,
        pack_of("cookie_barrel", ("customer.yaml", "  instructions: text", "  instructions: list of text")),
        set(),
    ),
    "a slot retyped that cannot": (
        ON_PAPER,
        pack_of("cookie_barrel", ("customer.yaml", "  name: text", "  name: phone")),
        {"awaiting_name", "awaiting_address", "awaiting_instructions", "awaiting_confirmation"},
    ),
    "a command removed whose button was offered": (
        ON_PAPER,
        pack_of(
            "cookie_barrel",
            ("customer.yaml", SKIP, ""),
            ("customer.yaml", ", buttons: [skip]", ""),
            (URDU, "  skip: [نہیں, کچھ نہیں, چھوڑیں]\n", ""),
            (URDU, "  skip: کچھ نہیں\n", ""),
        ),
        set(),
    ),
    "a timer added": (
        ON_PAPER,
        pack_of(
            "cookie_barrel",
            (
                "customer.yaml",
                "    ask: ask_address\n",
                "    ask: ask_address\n    after: [{wait: 5 minutes, reply: ask_address}]\n",
            ),
        ),
        set(),
    ),
    "a language added": (pack_of("cookie_barrel", *ENGLISH_ALONE, without=(URDU,)), ON_PAPER, set()),
    "a language removed": (ON_PAPER, pack_of("cookie_barrel", *ENGLISH_ALONE, without=(URDU,)), set()),
}
"""Case: the pack before, the pack after, and the states in which a talk stays on its version for now."""


@pytest.mark.parametrize("case", CASES)
def test_a_version_is_published_with_conversations_in_every_state(place: Place, case: str) -> None:
    before, after, stay = CASES[case]
    with opened_shop(place, before) as shop:
        people = {state: f"92300111100{index}" for index, state in enumerate(WAITING)}
        for state, sender in people.items():
            shop.says(sender, *WAITING[state])
            assert (shop.talk(sender).state, shop.version(sender)) == (state, 1)
        newest = shop.published.publish(after, "test", shop.now).number
        assert newest == (1 if before is after else 2)
        for state, sender in people.items():
            slots = dict(shop.talk(sender).slots)
            said = GOING_ON.get(state, "hi")
            assert shop.says(sender, said), state
            talk = shop.talk(sender)
            assert shop.version(sender) == (1 if state in stay else newest), state
            if state in SLOT and "retyped" not in case:
                assert talk.slots == {**slots, SLOT[state]: said}, state
            # Whichever way it goes, it ends in an order of what was put into the cart.
            for _ in range(8):
                if shop.talk(sender).state == "order_placed" or state == "order_placed":
                    break
                now = shop.talk(sender).state
                shop.says(sender, GOING_ON.get(now, "12345"))
                if shop.talk(sender).state == now:  # a name that has become a telephone number
                    shop.says(sender, "+923001234567")
            else:
                pytest.fail(f"{state}: came no further than {shop.talk(sender).state}")
        orders = shop.storage.database.rows("SELECT name, address, total FROM orders ORDER BY id")
        assert len(orders) == len(people)
        assert {(len(name) > 2, len(address) > 9) for name, address, _ in orders} == {(True, True)}


def test_who_stays_ends_on_their_version_and_begins_on_the_newest(barrel: Shop) -> None:
    sender = "923001111001"
    barrel.says(sender, *WAITING["awaiting_instructions"])
    barrel.published.publish(pack_of("cookie_barrel", *WITHOUT_INSTRUCTIONS), "test", barrel.now)
    assert "Order Summary" in barrel.says(sender, "ring twice")[0]
    assert barrel.version(sender) == 1
    barrel.says(sender, "confirm")
    barrel.says(sender, "hi")
    assert barrel.version(sender) == 2


def test_a_turn_knows_the_version_that_took_it(barrel: Shop) -> None:
    sender = "923001111001"
    barrel.says(sender, *WAITING["awaiting_name"])
    barrel.published.publish(
        pack_of("cookie_barrel", ("customer.yaml", "shortest_name: 2", "shortest_name: 3")),
        "test",
        barrel.now,
    )
    barrel.says(sender, "Ayesha")
    reports = barrel.storage.reports("cookie_barrel")

    def version(back: int) -> object:
        turn = reports.turn_back(back, sender)
        assert turn is not None
        return turn["version"]

    assert [version(back) for back in (1, 2, 3)] == [2, 1, 1]
    # A turn of a process that writes down none is told by the version that the conversation is on.
    with barrel.storage.database.writing():
        barrel.storage.database.execute("UPDATE turns SET version = NULL")
    assert version(3) == 2


@pytest.mark.parametrize("how", ["stands", "asks"])
def test_a_turn_that_breaks_knows_it_too(barrel: Shop, how: str) -> None:
    sender = "923001111001"
    barrel.says(sender, "hi")
    step = {"step": "version", "how": how, "from": 1, "to": 7}
    trace = [step | ({"state": "awaiting_order"} if how == "stands" else {"slots": []})]
    barrel.storage.record_failure(barrel.id_of(sender), None, "KeyError: 'x'", trace, None, NOW, tries=3)
    turn = barrel.storage.reports("cookie_barrel").turn_back(1, sender)
    assert turn is not None
    assert turn["version"] == (7 if how == "stands" else 1)


def test_a_rollback_takes_conversations_back_by_the_same_rules(barrel: Shop) -> None:
    ann, bob = "923001111001", "923001111002"
    first = barrel.published.packs["cookie_barrel"]
    barrel.published.publish(pack_of("cookie_barrel", *PHONE), "test", barrel.now)
    barrel.says(ann, *WAITING["awaiting_name"], "Ann")
    barrel.says(bob, *WAITING["awaiting_name"])
    assert (barrel.talk(ann).state, barrel.version(ann)) == ("awaiting_phone", 2)
    assert barrel.published.publish(first, "rollback", barrel.now)[:2] == (1, 3)
    # Ann is asked for what only the second version asks for, and goes on with the first afterwards.
    barrel.says(ann, "03001234567")
    assert (barrel.talk(ann).state, barrel.version(ann)) == ("awaiting_address", 2)
    barrel.says(ann, "House 12, Street 4")
    assert (barrel.talk(ann).state, barrel.version(ann)) == ("awaiting_instructions", 1)
    assert "phone_number" not in barrel.talk(ann).slots
    barrel.says(bob, "Bob")
    assert (barrel.talk(bob).state, barrel.version(bob)) == ("awaiting_address", 1)
    assert [version.number for version in barrel.storage.versions.all("cookie_barrel")] == [1, 2]


def test_a_content_is_kept_once(barrel: Shop) -> None:
    rows = barrel.storage.versions
    first = rows.in_force("cookie_barrel")
    assert rows.publish(pack_of("cookie_barrel"), "again", barrel.now) == first
    changed = pack_of("cookie_barrel", ("customer.yaml", "shortest_name: 2", "shortest_name: 3"))
    assert rows.publish(changed, "test", barrel.now)[:2] == (2, 2)
    assert [version.number for version in rows.all("cookie_barrel")] == [2, 1]
    content = rows.content("cookie_barrel", 2)
    assert content is not None
    assert content.hash == rows.all("cookie_barrel")[0].hash
    assert rows.content("cookie_barrel", 3) is None
    assert rows.businesses() == ["cookie_barrel"]


def test_another_process_follows_and_a_host_with_older_files_takes_nobody_back(
    barrel: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.published.FOLLOW_SECONDS", 0.0)
    other = barrel.process()
    first = pack_of("cookie_barrel")
    other.start(first, barrel.now)
    changed = pack_of("cookie_barrel", ("catalog.yaml", "price: 50.00", "price: 55.00"))
    barrel.published.publish(changed, "test", barrel.now)
    assert other.newest("cookie_barrel", "customer").number == 1
    other.follow()
    assert other.newest("cookie_barrel", "customer").number == 2
    told: list[str] = []
    late = Published(barrel.storage, told.append)
    late.start(first, barrel.now)
    assert late.newest("cookie_barrel", "customer").number == 2
    assert "holds version 1 of cookie_barrel, and 2 stays in force" in told[0]
    [(price,)] = barrel.storage.database.rows("SELECT price FROM products WHERE code = 'choc_chip'")
    assert price == 5500
    # Both take turns of one conversation, whichever version it is on.
    barrel.says("923001111001", "hi", "1, 2")
    barrel.turns = barrel.turns_of(other)
    barrel.says("923001111001", "done")
    assert (barrel.talk("923001111001").state, barrel.version("923001111001")) == ("awaiting_name", 2)


def test_old_versions_are_compiled_at_need_and_not_all_kept(barrel: Shop) -> None:
    sender = "923001111001"
    barrel.says(sender, *WAITING["awaiting_name"])
    barrel.published.publish(pack_of("cookie_barrel", NAME_RENAMED), "test", barrel.now)
    process = barrel.process()
    process.start(pack_of("cookie_barrel", NAME_RENAMED), barrel.now)
    barrel.turns = barrel.turns_of(process)
    barrel.says(sender, "Ann")
    assert (barrel.talk(sender).state, barrel.version(sender)) == ("awaiting_address", 1)
    for number in range(3, 3 + 2 * OLD_VERSIONS):
        process.of("cookie_barrel", "customer", number)
    assert len(process._older) == OLD_VERSIONS


def test_a_version_that_is_not_kept_any_more_is_the_newest(barrel: Shop) -> None:
    sender = "923001111001"
    barrel.says(sender, *WAITING["awaiting_name"])
    with barrel.storage.database.writing():
        barrel.storage.database.execute("UPDATE conversations SET version = 77")
    barrel.says(sender, "Ann")
    assert (barrel.talk(sender).state, barrel.version(sender)) == ("awaiting_address", 1)


def test_a_state_of_a_process_that_knows_no_versions_is_the_newests(barrel: Shop) -> None:
    sender = "923001111001"
    barrel.says(sender, *WAITING["awaiting_name"])
    barrel.published.publish(pack_of("cookie_barrel", NAME_RENAMED), "test", barrel.now)
    with barrel.storage.database.writing():  # its version is as before, its state is not
        barrel.storage.database.execute(
            "UPDATE conversations SET data = REPLACE(data, 'awaiting_name', 'awaiting_full_name')"
        )
    barrel.says(sender, "Ann")
    assert (barrel.talk(sender).state, barrel.version(sender)) == ("awaiting_address", 2)


def test_talks_from_before_there_were_versions_are_on_the_first(place: Place) -> None:
    with opened_shop(place, pack_of("cookie_barrel")) as shop:
        shop.says("923001111001", *WAITING["awaiting_name"])
        with shop.storage.database.writing():
            shop.storage.database.execute("UPDATE conversations SET version = NULL")
            shop.storage.database.execute("DELETE FROM flow_versions")
        fresh = shop.process()
        fresh.start(pack_of("cookie_barrel"), shop.now)
        shop.turns = shop.turns_of(fresh)
        fresh.publish(pack_of("cookie_barrel", NAME_RENAMED), "test", shop.now)
        shop.says("923001111001", "Ann")
        assert (shop.talk("923001111001").state, shop.version("923001111001")) == ("awaiting_address", 1)


def test_a_turn_asks_the_database_no_more_than_before(barrel: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    barrel.says("923001111001", "hi")
    asked: list[str] = []
    read = barrel.storage.database.rows
    monkeypatch.setattr(
        barrel.storage.database,
        "rows",
        lambda statement, *more: asked.append(statement) or read(statement, *more),
    )
    barrel.says("923001111001", "menu")
    assert not [statement for statement in asked if "flow_versions" in statement]


def test_it_is_told_what_becomes_of_each(barrel: Shop) -> None:
    for index, state in enumerate(WAITING):
        barrel.says(f"92300111100{index}", *WAITING[state])
    barrel.says("923001112000", *WAITING["awaiting_name"])
    pack = pack_of("cookie_barrel", *PHONE, NAME_RENAMED, MOVED)
    found = fates(barrel.published, pack, barrel.now)
    assert sorted(told(found, 2)) == [
        "  1 conversation in states that did not change: on with version 2",
        "  1 conversation over or not begun: the next message begins on version 2",
        "  awaiting_address: 1 conversation stays on version 1 until that is over: what is needed there was "
        "never asked: phone_number",
        "  awaiting_instructions: 1 conversation stays on version 1 until that is over: what is needed there "
        "was never asked: phone_number",
        "  awaiting_name: 2 conversations go on in awaiting_full_name",
        "  awaiting_order: 1 conversation goes on with version 2",
    ]


def test_several_processes_that_publish_at_once_agree(barrel: Shop) -> None:
    packs = [
        pack_of("cookie_barrel", ("customer.yaml", "shortest_name: 2", f"shortest_name: {3 + number % 2}"))
        for number in range(4)
    ]
    in_threads(4, lambda number: barrel.process().start(packs[number], barrel.now))
    versions = barrel.storage.versions.all("cookie_barrel")
    assert sorted(version.number for version in versions) == [1, 2, 3]
    assert [version.publication for version in versions] == [3, 2, 1]
    # Once more, and nobody takes anybody back.
    in_threads(4, lambda number: barrel.process().start(packs[number], barrel.now))
    assert barrel.storage.versions.all("cookie_barrel")[0] == versions[0]
