"""The log's file: begun anew at midnight, by one process or several, without losing a line."""

from __future__ import annotations

import io
import json
import logging
import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters import log
from adapters.log_file import DailyFile
from adapters.settings import Settings, SettingsError

MIDNIGHT = datetime(2026, 5, 25, tzinfo=UTC)


class Clock:
    """A clock that stands until it is set."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


def record(text: str, moment: datetime) -> logging.LogRecord:
    made = logging.LogRecord("shoptalk", logging.INFO, "here.py", 1, text, (), None)
    made.created = moment.timestamp()
    return made


@contextmanager
def daily_file(path: Path, clock: Clock) -> Iterator[DailyFile]:
    file = DailyFile(path, clock)
    file.setFormatter(log.JsonLines())
    try:
        yield file
    finally:
        file.close()


def say(file: DailyFile, clock: Clock, text: str) -> None:
    file.handle(record(text, clock.moment))


def events(path: Path) -> list[str]:
    return [json.loads(line)["event"] for line in path.read_text(encoding="utf-8").splitlines()]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_a_day_that_is_over_is_put_aside_under_its_date(tmp_path):
    clock = Clock(MIDNIGHT - timedelta(milliseconds=1))
    with daily_file(tmp_path / "shop.log", clock) as file:
        say(file, clock, "the last of the day")
        clock.moment = MIDNIGHT
        say(file, clock, "the first of the next")
        say(file, clock, "the second ‘of it’")
    assert names(tmp_path) == ["shop.log", "shop.log.2026-05-24"]
    assert events(tmp_path / "shop.log.2026-05-24") == ["the last of the day"]
    assert events(tmp_path / "shop.log") == ["the first of the next", "the second ‘of it’"]


def test_a_process_that_starts_puts_aside_what_an_earlier_day_left(tmp_path):
    clock = Clock(MIDNIGHT - timedelta(days=3))
    with daily_file(tmp_path / "shop.log", clock) as file:
        say(file, clock, "long ago")
    clock.moment = MIDNIGHT
    with daily_file(tmp_path / "shop.log", clock) as file:
        say(file, clock, "now")
    assert names(tmp_path) == ["shop.log", "shop.log.2026-05-22"]
    assert events(tmp_path / "shop.log") == ["now"]


def test_fourteen_days_are_kept_and_nothing_else_is_removed(tmp_path):
    for name in ("shop.log.txt", "shop.log.2026-05-01.gz", "other.log.2026-01-01"):
        (tmp_path / name).write_text("somebody else's")
    clock = Clock(MIDNIGHT)
    with daily_file(tmp_path / "shop.log", clock) as file:
        for day in range(20):
            clock.moment = MIDNIGHT + timedelta(days=day)
            say(file, clock, f"day {day}")
    dated = [name for name in names(tmp_path) if name.startswith("shop.log.2026-0") and name[-3:] != ".gz"]
    assert dated == [f"shop.log.{(MIDNIGHT + timedelta(days=day)).date()}" for day in range(5, 19)]
    assert {"shop.log.txt", "shop.log.2026-05-01.gz", "other.log.2026-01-01"} < set(names(tmp_path))


def test_a_name_that_is_taken_costs_no_line(tmp_path):
    (tmp_path / "shop.log.2026-05-24").write_text('{"event": "kept"}\n')
    clock = Clock(MIDNIGHT - timedelta(hours=1))
    with daily_file(tmp_path / "shop.log", clock) as file:
        say(file, clock, "also kept")
        clock.moment = MIDNIGHT
        say(file, clock, "new")
    assert events(tmp_path / "shop.log.2026-05-24") == ["kept"]
    assert events(tmp_path / "shop.log.2026-05-24.2") == ["also kept"]


def test_a_file_that_somebody_takes_away_is_written_anew(tmp_path):
    clock = Clock(MIDNIGHT)
    with daily_file(tmp_path / "shop.log", clock) as file:
        say(file, clock, "one")
        os.rename(tmp_path / "shop.log", tmp_path / "moved")
        say(file, clock, "two")
        os.unlink(tmp_path / "shop.log")
        say(file, clock, "three")
    assert (events(tmp_path / "moved"), events(tmp_path / "shop.log")) == (["one"], ["three"])


def write_across_midnight(path: Path, number: int, begin, lines: int) -> None:
    """One process that logs before and after midnight, each at a clock that is a little off."""
    clock = Clock(MIDNIGHT - timedelta(seconds=1))
    file = DailyFile(path, clock)
    file.setFormatter(log.JsonLines())
    begin.wait(30)
    for line in range(lines):
        clock.moment = MIDNIGHT + timedelta(milliseconds=line - lines / 2 + number * 7)
        say(file, clock, f"{number}/{line} " + "x" * 6000)
    file.close()


def test_several_processes_write_one_file_through_midnight(tmp_path):
    processes, lines = 4, 200
    spawn = multiprocessing.get_context("spawn")
    begin = spawn.Barrier(processes)
    path = tmp_path / "shop.log"
    writers = [
        spawn.Process(target=write_across_midnight, args=(path, number, begin, lines))
        for number in range(processes)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    assert names(tmp_path) == ["shop.log", "shop.log.2026-05-24"]
    said = [text.split()[0] for name in reversed(names(tmp_path)) for text in events(tmp_path / name)]
    assert sorted(said) == sorted(f"{number}/{line}" for number in range(processes) for line in range(lines))
    for number in range(processes):
        own = [int(text.split("/")[1]) for text in said if text.startswith(f"{number}/")]
        assert own == sorted(own), "a process's lines stand in their order"


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Puts the handlers of the tests back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, log.LOGGER.level
    root.handlers[:] = []
    yield
    log.stop_logging()
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    log.LOGGER.setLevel(before[2])


@pytest.mark.usefixtures("own_logging")
def test_the_file_of_the_settings_gets_the_log_without_secrets(tmp_path):
    settings = Settings(api_token="the token", log_file=tmp_path / "shop.log")
    log.start_logging_as_set(settings)
    log.event("turn", text="the token of +923001234567", correlation="c1")
    line = json.loads((tmp_path / "shop.log").read_text(encoding="utf-8"))
    assert line["text"] == "[secret] of …4567"
    assert line["correlation"] == "c1"


@pytest.mark.usefixtures("own_logging")
@pytest.mark.parametrize("where", ["no/such/folder/shop.log", "a_folder"])
def test_a_file_that_cannot_be_written_is_said_at_the_start(tmp_path, where):
    (tmp_path / "a_folder").mkdir()
    with pytest.raises(SettingsError, match=r"LOG_FILE: .* cannot be written \(.*name a file in a folder"):
        log.start_logging_as_set(Settings(log_file=tmp_path / where))


def test_a_line_that_cannot_be_written_is_told_to_standard_error(tmp_path, capfd, monkeypatch):
    clock = Clock(MIDNIGHT)
    with daily_file(tmp_path / "shop.log", clock) as file:
        (tmp_path / "shop.log").unlink()
        (tmp_path / "shop.log").mkdir()
        monkeypatch.setattr(sys, "stderr", sys.__stderr__)
        say(file, clock, "lost otherwise")
    assert "lost otherwise" in capfd.readouterr().err


SECRETS = ("a plain one", 'in "quotation" marks\\', "με τόνους", "half \ud83d of one")


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("nothing to hide, in 2026", "nothing to hide, in 2026"),
        ("from +923001234567 today", "from …4567 today"),
        ("from 923001234567", "from …4567"),
        ("from ٩٢٣٠٠١٢٣٤٥٦٧", "from …٤٥٦٧"),
        ("c0ffee123456789ab", "c0ffee123456789ab"),
        *((f"with {secret}, and", "with [secret], and") for secret in SECRETS),
        (["+923001234567", ("a plain one", 7)], ["…4567", ["[secret]", 7]]),
        ("\ud83d of 923001234567", "\ud83d of …4567"),
        (10**40, 10**40),
    ],
)
def test_whatever_a_line_says_it_hides_secrets_and_numbers(said: object, written: object) -> None:
    made = record("sent to 923001234567", MIDNIGHT)
    vars(made)["values"] = {"id": "wamid.923001234567", "what": said, "level": "info"}
    line = json.loads(log.JsonLines(SECRETS).format(made))
    assert line == {
        "time": line["time"],
        "level": "info",
        "event": "sent to …4567",
        "id": "wamid.923001234567",
        "what": written,
    }


def test_lines_of_one_second_and_of_an_earlier_one_have_the_moment_of_each():
    lines = log.JsonLines()
    for milliseconds in (0, 1, 999, 1000, 1500, 999, -1, 86_400_000):
        moment = MIDNIGHT + timedelta(milliseconds=milliseconds, microseconds=500)
        written = json.loads(lines.format(record("turn", moment)))["time"]
        assert written == moment.isoformat(timespec="milliseconds")


@pytest.mark.parametrize("hidden", [0, 1, 2])
def test_what_happened_several_times_has_a_line_for_each(hidden: int) -> None:
    said = [{"what": "nothing to hide", "conversation": number} for number in range(3)]
    said[hidden]["what"] = f"{SECRETS[0]} of +923001234567"
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log.JsonLines(SECRETS))
    log.LOGGER.addHandler(handler)
    try:
        log.LOGGER.setLevel(logging.INFO)
        log.events("turn", said)
        log.events("turn", [])
    finally:
        log.LOGGER.removeHandler(handler)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["event"], line["conversation"]) for line in lines] == [("turn", n) for n in range(3)]
    assert len({line["time"] for line in lines}) == 1
    shown = ["nothing to hide"] * 3
    shown[hidden] = "[secret] of …4567"
    assert [line["what"] for line in lines] == shown


@pytest.mark.parametrize("said", [f"with {secret}, and" for secret in SECRETS])
def test_a_secret_is_found_where_nothing_else_is_to_be_hidden(said: str) -> None:
    made = record("turn", MIDNIGHT)
    vars(made)["values"] = {"what": said, "level": "info"}
    assert json.loads(log.JsonLines(SECRETS).format(made))["what"] == "with [secret], and"


@pytest.mark.parametrize("number", ["+923001234567", "٩٢٣٠٠١٢٣٤٥٦٧", "012345678"])
def test_a_number_is_found_where_nothing_else_is_to_be_hidden(number: str) -> None:
    made = record("turn", MIDNIGHT)
    vars(made)["values"] = {"what": f"from {number}"}
    assert json.loads(log.JsonLines().format(made))["what"] == f"from …{number[-4:]}"
