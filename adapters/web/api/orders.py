"""`GET /api/v1/orders`: what was ordered, the newest first."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from adapters.web.api.fields import moment, only, paged
from adapters.web.site import Site


def add(pages: Blueprint, site: Site) -> None:
    """Adds the route."""

    @pages.get("/orders")
    def orders() -> dict[str, Any]:
        only("source", "status", "business")
        query = request.args
        reports = site.storage.reports(query.get("business"))
        return paged(
            "orders",
            lambda limit, offset: reports.orders(query.get("source"), query.get("status"), limit, offset),
            _shown,
        )


def _shown(order: dict[str, Any]) -> dict[str, Any]:
    """Money as exact decimals of the main unit, in texts; moments in UTC."""
    names = ("number", "business", "status", "source", "currency", "name", "phone", "address")
    more = ("latitude", "longitude", "instructions", "delivery")
    return {
        **{name: order[name] for name in names},
        "total": str(order["total"]),
        **{name: order[name] for name in more},
        "placed_at": moment(order["placed_at"]),
        "items": [
            {
                "product": item["product"],
                "name": item["name"],
                "quantity": item["quantity"],
                "price": str(item["price"]),
                "note": item["note"],
            }
            for item in order["items"]
        ],
        "timeline": [
            {
                "status": entry["status"],
                "by": entry["by"],
                "reason": entry["reason"],
                "at": moment(entry["at"]),
            }
            for entry in order["timeline"]
        ],
    }
