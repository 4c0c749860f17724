"""Holds the files of `deploy/` to what stands in the project: commands, settings, metrics, addresses."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from configparser import RawConfigParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import yaml
from live_server import NUMBER, SECRET, live_server
from meta_double import body, meta_double, text
from processes import free_port, running

from adapters.channels.meta import signature
from adapters.commands import COMMANDS
from adapters.metrics import FOLDER, Metrics

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted(path.name for path in DEPLOY.glob("*.service"))
PROMETHEUS_OWN = {"up"}
SETTINGS = {
    *re.findall(r"^# ([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE),
    FOLDER,
}


def text_of(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def arguments_known(words: list[str]) -> list[str]:
    """What is wrong with a call of one of our programs, `shoptalk …` or `gunicorn …`."""
    program = Path(words[0]).name
    if program == "gunicorn":
        from gunicorn.app.wsgiapp import WSGIApplication

        call = "import sys; sys.argv = sys.argv[1:]; from gunicorn.config import Config; c = Config();"
        call += "a = c.parser().parse_args(sys.argv[1:]); print(a.args)"
        came = subprocess.run(
            [sys.executable, "-c", call, *words], capture_output=True, text=True, check=False, timeout=60
        )
        assert WSGIApplication
        return [] if came.stdout.strip() == "['wsgi:app']" else [came.stdout + came.stderr]
    assert program == "shoptalk", words
    if words[1] not in COMMANDS:
        return [f"there is no command {words[1]!r}"]
    call = "import sys; from adapters.cli import shoptalk; sys.exit(shoptalk())"
    came = subprocess.run(
        [sys.executable, "-c", call, words[1], "--help"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    options = [word for word in words[2:] if word.startswith("--")]
    return [option for option in options if not re.search(rf"{option}\b", came.stdout)]


class Unit(RawConfigParser):
    """A unit file; names keep their case, and one that comes twice keeps its last value."""

    def __init__(self, name: str) -> None:
        super().__init__(strict=False, interpolation=None)
        self.optionxform = str  # type: ignore[assignment,method-assign]
        self.read_string(re.sub(r"\\\n\s*", "", text_of(name)))


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_calls_what_exists(name):
    unit = Unit(name)
    assert set(unit.sections()) == {"Unit", "Service", "Install"}
    service = unit["Service"]
    words = shlex.split(service["ExecStart"])
    assert words[0].startswith("/srv/shoptalk/.venv/bin/")
    assert arguments_known(words) == []
    assert service["User"] == "shoptalk"
    assert service["Restart"] == "always"
    assert 10 < int(service["TimeoutStopSec"]) < 30, "the running turn ends within ten seconds"
    for line in re.findall(r"^Environment=(.*)$", text_of(name), re.MULTILINE):
        assert {word.partition("=")[0] for word in shlex.split(line)} <= SETTINGS


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    """Where systemd is there, it reads them itself, with programs at the paths that they name."""
    analyze = shutil.which("systemd-analyze")
    for name in UNITS:
        program = shlex.split(Unit(name)["Service"]["ExecStart"])[0]
        there = tmp_path / Path(program).name
        there.write_text("#!/bin/sh\n")
        there.chmod(0o755)
        (tmp_path / name).write_text(
            text_of(name).replace(program, str(there)).replace("/srv/shoptalk", str(tmp_path))
        )
    if analyze:
        units = [str(tmp_path / name) for name in UNITS]
        came = subprocess.run(
            [analyze, "verify", *units], capture_output=True, text=True, check=False, timeout=60
        )
        assert (came.returncode, came.stderr) == (0, "")


def test_the_compose_file_starts_what_exists():
    compose = yaml.safe_load(text_of("compose.yaml"))
    services = compose["services"]
    assert set(services) == {"web", "worker", "database", "queue"}
    for name in ("web", "worker"):
        service = services[name]
        assert arguments_known(shlex.split(service["command"])) == []
        assert set(service["environment"]) <= SETTINGS
        assert {"DATABASE_URL", "REDIS_URL"} <= set(service["environment"])
        assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        for needed, how in service["depends_on"].items():
            assert how == {"condition": "service_healthy"}
            assert "healthcheck" in services[needed]
        for mount in service["volumes"]:
            assert mount.partition(":")[0] in compose["volumes"]
    for name, port in (("web", 8000), ("worker", 9101)):
        health = services[name]["healthcheck"]["test"]
        assert health[:3] == ["CMD", "python", "-c"]
        compile(health[3], "healthcheck", "exec")
        assert str(port) in services[name]["command"]
        assert f"http://127.0.0.1:{port}/ready" in health[3]


def test_every_call_of_compose_names_the_settings_of_the_project():
    """Compose itself would read a `.env` beside its file."""
    texts = [text_of("compose.yaml"), (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")]
    calls = [line for text in texts for line in text.splitlines() if "docker compose -" in line]
    assert len(calls) == 3
    assert all("docker compose --env-file .env -f deploy/compose.yaml" in line for line in calls)


def test_the_dockerfile_copies_and_calls_what_exists():
    text = re.sub(r"\\\n\s*", "", text_of("Dockerfile"))
    copied = [line.split()[1:-1] for line in re.findall(r"^COPY (?!--from).*$", text, re.MULTILINE)]
    for path in (path for paths in copied for path in paths):
        assert (ROOT / path).exists(), path
    [command] = re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)
    assert arguments_known(yaml.safe_load(command)) == []
    [environment] = re.findall(r"^ENV (.*)$", text, re.MULTILINE)
    names = {word.partition("=")[0] for word in shlex.split(environment)}
    assert names - {"PATH", "PYTHONUNBUFFERED"} <= SETTINGS
    assert re.search(r"^USER shoptalk$", text, re.MULTILINE)


@pytest.mark.parametrize("name", ["deploy/Dockerfile", "docs/deployment.md"])
def test_what_the_services_call_is_installed(name):
    """gunicorn is no dependency: whoever runs one process does without."""
    package = RawConfigParser()
    package.read(ROOT / "setup.cfg", encoding="utf-8")
    needed = {"gunicorn"} - set(package["options"]["install_requires"].split())
    lines = re.findall(r"pip install (.*)$", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert lines
    for line in lines:
        words = line.partition(" #")[0].split()
        assert "." in words
        assert needed <= set(words)
        assert "constraints.txt" in words


def calls_in(text: str) -> list[str]:
    """Every call of `shoptalk` in what somebody is told to type."""
    typed = [
        *re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL),
        *re.findall(r"^    .*", text, re.M),
    ]
    lines = re.sub(r" #.*", "", "\n".join(typed))
    return re.findall(r"(?<![=\w-])(?<!/srv/)shoptalk (?!cd )([a-z][a-z-]*(?: +(?!&&|\||>)\S+)*)", lines)


@pytest.mark.parametrize("name", ["README.md", "docs/deployment.md"])
def test_what_somebody_is_told_to_type_is_a_command(name):
    calls = calls_in((ROOT / name).read_text(encoding="utf-8"))
    assert calls
    wrong = {call: arguments_known(["shoptalk", *call.split()]) for call in calls}
    assert {call: what for call, what in wrong.items() if what} == {}


RULES = yaml.safe_load(text_of("alerts.yaml"))["groups"][0]["rules"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_is_about_what_there_is_and_says_what_to_do(rule):
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"Shoptalk[A-Z][A-Za-z]+", rule["alert"])
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
    assert set(rule["annotations"]) == {"summary", "action"}
    assert len(rule["annotations"]["action"]) > 30
    named = set(re.findall(r"\b(?:shoptalk_[a-z_]+|up\b)", rule["expr"]))
    assert named, rule["expr"]
    for command in re.findall(r"`shoptalk ([a-z-]+)", rule["annotations"]["action"]):
        assert command in COMMANDS
    for labels in re.findall(r"(shoptalk_[a-z_]+)\{\s*([a-z_]+)", rule["expr"]):
        assert labels in LABELS, labels
    assert named - PROMETHEUS_OWN <= NAMES


CASES = yaml.safe_load((ROOT / "tests" / "cases" / "alerts.yaml").read_text(encoding="utf-8"))


def test_every_alert_has_its_case():
    assert set(CASES) == {"quiet", *(rule["alert"] for rule in RULES)}
    for name, series in CASES.items():
        for one in series:
            assert re.split(r"\{", one)[0] in NAMES | PROMETHEUS_OWN, (name, one)


def test_each_alert_fires_when_it_should_and_alone(tmp_path):
    """Where Prometheus's promtool is there, it plays the cases; everywhere the file for it can be made."""
    played = [
        {
            "name": name,
            "interval": "15s",
            "input_series": [
                {"series": one, "values": values} for one, values in (CASES["quiet"] | series).items()
            ],
            "promql_expr_test": [
                {
                    "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                    "eval_time": "100m",
                    "exp_samples": []
                    if name == "quiet"
                    else [{"labels": f'{{alertname="{name}"}}', "value": 1}],
                }
            ],
        }
        for name, series in CASES.items()
    ]
    (tmp_path / "alerts.yaml").write_text(text_of("alerts.yaml"), encoding="utf-8")
    whole = {"rule_files": ["alerts.yaml"], "evaluation_interval": "15s", "tests": played}
    (tmp_path / "played.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    if promtool := shutil.which("promtool"):
        came = subprocess.run(
            [promtool, "test", "rules", "played.yaml"],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert came.returncode == 0, came.stdout + came.stderr


class _Stored:
    """A storage in which there is one of everything."""

    def backlog(self, now: Any) -> Any:
        from adapters.storage.backlog import Backlog

        return Backlog(1, 1.0, 1, 1.0, 1, {("corner", "customer", "initial"): 1}, {("meta", "1"): now})

    def channels(self) -> list[Any]:
        from adapters.storage.channel_states import ChannelState

        return [ChannelState("meta", "1", "corner", "open", "", "", None, None)]


def shown() -> tuple[set[str], set[tuple[str, str]]]:
    """The names of all samples, and (name, label) of each, as /metrics shows them."""
    from datetime import UTC, datetime

    from prometheus_client.parser import text_string_to_metric_families

    metrics = Metrics()
    metrics.watch(_Stored(), lambda: datetime.now(UTC), 80.0)  # type: ignore[arg-type]
    metrics.message_in("meta", "text")
    metrics.receipt("meta", "sent")
    metrics.webhook("meta", 200)
    metrics.turn("corner", "handled", 0.001)
    metrics.messages_unclaimed("meta", 0)
    metrics.sent("meta", "sent", 0.1)
    metrics.provider_error("meta", "131056")
    metrics.ticked(datetime.now(UTC))
    families = text_string_to_metric_families(metrics.render()[0].decode())
    samples = [sample for family in families for sample in family.samples]
    return {sample.name for sample in samples}, {(s.name, label) for s in samples for label in s.labels}


NAMES, LABELS = shown()


def test_the_document_names_every_metric():
    text = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\bshoptalk_[a-z_]+[a-z]", text))
    told = {re.sub(r"_(bucket|count|sum)$", "", name) for name in NAMES if not name.endswith("_created")}
    assert named - {"shoptalk_process"} == {name for name in told if not name.startswith("shoptalk_process")}


def nginx_folder(folder: Path, port: int, secure_port: int, behind: int) -> Path:
    """nginx's own configuration around ours, with its ports, certificate and folders put here."""
    words = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=shop -addext subjectAltName=IP:127.0.0.1"
    )
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run([*words.split(), *files], check=True, capture_output=True, timeout=60)
    site = text_of("nginx.conf")
    for before, after in (
        ("/etc/letsencrypt/live/shop.example.org", str(folder)),
        ("127.0.0.1:8000", f"127.0.0.1:{behind}"),
        ("listen [::]:80;", ""),
        ("listen [::]:443 ssl http2;", ""),
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{secure_port} ssl http2;"),
    ):
        assert before in site, before
        site = site.replace(before, after)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"""
        daemon off;
        worker_processes 1;
        pid {folder}/nginx.pid;
        error_log stderr warn;
        events {{}}
        http {{ access_log off; {temporary} {site} }}
    """
    path = folder / "nginx.conf"
    path.write_text(whole, encoding="utf-8")
    return path


class _Echo(BaseHTTPRequestHandler):
    """Tells what reached it."""

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        lines = [f"{self.command} {self.path}", *(f"{name}: {text}" for name, text in self.headers.items())]
        said = "\n".join(lines).encode() + b"\n\n" + body
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def test_nginx_shows_the_world_the_webhooks_and_nothing_of_the_inside(tmp_path):
    """Where nginx is there, it runs with the file; everywhere the file has the addresses it should."""
    site = text_of("nginx.conf")
    assert re.findall(r"location (/\S*)", site) == [
        "/.well-known/acme-challenge/", "/", "/webhooks/", "/api/", "/health", "/",
    ]  # fmt: skip
    assert "client_max_body_size  3m;" in site
    if not shutil.which("nginx"):
        return
    behind = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=behind.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    port, secure_port = free_port(), free_port()
    path = nginx_folder(tmp_path, port, secure_port, behind.server_port)
    tested = subprocess.run(
        ["nginx", "-t", "-c", str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert tested.returncode == 0, tested.stderr
    assert "[warn]" not in tested.stderr.replace('the "user" directive', ""), tested.stderr
    url, certificate = f"https://127.0.0.1:{secure_port}", str(tmp_path / "fullchain.pem")
    try:
        with running(tmp_path, "nginx", "-c", str(path)):
            body = b'{"signed":  "as it is"}'
            got = ask(f"{url}/webhooks/meta", body, {"X-Forwarded-For": "203.0.113.9"}, certificate)
            assert got.startswith("POST /webhooks/meta\n")
            assert got.endswith('\n\n{"signed":  "as it is"}'), "the bytes are those that were signed"
            assert "X-Forwarded-For: 203.0.113.9, 127.0.0.1" in got
            assert "X-Forwarded-Proto: https" in got
            assert re.search(r"X-Request-ID: [0-9a-f]{32}\n", got)
            for hidden in ("/metrics", "/ready", "/"):
                assert requests.get(f"{url}{hidden}", verify=certificate, timeout=10).status_code == 404
            large = requests.post(f"{url}/webhooks/meta", b"x" * 3_200_000, verify=certificate, timeout=10)
            assert large.status_code == 413
            plain = requests.get(f"http://127.0.0.1:{port}/health", allow_redirects=False, timeout=10)
            assert plain.status_code == 301
            assert plain.headers["Location"].startswith("https://")
    finally:
        behind.shutdown()
        behind.server_close()


def test_a_signed_webhook_comes_through_nginx(tmp_path):
    """Where nginx is there, a real server stands behind it, and believes what it says of who asked."""
    here = (ip_network("127.0.0.1"),)
    with meta_double() as double, live_server(tmp_path, double.url, trusted_proxies=here) as live:
        said = text("hi", "w.1", at=str(int(live.site.now().timestamp())))
        raw = json.dumps(body(said, number=NUMBER)).encode()
        headers = {"X-Hub-Signature-256": signature(SECRET, raw)}
        if shutil.which("nginx"):
            port, secure_port = free_port(), free_port()
            path = nginx_folder(tmp_path, port, secure_port, urlsplit(live.url).port or 0)
            certificate, url = str(tmp_path / "fullchain.pem"), f"https://127.0.0.1:{secure_port}"
            with running(tmp_path, "nginx", "-c", str(path)):
                ask(f"{url}/webhooks/meta", raw, headers, certificate)
                shown = requests.get(f"{url}/health", verify=certificate, timeout=10)
                assert "Strict-Transport-Security" in shown.headers, "it is known that the world uses https"
        else:
            assert live.post(raw).status_code == 200
        assert double.wait_for(3)[0].text == "Welcome to Corner Shop!"


def ask(url: str, body: bytes, headers: dict[str, str], certificate: str) -> str:
    """Posts until the server listens."""
    waiting = threading.Event()
    for _ in range(100):
        try:
            got = requests.post(url, data=body, headers=headers, verify=certificate, timeout=10)
        except requests.ConnectionError:
            waiting.wait(0.1)
            continue
        assert got.status_code == 200, got.text
        return got.text
    raise AssertionError(f"nobody listens at {url}")
