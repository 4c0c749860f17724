"""The table of the API's resources, each in the file of its name, and the token that opens them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, abort, request

from adapters.web import bearer
from adapters.web.api import config, conversations, messages, orders, simulator
from adapters.web.site import Site

RESOURCES: Mapping[str, Callable[[Blueprint, Site], None]] = {
    "config": config.add,
    "messages": messages.add,
    "simulator": simulator.add,
    "conversations": conversations.add,
    "orders": orders.add,
}
"""Resource: what adds its routes; `/api/v1/RESOURCE`."""


def routes(site: Site) -> Blueprint:
    """Everything below `/api/v1`."""
    pages = Blueprint("api", __name__, url_prefix="/api/v1")
    pages.before_request(lambda: _open(site))
    for add in RESOURCES.values():
        add(pages, site)
    return pages


def _open(site: Site) -> None:
    """Lets only a caller with the token through."""
    token = site.settings.api_token
    if not token:
        abort(403, "the API is closed: set SHOPTALK_API_TOKEN, and start again")
    if not bearer.shows(request, token):
        words = "send the header `Authorization: Bearer …` with the token in SHOPTALK_API_TOKEN"
        abort(401, words, bearer.refusal())
