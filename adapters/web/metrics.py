"""Shows the metrics to Prometheus: at `/metrics`, or on a port of its own, with the health of a worker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from socketserver import TCPServer, ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from flask import Blueprint, Flask, Request, abort, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from adapters.metrics import Metrics
from adapters.web import bearer
from adapters.web.proxies import HERE, address_of


def routes(metrics: Metrics, token: str) -> Blueprint:
    """`GET /metrics`, for who shows the token; without one, for this machine and private networks."""
    pages = Blueprint("metrics", __name__)

    @pages.get("/metrics")
    def show() -> ResponseReturnValue:
        if token and not bearer.shows(request, token):
            words = "send the header `Authorization: Bearer …` with the token in METRICS_TOKEN"
            abort(401, words, bearer.refusal())
        if not token and not _is_near(request):
            abort(403, "only private networks may read this: set METRICS_TOKEN, and send it along")
        text, content_type = metrics.render()
        return text, 200, {"Content-Type": content_type, "Cache-Control": "no-store"}

    return pages


def serve_metrics(
    metrics: Metrics, port: int, token: str = "", host: str = "", beside: Sequence[Blueprint] = ()
) -> Callable[[], None]:
    """Serves `/metrics` in a thread of its own, on every address of this machine unless one is named.

    The pages `beside` it are for private networks, and for who shows the token. Returns what ends all that.
    Raises OSError for a port that is taken.
    """
    app = Flask("shoptalk_metrics", static_folder=None, template_folder=None)
    app.register_blueprint(routes(metrics, token))
    for pages in beside:
        pages.before_request(lambda: _refuse_strangers(token))
        app.register_blueprint(pages)
    app.register_error_handler(HTTPException, _refused)
    server = make_server(host, port, app, _Server, _Request)
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="metrics", daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join(2.0)

    return stop


class _Server(ThreadingMixIn, WSGIServer):
    """A thread a scrape; none of them holds up a process that ends."""

    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        """Does without the name of this machine, for which others would ask a DNS that may be away."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "metrics", self.server_address[1]
        self.setup_environ()


class _Request(WSGIRequestHandler):
    """Says nothing of each scrape, and waits for nobody who sends nothing."""

    timeout = 10

    def log_message(self, format: str, *words: object) -> None:
        """Says nothing."""


def _is_near(asked: Request) -> bool:
    """Whether everybody on the request's way is on this machine or a private network.

    Behind a proxy that is not in TRUSTED_PROXIES the peer is the proxy itself, so what it says it passes on
    counts too: it can only close the door, never open it.
    """
    said = asked.headers.getlist("X-Forwarded-For") + asked.headers.getlist("X-Real-IP")
    peer = address_of(asked.remote_addr) if asked.remote_addr else HERE
    way = [peer, *(address_of(hop.strip()) for line in said for hop in line.split(","))]
    return "Forwarded" not in asked.headers and all(hop and hop.is_private for hop in way)


def _refuse_strangers(token: str) -> None:
    if not _is_near(request) and not (token and bearer.shows(request, token)):
        abort(403, "only private networks may read this: else send the token in METRICS_TOKEN along")


def _refused(error: HTTPException) -> ResponseReturnValue:
    response = error.get_response()
    kept = {name: text for name, text in response.headers if name == "WWW-Authenticate"}
    return {"error": error.description or error.name}, response.status_code, kept
