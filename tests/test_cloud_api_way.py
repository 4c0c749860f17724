"""What is posted by Meta and by 360dialog goes the whole way: the answer, the read mark, the kept file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask.testing import FlaskClient
from meta_double import File, MetaDouble, body, meta_double

from adapters import web
from adapters.channels.meta import signature
from adapters.settings import Dialog360Settings, MetaSettings, Settings
from adapters.storage import Storage
from adapters.tasks.jobs import Jobs
from adapters.wiring import load_packs, make_site, storage_here

FLOWS = Path(__file__).parent.parent / "flows"
NUMBER = "106540352242922"
CUSTOMER = "19990001111"
PDF = b"%PDF-1.7\n" + bytes(5000)


class Shop(NamedTuple):
    """Cookie Barrel at one provider: where that posts, and how it shows who it is."""

    client: FlaskClient
    jobs: Jobs
    storage: Storage
    double: MetaDouble
    media: Path
    webhook: str
    headers: Callable[[bytes], Mapping[str, str]]

    def post(self, *messages: dict[str, Any], contacts: Any = ()) -> int:
        raw = json.dumps(body(*messages, contacts=contacts, number=NUMBER)).encode()
        return self.client.post(self.webhook, data=raw, headers=self.headers(raw)).status_code

    def work_off(self) -> None:
        """Does what there is to do, as it is found when nobody was told of it."""
        for conversation in self.jobs.tick().turns:
            self.jobs.take_turns(conversation)
        work = self.jobs.tick()
        for conversation in work.deliveries:
            self.jobs.deliver(conversation)
        for message in work.media:
            self.jobs.fetch_media(message)


@pytest.fixture(params=["meta", "dialog360"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    with meta_double() as double:
        more: dict[str, Any]
        if request.param == "meta":
            more = {"meta": MetaSettings("a secret", "a token", NUMBER, "word", double.url)}
            webhook, posted = (
                "/webhooks/meta",
                lambda raw: {"X-Hub-Signature-256": signature("a secret", raw)},
            )
        else:
            more = {"dialog360": Dialog360Settings("a key", "a secret", double.url)}
            webhook, posted = (
                "/webhooks/360dialog/cookie_barrel",
                lambda raw: {"Authorization": "Bearer a secret"},
            )
        media = tmp_path / "media"
        settings = Settings(database_url=f"sqlite:///{tmp_path / 'shop.db'}", media_dir=media, **more)
        storage = storage_here(settings)
        site = make_site(settings, load_packs([FLOWS / "cookie_barrel"]), storage, threads=0)
        yield Shop(web.create_app(site).test_client(), site.jobs, storage, double, media, webhook, posted)
        storage.close()


def test_an_order_of_the_catalogue_is_answered_with_the_cart(shop: Shop) -> None:
    """By a customer without a number: who is known by an id is answered by it."""
    items = [{"product_retailer_id": "brownie", "quantity": 2, "item_price": 1, "currency": "INR"}]
    order = {"from_user_id": "US.1", "id": "wamid.a", "type": "order", "order": {"product_items": items}}
    assert shop.post(order) == 200
    shop.work_off()
    welcome, cart = shop.double.asked
    assert "Welcome to Cookie Barrel" in welcome.text
    assert "2x Fudge Brownie - ₹180" in cart.text
    assert {asked.body.get("recipient") for asked in (welcome, cart)} == {"US.1"}
    assert [mark.body["message_id"] for mark in shop.double.marks] == ["wamid.a"]
    # Statuses may name a message by what we call it.
    assert [
        int(asked.body["biz_opaque_callback_data"].partition(".")[0]) for asked in (welcome, cart)
    ] == sorted(
        row_id for (row_id,) in shop.storage.database.rows("SELECT id FROM messages WHERE direction = 'out'")
    )


def test_half_an_order_of_the_catalogue_is_not_taken(shop: Shop) -> None:
    """What cannot be read of it would be left out of the cart without a word."""
    items = [{"product_retailer_id": "brownie", "quantity": n} for n in (2, 0.5)]
    order = {"from": CUSTOMER, "id": "wamid.a", "type": "order", "order": {"product_items": items}}
    assert shop.post(order) == 200
    shop.work_off()
    said = " ".join(asked.text for asked in shop.double.asked)
    assert "Nothing was added" in said
    assert "2x Fudge Brownie" not in said


def test_a_file_lies_in_the_folder_soon_after(shop: Shop) -> None:
    shop.double.files["77"] = File(PDF, "application/pdf")
    part = {"id": "77", "mime_type": "application/pdf", "filename": "../bill.pdf", "caption": "paid"}
    message = {"from": CUSTOMER, "id": "wamid.a", "type": "document", "document": part}
    assert shop.post(message) == 200
    assert shop.post(message) == 200
    shop.work_off()
    ((path,),) = shop.storage.database.rows("SELECT path FROM media WHERE status = 'kept'")
    assert path.endswith(f"-{hashlib.sha256(PDF).hexdigest()[:16]}.pdf")
    assert (shop.media / path).read_bytes() == PDF
    assert [asked.path.rpartition("/")[2] for asked in shop.double.looked] == ["77", "77"]
    assert shop.storage.database.rows("SELECT business, filename FROM media") == [
        ("cookie_barrel", "../bill.pdf")
    ]
