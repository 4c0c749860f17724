"""`GET /api/v1/config`: what is set, without showing a secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint

from adapters.channels import CHANNELS
from adapters.settings import Settings
from adapters.version import VERSION
from adapters.web.site import Site


def add(pages: Blueprint, site: Site) -> None:
    """Adds the route."""

    @pages.get("/config")
    def config() -> dict[str, Any]:
        settings = site.settings
        return {
            "version": VERSION,
            "DATABASE_URL": settings.shown_database_url,
            "SHOPTALK_API_TOKEN": "set",
            **{name: _provider(site, name) for name, provider in CHANNELS.items() if provider.settings},
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


def _provider(site: Site, name: str) -> dict[str, Any]:
    """What is set of a provider: what is no secret as it is, and where the provider is to post."""
    provider, shown = CHANNELS[name], _SHOWN[name](site.settings)
    is_set = name in site.channels
    return {
        "is_set": is_set,
        **{setting: shown.get(setting, "set") if is_set else "not set" for setting in provider.settings},
        **{setting: (text if is_set else "") or "not set" for setting, text in shown.items()},
        "webhook": provider.webhook,
        **({} if is_set else {"to_do": f"set {', '.join(provider.settings)}, and start again"}),
    }


def _meta(settings: Settings) -> dict[str, str]:
    meta = settings.meta
    return {
        "WHATSAPP_PHONE_NUMBER_ID": meta.phone_number_id if meta else "",
        "WHATSAPP_CATALOG_ID": meta.catalog_id if meta else "",
        "META_GRAPH_URL": meta.graph_url if meta else "",
        "META_API_VERSION": meta.api_version if meta else "",
    }


def _twilio(settings: Settings) -> dict[str, str]:
    twilio = settings.twilio
    return {
        "TWILIO_ACCOUNT_SID": twilio.account_sid if twilio else "",
        "TWILIO_WHATSAPP_FROM": twilio.whatsapp_from if twilio else "",
        "TWILIO_API_URL": twilio.api_url if twilio else "",
    }


def _dialog360(settings: Settings) -> dict[str, str]:
    return {"D360_API_URL": settings.dialog360.api_url if settings.dialog360 else ""}


_SHOWN: Mapping[str, Callable[[Settings], dict[str, str]]] = {
    "meta": _meta,
    "twilio": _twilio,
    "dialog360": _dialog360,
}
"""Provider: those of its settings that are no secrets."""
