"""Speaks with Twilio's WhatsApp: signed forms and status callbacks in, its REST API out."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import requests
from requests.auth import HTTPBasicAuth

from adapters.channels import twilio_forms
from adapters.channels.channel import (
    WINDOW,
    Answer,
    Check,
    Fetched,
    Malformed,
    Posted,
    Remedy,
    SendFailed,
    Update,
)
from adapters.channels.http import Caller
from adapters.provider_limits import TWILIO
from adapters.settings import TwilioSettings
from engine.message import Media, Outbound

WEBHOOK = "/webhooks/twilio"

SANDBOX = "14155238886"
"""The number that every account may try."""

LIMITS = TWILIO
"""What Twilio's API shows without templates made beforehand: text, files, and no button."""


class TwilioChannel:
    """One WhatsApp number at Twilio. `public_url` is where Twilio reaches us, without a slash at its end."""

    limits = LIMITS
    window: timedelta | None = WINDOW
    accepted = Answer('<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml; charset=utf-8")

    def __init__(self, settings: TwilioSettings, public_url: str = "", seconds: float = 10.0) -> None:
        # Loaded only where Twilio is set up.
        from twilio.request_validator import RequestValidator

        self.settings = settings
        self.number = settings.whatsapp_from
        self.business = settings.business
        self._public_url = public_url
        self._validator = RequestValidator(settings.auth_token)
        self._caller = Caller("Twilio", seconds)
        # As bytes, for requests would write a text in Latin-1.
        self._auth = HTTPBasicAuth(settings.account_sid.encode(), settings.auth_token.encode())

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """None: Twilio asks nothing beforehand."""
        return None

    def verify(self, posted: Posted) -> bool:
        """Whether `X-Twilio-Signature` signs the public address and every field of the form."""
        given = posted.headers.get("X-Twilio-Signature", "")
        try:
            fields: dict[str, list[str]] = {}
            for name, text in twilio_forms.fields(posted):
                fields.setdefault(name, []).append(text)
            return any(
                hmac.compare_digest(sign.encode(), given.encode("utf-8", "surrogateescape"))
                for sign in self._signatures(posted.url, fields)
            )
        except (Malformed, ValueError):
            # What is no form, or an address with an impossible port, nobody at Twilio signed.
            return False

    def _signatures(self, url: str, fields: dict[str, list[str]]) -> list[str]:
        """Twilio signs the address with its port or without, whichever way it was written."""
        from twilio.request_validator import add_port, remove_port

        parts, form = urlsplit(url), _Fields(fields)
        return [self._validator.compute_signature(way(parts), form) for way in (remove_port, add_port)]

    def parse(self, posted: Posted) -> list[Update]:
        """The updates of a form; see `twilio_forms.updates`. Raises Malformed."""
        return twilio_forms.updates(posted)

    def send(self, sender: str, recipient: str, outbound: Outbound, reference: str = "") -> str:
        """Posts one message; its SID. Its statuses come to our webhook, with the reference in their query."""
        form = {"From": f"whatsapp:+{sender}", "To": _whatsapp(recipient)}
        if outbound.buttons or outbound.rows or outbound.products or outbound.ask_location:
            raise SendFailed("unsendable", "Twilio shows buttons, lists and cards only from templates")
        if outbound.text:
            form["Body"] = outbound.text
        if outbound.media:
            link = outbound.media[1].link
            if not link:
                raise SendFailed("unsendable", "Twilio sends a file by its public address, and there is none")
            form["MediaUrl"] = link
        if self._public_url:
            query = f"?{urlencode({'reference': reference})}" if reference else ""
            form["StatusCallback"] = f"{self._public_url}{WEBHOOK}{query}"
        answer = self._caller.ask("POST", self._account("/Messages.json"), data=form, auth=self._auth)
        sid = self._object(answer).get("sid")
        if not isinstance(sid, str) or not sid:
            words = f"Twilio answered {answer.status_code} without the id of a message"
            raise SendFailed("no_id", words, Remedy.UNKNOWN)
        return sid

    def acknowledge(self, sender: str, message_id: str) -> None:
        """Shows that the message was read, and that an answer is being written."""
        form = {"messageId": message_id.partition(".")[0], "channel": "whatsapp"}
        url = f"{_messaging_url(self.settings.api_url)}/v2/Indicators/Typing.json"
        self._object(self._caller.ask("POST", url, data=form, auth=self._auth))

    def fetch(self, media: Media) -> Fetched:
        """Opens a file of Twilio's; where Twilio sends us on, our token stays behind."""
        if not self._is_ours(media.link):
            raise SendFailed("unfetchable", "the file's address is not one of Twilio's")
        answer = self._caller.ask("GET", media.link, auth=self._auth, stream=True)
        for _ in range(3):
            if not answer.is_redirect:
                break
            link = urljoin(answer.url, answer.headers["Location"])
            answer.close()
            if not (link.startswith("https://") or self._is_ours(link)):
                raise SendFailed("unfetchable", "Twilio names an address for the file that is not https")
            # An `auth` of nothing keeps requests from looking for one in a `.netrc`.
            answer = self._caller.ask("GET", link, auth=_nothing, stream=True)
        if not 200 <= answer.status_code < 300:
            with answer:
                failure = self._failure(answer)
            if answer.status_code == 404:
                # Twilio tells of a message before its file can be had everywhere.
                failure = SendFailed(failure.code, failure.text, Remedy.AGAIN)
            raise failure
        # Where the file lies in the end, it is often of no type but "binary".
        declared = media.mime_type or answer.headers.get("Content-Type", "")
        mime_type = declared.partition(";")[0].strip().lower()
        return Fetched(mime_type, self._caller.pieces(answer))

    def upload(self, sender: str, path: Path, mime_type: str) -> Media:
        """Refused: Twilio takes no uploads."""
        raise SendFailed("unsupported", "Twilio takes no uploads: send the file by a public https address")

    def check(self) -> list[Check]:
        """Asks for the account, for the number, and for the webhook that is set at the number."""
        try:
            account = self._object(self._caller.ask("GET", self._account(".json"), auth=self._auth))
        except SendFailed as failure:
            what = (
                "copy TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN anew from Twilio's console"
                if failure.remedy is Remedy.ACCOUNT
                else "look whether this machine reaches TWILIO_API_URL"
            )
            return [Check("Twilio's account", False, f"{failure.text}; {what}")]
        status = str(account.get("status"))
        checks = [
            Check("Twilio's account", status == "active", f"the account is {status}")
            if status == "active"
            else Check("Twilio's account", False, f"the account is {status}: open it again in the console")
        ]
        try:
            return [*checks, *self._number_checks()]
        except SendFailed as failure:
            text = (
                f"Twilio does not say ({failure.text}): look in its console, Messaging → WhatsApp senders, "
                f"that +{self.number} is online and its webhook is {self._webhook()}"
            )
            return [*checks, Check("Twilio's number", False, text)]

    def _number_checks(self) -> Iterator[Check]:
        ours = self._webhook()
        if self.number == SANDBOX:
            text = f"the sandbox's; look in the console, Messaging → Try it out, that its webhook is {ours}"
            yield Check("Twilio's number", True, text)
            return
        sender = self._sender()
        if sender is None:
            text = (
                f"+{self.number} is no WhatsApp sender of this account: correct TWILIO_WHATSAPP_FROM, or "
                "register the number in the console, Messaging → WhatsApp senders"
            )
            yield Check("Twilio's number", False, text)
            return
        status = str(sender.get("status"))
        is_online = status.startswith("ONLINE")
        remedy = "" if is_online else ": finish its registration in the console, Messaging → WhatsApp senders"
        yield Check("Twilio's number", is_online, f"+{self.number} is {status.lower()}{remedy}")
        webhook = sender.get("webhook")
        theirs = webhook.get("callback_url") if isinstance(webhook, dict) else None
        if theirs == ours:
            yield Check("Twilio's webhook", True, ours)
        else:
            found = f"it is {theirs}" if theirs else "none is set"
            yield Check("Twilio's webhook", False, f"{found}: set it to {ours}, by POST, at the sender")

    def _sender(self) -> Mapping[str, Any] | None:
        """Our number among the account's WhatsApp senders, with its webhook."""
        base = _messaging_url(self.settings.api_url)
        url = f"{base}/v2/Channels/Senders?{urlencode({'Channel': 'whatsapp', 'PageSize': '100'})}"
        for _ in range(20):
            page = self._object(self._caller.ask("GET", url, auth=self._auth))
            senders = page.get("senders")
            for sender in senders if isinstance(senders, list) else ():
                if isinstance(sender, dict) and sender.get("sender_id") == f"whatsapp:+{self.number}":
                    one = f"{base}/v2/Channels/Senders/{sender.get('sid')}"
                    return self._object(self._caller.ask("GET", one, auth=self._auth))
            meta = page.get("meta")
            following = meta.get("next_page_url") if isinstance(meta, dict) else None
            if not isinstance(following, str) or not self._is_ours(following):
                return None
            url = following
        return None

    def _webhook(self) -> str:
        return f"{self._public_url or 'PUBLIC_URL'}{WEBHOOK}"

    def _account(self, rest: str) -> str:
        return f"{self.settings.api_url}/2010-04-01/Accounts/{self.settings.account_sid}{rest}"

    def _is_ours(self, link: str) -> bool:
        """Whether our token may be shown at this address."""
        try:
            parts, api = urlsplit(link), urlsplit(self.settings.api_url)
            host = parts.hostname or ""
            same = (parts.scheme, host, parts.port) == (api.scheme, api.hostname, api.port)
        except ValueError:
            return False
        return same or (parts.scheme == "https" and host.endswith(".twilio.com"))

    def _object(self, answer: requests.Response) -> dict[str, Any]:
        """The JSON object of a success; raises SendFailed for everything else."""
        if not 200 <= answer.status_code < 300:
            raise self._failure(answer)
        return _json(answer)

    def _failure(self, answer: requests.Response) -> SendFailed:
        error = _json(answer)
        code, status = error.get("code"), answer.status_code
        number = code if isinstance(code, int) and not isinstance(code, bool) else None
        words = str(error.get("message") or answer.reason or "")
        remedy, wait = twilio_forms.remedy_of(number)
        if number not in twilio_forms.REMEDIES:
            if status == 504:
                # Whoever stood in between got no answer either: it may have been sent.
                remedy = Remedy.UNKNOWN
            elif status == 429 or status >= 500:
                remedy = Remedy.AGAIN
            elif status in (401, 403):
                remedy = Remedy.ACCOUNT
        return SendFailed(
            f"http_{status}" if number is None else str(number),
            words.replace(self.settings.auth_token, "[the token]")[:500],
            remedy,
            wait,
        )


class _Fields(dict[str, list[str]]):
    """A form whose fields may stand in it several times, as Twilio's validator reads one."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def _whatsapp(recipient: str) -> str:
    return f"whatsapp:+{recipient}" if recipient.isdigit() else f"whatsapp:{recipient}"


def _messaging_url(api_url: str) -> str:
    """Senders and typing live on a host of their own, in every region of Twilio's."""
    return re.sub(r"^https://api\.((?:[a-z0-9-]+\.)*twilio\.com)$", r"https://messaging.\1", api_url)


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _nothing(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
