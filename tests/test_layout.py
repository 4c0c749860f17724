"""How what is to be said is fit into what a channel can show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.layout import Row, Saying, fit, split
from engine.limits import PLAIN, Limits
from engine.message import Media, Option, Outbound

WHATSAPP = Limits()
SKIP = Row(1, "Skip", "[1,skip]")
STOP = Row(2, "Stop", "[1,stop]")
PICTURE = ("image", Media(link="https://shop.example/cake.jpg"))
SOUND = ("audio", Media(id="77"))


@pytest.mark.parametrize(
    ("saying", "limits", "messages"),
    [
        pytest.param(Saying("Hello"), WHATSAPP, [Outbound("Hello")], id="a text"),
        pytest.param(Saying(""), WHATSAPP, [], id="nothing to say"),
        pytest.param(
            Saying("Go?", (SKIP, STOP)),
            WHATSAPP,
            [Outbound("Go?", buttons=(Option("Skip", "[1,skip]"), Option("Stop", "[1,stop]")))],
            id="buttons",
        ),
        pytest.param(
            Saying("Go?", (SKIP, STOP)), PLAIN, [Outbound("Go?\n\n1. Skip\n2. Stop")], id="no buttons"
        ),
        pytest.param(
            Saying("Go?", tuple(Row(n, f"Way {n}", f"[{n}]") for n in range(1, 5))),
            WHATSAPP,
            [Outbound("Go?\n\n1. Way 1\n2. Way 2\n3. Way 3\n4. Way 4")],
            id="too few places",
        ),
        pytest.param(
            Saying("Go?", (Row(1, "A title beyond twenty characters", "[1]"),)),
            WHATSAPP,
            [Outbound("Go?\n\n1. A title beyond twenty characters")],
            id="a title that is too long is not cut off",
        ),
        pytest.param(
            Saying("Go?", (Row(1, "Same", "[1]"), Row(2, "Same", "[2]"))),
            WHATSAPP,
            [Outbound("Go?\n\n1. Same\n2. Same")],
            id="two buttons of one title",
        ),
        pytest.param(
            Saying("Which?", (Row(1, "Cake", "[1]", "₹50"),), as_list=True, list_button="Choose"),
            WHATSAPP,
            [Outbound("Which?", rows=(Option("Cake", "[1]", "₹50"),), list_button="Choose")],
            id="a list",
        ),
        pytest.param(
            Saying("Which?", (Row(1, "Cake", "[1]", "₹50"),), as_list=True, list_button="Choose"),
            PLAIN,
            [Outbound("Which?\n\n1. Cake - ₹50")],
            id="no lists",
        ),
        pytest.param(
            Saying("Look", media=PICTURE), WHATSAPP, [Outbound("Look", media=PICTURE)], id="a caption"
        ),
        pytest.param(
            Saying("Listen", media=SOUND),
            WHATSAPP,
            [Outbound(media=SOUND), Outbound("Listen")],
            id="a sound has no caption",
        ),
        pytest.param(
            Saying("Look", media=PICTURE),
            Limits(media=frozenset()),
            [Outbound("Look\n\nhttps://shop.example/cake.jpg")],
            id="no media",
        ),
        pytest.param(
            Saying("Look", (SKIP,), media=PICTURE),
            WHATSAPP,
            [Outbound("Look", buttons=(Option("Skip", "[1,skip]"),), media=PICTURE)],
            id="a picture above buttons",
        ),
        pytest.param(
            Saying("Listen", (SKIP,), media=SOUND),
            WHATSAPP,
            [Outbound(media=SOUND), Outbound("Listen", buttons=(Option("Skip", "[1,skip]"),))],
            id="a sound before buttons",
        ),
        pytest.param(
            Saying("Where?", ask_location=True), WHATSAPP, [Outbound("Where?", ask_location=True)], id="place"
        ),
        pytest.param(Saying("Where?", ask_location=True), PLAIN, [Outbound("Where?")], id="no place button"),
        pytest.param(
            Saying("Where?", (SKIP,), ask_location=True),
            WHATSAPP,
            [Outbound("Where?\n\n1. Skip", ask_location=True)],
            id="a place and a button",
        ),
        pytest.param(
            Saying("Text", header="Top", footer="End"),
            WHATSAPP,
            [Outbound("Top\n\nText\n\nEnd")],
            id="no header",
        ),
        pytest.param(
            Saying("Text", (SKIP,), header="Top", footer="End"),
            WHATSAPP,
            [Outbound("Text", buttons=(Option("Skip", "[1,skip]"),), header="Top", footer="End")],
            id="a header above buttons",
        ),
        pytest.param(
            Saying("Text", (SKIP,), header="T" * 61),
            WHATSAPP,
            [Outbound("T" * 61 + "\n\nText", buttons=(Option("Skip", "[1,skip]"),))],
            id="a header that is too long joins the text",
        ),
        pytest.param(
            Saying("Ours", products=("a", "b", "c")),
            Limits(products=2),
            [Outbound("Ours", products=("a", "b")), Outbound("Ours", products=("c",))],
            id="more cards than places",
        ),
        pytest.param(
            Saying("Ours", (SKIP,), products=("a",)),
            Limits(products=2),
            [Outbound("🛒", products=("a",)), Outbound("Ours", buttons=(Option("Skip", "[1,skip]"),))],
            id="cards go ahead of buttons",
        ),
        pytest.param(
            Saying("Ours", media=PICTURE, products=("a",)),
            Limits(products=2),
            [Outbound("🛒", products=("a",)), Outbound("Ours", media=PICTURE)],
            id="cards go ahead of a picture",
        ),
        pytest.param(
            Saying("Where?", ask_location=True, products=("a",)),
            Limits(products=2),
            [Outbound("🛒", products=("a",)), Outbound("Where?", ask_location=True)],
            id="cards go ahead of the question for a place",
        ),
        pytest.param(
            Saying("Where?", media=PICTURE, ask_location=True),
            WHATSAPP,
            [Outbound(media=PICTURE), Outbound("Where?", ask_location=True)],
            id="a picture goes ahead of the question for a place",
        ),
    ],
)
def test_fit(saying: Saying, limits: Limits, messages: list[Outbound]) -> None:
    assert fit(saying, limits)[0] == messages


def test_a_long_text_goes_ahead_of_its_buttons() -> None:
    lines = "\n".join(f"line {n}" for n in range(400))
    messages, _ = fit(Saying(lines, (SKIP,)), WHATSAPP)
    assert "\n".join(message.text for message in messages) == lines
    assert [bool(message.buttons) for message in messages] == [False] * (len(messages) - 1) + [True]
    assert len(messages[-1].text) <= WHATSAPP.body


def test_a_long_caption_becomes_a_text_of_its_own() -> None:
    messages, _ = fit(Saying("x " * 1000, media=PICTURE), WHATSAPP)
    assert [message.media for message in messages] == [PICTURE, None]


def test_numbers_are_left_out_where_a_number_means_something_else() -> None:
    messages, shown = fit(Saying("Age?", (SKIP,)), PLAIN, numbered=False)
    assert (messages, shown) == ([Outbound("Age?\n\n• Skip")], False)


@given(st.text(alphabet="ab \n", max_size=400), st.integers(5, 60))
def test_split_keeps_every_word_within_the_limit(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(len(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@given(
    st.text(max_size=3000),
    st.lists(st.text(min_size=1, max_size=30), max_size=14),
    st.booleans(),
    st.sampled_from([WHATSAPP, PLAIN, Limits(text=1600, buttons=0, rows=0)]),
)
def test_whatever_is_said_fits_the_channel_and_nothing_is_cut_off(
    text: str, titles: list[str], as_list: bool, limits: Limits
) -> None:
    rows = tuple(Row(n, title, f"[{n}]") for n, title in enumerate(titles, 1))
    messages, _ = fit(Saying(text, rows, as_list=as_list, list_button="Choose"), limits)
    shown = "".join("".join((m.text, *(o.title for o in (*m.buttons, *m.rows)))) for m in messages)
    for title in titles:
        assert "".join(title.split()) in "".join(shown.split())
    for message in messages:
        bound = limits.body if message.buttons or message.rows else limits.text
        assert len(message.text) <= bound
        assert len(message.buttons) <= limits.buttons
        assert all(len(button.title) <= limits.button_title for button in message.buttons)
        assert all(len(row.title) <= limits.row_title for row in message.rows)
        assert len(message.rows) <= max(limits.rows, len(titles))
