"""Plays every pack's conversations against their snapshots, and holds the seed shops to what was promised."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from adapters.packs import files_in, load_pack, templates_beside
from adapters.provider_limits import limits_of
from engine.reader import Reading, read_pack
from engine.rehearsal.script import Script, script_of
from engine.rehearsal.transcript import play

ROOT = Path(__file__).parent.parent
COOKIE_BARREL = ROOT / "flows" / "cookie_barrel"
WHOLESALE = ROOT / "flows" / "wholesale"
SCRIPTS = sorted(ROOT.glob("flows/*/conversations/*.yaml"))


@cache
def reading(folder: Path) -> Reading:
    return load_pack(folder)


def played(file: Path) -> str:
    read = reading(file.parent.parent)
    script = script_of(read.documents[f"conversations/{file.name}"])
    return play(read.pack, script, limits_of(script.provider))


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: f"{file.parent.parent.name}-{file.stem}")
def test_the_conversation_is_as_its_snapshot_says(file, snapshot):
    snapshot.snapshot_dir = file.parent
    snapshot.assert_match(played(file), f"{file.stem}.txt")


def test_every_snapshot_has_its_conversation():
    snapshots = {file.with_suffix("") for file in ROOT.glob("flows/*/conversations/*.txt")}
    assert snapshots == {file.with_suffix("") for file in SCRIPTS}


def test_a_conversation_says_the_same_every_time():
    file = COOKIE_BARREL / "conversations" / "new_customer.yaml"
    assert played(file) == played(file)


def test_no_pack_has_problems():
    for folder in {file.parent.parent for file in SCRIPTS}:
        assert reading(folder).problems == ()


def said_by(transcript: str) -> dict[str, list[str]]:
    """What was answered to each thing the customer said, time by time, without buttons and indents."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"\n\ncustomer: ", transcript)[1:]:
        said, _, rest = part.partition("\n")
        answer = rest.split("\n\n[", 1)[0]
        lines = [line.strip() for line in answer.splitlines()]
        words = "\n".join(line for line in lines if not line.startswith("[ "))
        found.setdefault(said, []).append(words.strip())
    return found


MENU = "🍪 Our Menu\n1. Chocolate Chip Cookie - ₹50\n"
HELP = "ℹ️ How to order\n"
TO_THE_LETTER = [
    # conversation, what the customer says, the whole answer
    ("new_customer", "1, 2", "✅ Added 2x Chocolate Chip Cookie\nCart Total: ₹100"),
    ("new_customer", "cart", "🛒 Your Cart\n• 2x Chocolate Chip Cookie - ₹100\nTotal: ₹100"),
    ("new_customer", "[ Confirm ]", "✅ Order Confirmed!\nOrder #: WA20251018000001\nTotal: ₹100"),
    ("wrong_items", "99, 5", "❌ Invalid item number"),
    ("wrong_items", "1, 0", "❌ Quantity must be at least 1"),
    ("wrong_items", "1, 100", "❌ Maximum quantity is 50"),
    ("wrong_items", "1, 1", "❌ Maximum quantity is 50"),
    ("only_two_left", "1, 5", "❌ Sorry, only 2 Chocolate Chip Cookie(s) available"),
    ("short_answers", "A", "❌ Enter valid name (at least 2 characters)"),
    ("short_answers", "Lahore", "❌ Complete delivery address (10+ characters)"),
    ("urdu_wrong", "1, 5", "❌ معذرت، \u2068چاکلیٹ چپ کوکی\u2069 کے صرف \u20682\u2069 عدد دستیاب ہیں"),
    ("urdu_chosen", "english", "👍 We speak English now."),
]
PROMISED = [
    # conversation, what the customer says, what stands in the answer
    ("new_customer", "hi", "👋 Welcome to Cookie Barrel!\n\n" + MENU),
    ("typed_all_the_way", "Hello!", "👋 Welcome to Cookie Barrel!\n\n" + MENU),
    ("anything_first", "start", "👋 Welcome to Cookie Barrel!\n\n" + MENU),
    ("anything_first", "do you sell cookies?", "👋 Welcome to Cookie Barrel!\n\n" + MENU),
    ("first_a_menu", "cancel", "👋 Welcome to Cookie Barrel!\n\n" + MENU),
    ("first_a_picture", "(image) menu", "👋 Welcome to Cookie Barrel!\n\n" + MENU),
    ("commands", "MENU", MENU),
    ("commands", "clear", "🗑️ Done, your cart is empty now."),
    ("commands", "?", HELP),
    ("commands", "cancel", "❌ Cancelled."),
    ("new_customer", "done", "👤 What name is the order for?"),
    ("wrong_items", "abc", "Example: *1, 2*"),
    ("empty_cart", "done", "🛒 Your cart is empty."),
    ("new_customer", "[ Skip ]", "📋 Order Summary\n👤 Name: Ayesha Khan\n🏠 Address: House 12, Street 4"),
    ("checkout_detours", "Leave it with the guard", "📝 Instructions: Leave it with the guard\n\n• 2x Choc"),
    ("known_customer", "done", "👤 Ayesha Khan\n🏠 House 12, Street 4, F-7/2, Islamabad"),
    ("known_customer", "[ Same as last time ]", "📝 Any special instructions?"),
    ("known_customer_new_address", "same", "📝 Any special instructions?"),
    ("silence", "Ayesha Khan", "👋 Welcome to Cookie Barrel!\n\n" + MENU),
    ("something_breaks", "confirm", "Sorry, something went wrong."),
    ("checkout_detours", "cart", "Total: ₹100\n\n👤 What name is the order for?"),
    ("checkout_detours", "menu", "\n\n🏠 Where shall we bring it, Sana?"),
    ("checkout_detours", "help", "\n\n📝 Any special instructions?"),
    ("urdu_new_customer", "سلام", "👋 \u2068Cookie Barrel\u2069 میں خوش آمدید!"),
    ("urdu_new_customer", "تصدیق", "✅ آرڈر کی تصدیق ہو گئی!\nآرڈر نمبر: \u2068WA20251018000001\u2069"),
]


@pytest.mark.parametrize(("conversation", "said", "answer"), TO_THE_LETTER)
def test_cookie_barrel_answers_to_the_letter(conversation, said, answer):
    answers = said_by(played(COOKIE_BARREL / "conversations" / f"{conversation}.yaml"))[said]
    assert answers[0] == answer


@pytest.mark.parametrize(("conversation", "said", "answer"), PROMISED)
def test_cookie_barrel_answers_as_promised(conversation, said, answer):
    answers = said_by(played(COOKIE_BARREL / "conversations" / f"{conversation}.yaml"))[said]
    assert answer in answers[0]


PROMISED_TO_SHOPS = [
    # conversation, what the shop says, what stands in the answer
    ("first_order", "hi", "1. Products\n2. My cart\n3. My orders\n4. Talk to us"),
    ("first_order", "1", "📋 Products, page 1 of 3"),
    ("first_order", "1 x 10", "✅ Added 10 x Super Kernel basmati 25 kg\nCart: Rs78,500"),
    (
        "first_order",
        "place order",
        "📋 Your order\n• 10 x Super Kernel basmati 25 kg - Rs78,500\nTotal: Rs78,500",
    ),
    ("first_order", "yes", "🏪 Which shop is it for?"),
    (
        "first_order",
        "Main Bazaar, Hyderabad",
        "✅ Order MD-251018-001 is taken.\nTotal: Rs78,500\n🏪 Madina Store",
    ),
    ("said_twice", "yes", "✅ Order MD-251018-001 is taken.\nTotal: Rs78,500"),
    ("whole_list", "5 x 2", "✅ Added 2 x Fine atta 20 kg"),
    ("whole_list", "30", "30. Cake rusk, carton of 12 - Rs1,740\nHow many would you like?"),
    ("repeat", "repeat", "at today's prices: then Rs106,300, now Rs107,800."),
    ("repeat", "repeat", "Shall we send it? Answer *yes* or *no*."),
    ("my_orders", "3", "📦 You have not ordered anything yet."),
    ("talk_to_us", "4", "🙋 One moment, a person will answer you here."),
    ("talk_to_us", "1 x 10", "(no answer)"),
    ("smallest_order", "place order", "❌ The smallest order is Rs5,000. Your cart comes to Rs1,500"),
    ("sold_out_meanwhile", "yes", "❌ Sorry, only 2 left of Mustard oil tin 16 l."),
]


@pytest.mark.parametrize(("conversation", "said", "answer"), PROMISED_TO_SHOPS)
def test_wholesale_answers_as_promised(conversation, said, answer):
    answers = said_by(played(WHOLESALE / "conversations" / f"{conversation}.yaml"))[said]
    assert answer in answers[0]


def test_wholesale_lists_orders_with_their_status():
    listed = said_by(played(WHOLESALE / "conversations" / "my_orders.yaml"))["my orders"][1]
    assert "• MD-251019-001, 19-Oct-2025: Rs265,000, *cancelled*" in listed
    assert "• MD-251018-001, 18-Oct-2025: Rs6,950, *pending*" in listed


def test_wholesale_says_no_number_twice_where_a_number_is_a_product():
    """Under what is numbered there, everything else stands as words."""
    pack = reading(WHOLESALE).pack
    transcript = play(pack, Script("", ("hi", "1", "more", "more", "1 x 1", "cart")), limits_of("twilio"))
    answers = said_by(transcript)
    numbers = re.findall(r"^(\d+)\. ", "\n".join(answers["1"] + answers["more"]), re.MULTILINE)
    assert numbers == [str(product.number) for product in pack.products]
    for said in ("1 x 1", "cart"):
        assert re.findall(r"^\d+\. ", answers[said][0], re.MULTILINE) == []


@pytest.mark.parametrize(("smallest", "is_taken"), [(5000, True), (8000, False)])
def test_the_smallest_order_is_changed_in_one_place(smallest, is_taken):
    changed = with_change("customer.yaml", "minimum_order: 5000", f"minimum_order: {smallest}", WHOLESALE)
    transcript = play(
        changed.pack, Script("", ("1 x 1", "place order", "yes", "shop Madina Store, Main Bazaar"))
    )
    assert changed.problems == ()
    assert ("is taken" in transcript) == is_taken


def test_a_second_confirmation_is_silent_and_orders_nothing():
    transcript = played(COOKIE_BARREL / "conversations" / "pressed_twice.yaml")
    assert said_by(transcript)["[ Confirm ]"][1] == "(no answer)"
    assert transcript.partition("\norders:")[2].count("WA2025") == 1


def test_what_breaks_leaves_nothing_and_can_be_sent_again():
    transcript = played(COOKIE_BARREL / "conversations" / "something_breaks.yaml")
    assert "Order Confirmed" in said_by(transcript)["confirm"][1]
    assert transcript.count("something went wrong") == 1
    assert "WA20251018000001, pending, ₹100\n" in transcript
    assert "Chocolate Chip Cookie: 200, now 198" in transcript


def test_the_states_are_those_that_were_promised():
    flow = reading(COOKIE_BARREL).pack.flows["customer"]
    promised = "initial awaiting_order awaiting_name awaiting_address awaiting_instructions"
    assert " ".join(flow.states) == f"{promised} awaiting_confirmation order_placed"


def with_change(file: str, before: str, after: str, folder: Path = COOKIE_BARREL) -> Reading:
    """The shop, with one change in one of its files."""
    files = files_in(folder)
    text = files[file].decode()
    assert text.count(before) == 1
    files[file] = text.replace(before, after).encode()
    return read_pack(files, f"flows/{folder.name}", templates_beside(folder))


@pytest.mark.parametrize(
    ("greeting", "refusal"),
    [("hi", "❌ Maximum quantity is 12"), ("سلام", "❌ زیادہ سے زیادہ تعداد \u206812\u2069 ہے")],
)
def test_the_largest_quantity_is_changed_in_one_place(greeting, refusal):
    changed = with_change("customer.yaml", "max_quantity: 50", "max_quantity: 12")
    transcript = play(changed.pack, Script("", (greeting, "1, 12", "1, 1", "cart")))
    assert changed.problems == ()
    assert refusal in said_by(transcript)["1, 1"][0]
    assert "12" in said_by(transcript)["cart"][0]


@pytest.mark.parametrize(("timeout", "greets"), [("1 hour", True), ("2 hours", False)])
def test_the_silence_that_starts_over_is_the_owners_to_set(timeout, greets):
    changed = with_change("customer.yaml", "timeout: 1 hour", f"timeout: {timeout}")
    transcript = play(changed.pack, Script("", ("hi", "1, 2", {"wait": "90 minutes"}, "cart")))
    assert ("Welcome" in said_by(transcript)["cart"][0]) == greets


def test_the_readme_shows_what_is_really_said():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- new_customer -->\n```text\n(.*?)```", readme, re.DOTALL)
    assert shown is not None
    rest = played(COOKIE_BARREL / "conversations" / "new_customer.yaml")
    for part in shown[1].split("\n…\n"):
        _, found, rest = rest.partition(part)
        assert found
    assert rest == ""
