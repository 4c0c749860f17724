"""`GET /api/v1/config`: what is set, without showing a secret."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from adapters.settings import META_NAMES
from adapters.version import VERSION
from adapters.web.site import Site


def add(pages: Blueprint, site: Site) -> None:
    """Adds the route."""

    @pages.get("/config")
    def config() -> dict[str, Any]:
        settings, meta = site.settings, site.settings.meta
        return {
            "version": VERSION,
            "DATABASE_URL": settings.shown_database_url,
            "SHOPTALK_API_TOKEN": "set",
            "meta": {
                "is_set": meta is not None,
                "META_APP_SECRET": "set" if meta else "not set",
                "WHATSAPP_ACCESS_TOKEN": "set" if meta else "not set",
                "WHATSAPP_VERIFY_TOKEN": "set" if meta else "not set",
                "WHATSAPP_PHONE_NUMBER_ID": meta.phone_number_id if meta else "not set",
                "WHATSAPP_CATALOG_ID": (meta.catalog_id if meta else "") or "not set",
                "META_GRAPH_URL": meta.graph_url if meta else "not set",
                "META_API_VERSION": meta.api_version if meta else "not set",
                "webhook": "/webhooks/meta",
                **({} if meta else {"to_do": f"set {', '.join(META_NAMES)}, and start again"}),
            },
            "packs": [
                {
                    "business": pack.business.id,
                    "name": pack.business.name,
                    "currency": pack.business.currency,
                    "timezone": pack.business.timezone,
                    "flows": {
                        role: {
                            "flow": flow.name,
                            "languages": list(flow.languages),
                            "states": len(flow.states),
                        }
                        for role, flow in pack.flows.items()
                    },
                }
                for pack in site.packs.values()
            ],
        }
