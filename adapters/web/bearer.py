"""Tells whether a request shows a token of ours, in a time that betrays nothing of it."""

from __future__ import annotations

import hmac

from flask import Request, Response


def shows(request: Request, token: str) -> bool:
    """Whether the request's `Authorization` header is `Bearer` and this token."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    # A WSGI server hands bytes over as Latin-1.
    theirs = given.strip().encode("latin-1", "replace")
    ours = token.strip().encode("utf-8", "surrogateescape")
    return scheme.lower() == "bearer" and hmac.compare_digest(theirs, ours)


def refusal() -> Response:
    """The answer to who shows none: 401, and what to show."""
    return Response(status=401, headers={"WWW-Authenticate": "Bearer"})
