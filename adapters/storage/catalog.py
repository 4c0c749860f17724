"""Brings a business and its products in the database up to what its pack says."""

from __future__ import annotations

from adapters.storage.database import Database
from adapters.storage.money import to_units
from adapters.storage.shop import have_shelves
from adapters.storage.tables import Business, Product
from engine.pack import Pack


def seed_business(database: Database, pack: Pack) -> None:
    """Adds what is new, updates what is known but never its stock, and takes off sale what is gone."""
    with database.writing():
        seed_in(database, pack)


def seed_in(database: Database, pack: Pack) -> None:
    """The same within a transaction that is open."""
    business = pack.business
    named = Business.insert(
        id=business.id, name=business.name, currency=business.currency, timezone=business.timezone
    ).on_conflict(
        conflict_target=(Business.id,), preserve=(Business.name, Business.currency, Business.timezone)
    )
    products = [
        Product.insert(
            business=business.id,
            number=product.number,
            code=product.code,
            name=product.name,
            price=to_units(product.price, business.currency),
            stock=product.stock,
            category=product.category,
            on_sale=product.on_sale,
        ).on_conflict(
            conflict_target=(Product.business, Product.code),
            preserve=(Product.number, Product.name, Product.price, Product.category, Product.on_sale),
        )
        for product in pack.products
    ]
    database.change(named)
    database.rows_all(have_shelves(database, business.id))
    known = database.select(Product.select(Product.code).where(Product.business == business.id))
    for product in products:
        database.change(product)
    for code in {row["code"] for row in known} - {product.code for product in pack.products}:
        database.change(
            Product.update(on_sale=False).where(Product.business == business.id, Product.code == code)
        )
