"""Customers' files are fetched once, bounded in size and type, and kept under names that are ours alone."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from meta_double import File, MetaDouble, meta_double, refusal
from shop_contract import ANN
from storage_case import NOW, NUMBER, at, in_threads, said

from adapters.channels.channel import Fetched, Remedy, SendFailed
from adapters.channels.meta import MetaChannel
from adapters.media import EmptyFile, MediaFolder, RefusedFile
from adapters.media_types import LARGEST, TYPES, RefusedType, true_type
from adapters.settings import MetaSettings
from adapters.storage import Storage, WaitingMedia
from adapters.storage.media import DUE
from adapters.tasks.media import LEASE, TRIES, MediaJobs
from engine.limits import MEDIA_KINDS
from engine.message import Media

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)) * 40
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
OGG = b"OggS\x00\x02" + bytes(22) + b"\x01vorbis"
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00"
ZIP = b"PK\x03\x04\x14\x00\x06\x00"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

# Types


@pytest.mark.parametrize(
    ("kind", "declared", "head", "taken"),
    [
        ("image", "image/jpeg", JPEG, "image/jpeg"),
        ("image", "IMAGE/JPG", JPEG, "image/jpeg"),
        ("image", "image/jpeg", PNG, "image/png"),
        ("image", "", JPEG, "image/jpeg"),
        ("image", "image/webp", b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        ("audio", "audio/ogg; codecs=opus", OGG, "audio/ogg"),
        ("audio", "audio/mpeg", b"ID3\x04\x00", "audio/mpeg"),
        ("audio", "audio/mpeg", b"\xff\xfb\x90\x64", "audio/mpeg"),
        ("audio", "audio/aac", b"\xff\xf1\x50\x80", "audio/aac"),
        ("audio", "audio/amr", b"#!AMR\n\x3c", "audio/amr"),
        ("audio", "audio/x-m4a", MP4, "audio/mp4"),
        ("video", "video/mp4", MP4, "video/mp4"),
        ("video", "video/3gpp", b"\x00\x00\x00\x14ftyp3gp5", "video/3gpp"),
        ("document", "application/pdf", PDF, "application/pdf"),
        ("document", "application/octet-stream", PDF, "application/pdf"),
        ("document", DOCX, ZIP, DOCX),
        ("document", "application/msword", OLE, "application/msword"),
        ("document", "application/msword", b"{\\rtf1\\ansi", "application/rtf"),
        ("document", "application/vnd.ms-excel", b"name,price\r\n", "text/plain"),
        ("document", "text/csv", b"name,price\r\n", "text/csv"),
        ("document", "text/plain", "\ufeffسلام".encode(), "text/plain"),
        ("document", "text/plain", "سلام".encode("utf-16"), "text/plain"),
        ("document", "text/plain", b"see <html> below", "text/plain"),
        ("document", "image/png", PNG, "image/png"),
        ("document", "video/mp4", MP4, "video/mp4"),
    ],
)
def test_a_type_that_is_taken(kind: str, declared: str, head: bytes, taken: str) -> None:
    assert true_type(kind, declared, head) == taken


@pytest.mark.parametrize(
    ("kind", "declared", "head", "reason"),
    [
        ("document", "application/pdf", b"MZ\x90\x00", "a program"),
        ("image", "image/png", b"\x7fELF\x02\x01", "a program"),
        ("document", "text/plain", b"#!/bin/sh\nrm -rf /", "a program"),
        ("document", "application/pdf", b"\xca\xfe\xba\xbe\x00", "a program"),
        ("document", "text/plain", b"<!DOCTYPE html><p>", "a page"),
        ("document", "text/plain", b"\xef\xbb\xbf \n<HTML>", "a page"),
        ("document", "text/plain", b"<!-- a --><!-- b -->\n<script>alert(1)", "a page"),
        ("document", "text/plain", "<svg onload=alert(1)>".encode("utf-16"), "a page"),
        ("image", "image/svg+xml", b'<?xml version="1.0"?><svg>', "a page"),
        ("image", "image/jpeg", b"<svg xmlns=", "a page"),
        ("image", "image/svg+xml", b"  hello", "image/svg\\+xml is not taken"),
        ("document", "text/html", b"hello", "text/html is not taken"),
        ("document", "application/x-msdownload", b"hello", "is not taken"),
        ("document", "application/zip", ZIP, "application/zip is not taken"),
        ("document", "", b"\x00\x01\x02", "a file of no type is not taken"),
        ("image", "image/jpeg", b"\x00\x01\x02", "said to be image/jpeg, and it is not"),
        ("document", "text/plain", b"a\x00b", "said to be text/plain, and it is not"),
        ("document", DOCX, b"\x00\x01\x02", "and it is not"),
        ("image", "image/jpeg", PDF, "it is application/pdf, and its message is of the kind image"),
        ("audio", "video/mp4", MP4, "of the kind audio"),
        ("image", "image/jpeg", b"hello", "and it is not|of the kind image"),
    ],
)
def test_a_type_that_is_refused(kind: str, declared: str, head: bytes, reason: str) -> None:
    with pytest.raises(RefusedType, match=reason):
        true_type(kind, declared, head)


def test_no_beginning_keeps_anybody_busy() -> None:
    """Comment behind comment is what a careless expression would try in every way there is."""
    assert true_type("document", "text/plain", b"<!---->" * 140) == "text/plain"


def test_what_is_taken_is_no_page_and_no_program() -> None:
    endings = [known.ending for known in TYPES.values()]
    assert len(set(endings)) == len(endings)
    assert not set(endings) & {
        "html",
        "htm",
        "svg",
        "xml",
        "js",
        "exe",
        "sh",
        "bat",
        "apk",
        "zip",
        "jar",
        "xhtml",
    }
    assert {known.kind for known in TYPES.values()} == MEDIA_KINDS == set(LARGEST)


# The folder


def waiting(kind: str = "image", message: int = 7, media: Media | None = None) -> WaitingMedia:
    made = datetime(2026, 5, 31, 23, 59, tzinfo=UTC)
    return WaitingMedia(message, "corner", "meta", kind, media or Media(id="77"), 1, made)


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }


def test_a_file_lies_whole_under_a_name_of_ours(tmp_path: Path) -> None:
    named = Media(id="77", mime_type="image/jpeg", filename="../../etc/passwd\0.html")
    kept = MediaFolder(tmp_path / "media").keep(
        waiting(media=named), Fetched("image/jpeg", [JPEG[:5], b"", JPEG[5:]])
    )
    digest = hashlib.sha256(JPEG).hexdigest()
    assert kept.path == f"corner/2026-05/7-{digest[:16]}.jpg"
    assert (kept.mime_type, kept.size, kept.sha256) == ("image/jpeg", len(JPEG), digest)
    assert files_in(tmp_path / "media") == {kept.path: JPEG}


def test_the_first_pieces_may_be_small(tmp_path: Path) -> None:
    content = [bytes([byte]) for byte in JPEG]
    assert MediaFolder(tmp_path).keep(waiting(), Fetched("", content)).mime_type == "image/jpeg"


@pytest.mark.parametrize("kind", LARGEST)
def test_a_file_may_be_as_large_as_its_kind_allows(tmp_path: Path, kind: str) -> None:
    head, declared = {
        "image": (JPEG, "image/jpeg"),
        "audio": (OGG, "audio/ogg"),
        "video": (MP4, "video/mp4"),
        "document": (PDF, "application/pdf"),
    }[kind]
    read = 0

    def content(size: int) -> Iterator[bytes]:
        nonlocal read
        yield head
        piece = bytes(1024 * 1024)
        left = size - len(head)
        while left > 0:
            read += min(left, len(piece))
            yield piece[:left]
            left -= len(piece)

    folder = MediaFolder(tmp_path)
    kept = folder.keep(waiting(kind, 1), Fetched(declared, content(LARGEST[kind])))
    assert kept.size == LARGEST[kind]
    read = 0
    with pytest.raises(RefusedFile, match=f"larger than the {LARGEST[kind] // 1024**2} MiB of one {kind}"):
        folder.keep(waiting(kind, 2), Fetched(declared, content(2 * LARGEST[kind])))
    assert read <= LARGEST[kind] + 1024**2
    assert list(files_in(tmp_path)) == [kept.path]


def _breaks() -> Iterator[bytes]:
    yield JPEG
    raise SendFailed("connection", "it broke off", Remedy.AGAIN)


@pytest.mark.parametrize(
    ("content", "error"),
    [([], EmptyFile), ([b"", b""], EmptyFile), ([b"MZ"], RefusedFile), (_breaks(), SendFailed)],
)
def test_what_does_not_come_whole_leaves_nothing(
    tmp_path: Path, content: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        MediaFolder(tmp_path).keep(waiting(), Fetched("image/jpeg", content))
    assert files_in(tmp_path) == {}


def test_what_a_killed_worker_left_is_used_or_taken_away(tmp_path: Path) -> None:
    folder = MediaFolder(tmp_path)
    first = folder.keep(waiting(), Fetched("image/jpeg", [JPEG]))
    written = (tmp_path / first.path).stat().st_mtime_ns
    place = (tmp_path / first.path).parent
    for name, age in ((".7-old.part", 7200), (".7-new.part", 10), (".8-old.part", 7200)):
        (place / name).write_bytes(b"half")
        moment = datetime.now(UTC).timestamp() - age
        os.utime(place / name, (moment, moment))
    assert folder.keep(waiting(), Fetched("image/jpeg", [JPEG])) == first
    assert (tmp_path / first.path).stat().st_mtime_ns == written
    assert {path.name for path in place.iterdir()} == {
        Path(first.path).name,
        ".7-new.part",
        ".8-old.part",
    }


# What waits


def sent(storage: Storage, id: str = "m1", kind: str = "image", **media: str) -> int:
    """The row id of a message with a file, for which a file now waits."""
    message = said("", id, ANN, kind=kind, media=Media(**{"id": "77", "mime_type": "image/jpeg", **media}))
    (row_id,) = storage.accept("meta", [message], NOW, "c0ffee").media
    return row_id


def row(storage: Storage, *columns: str) -> list[tuple[Any, ...]]:
    return storage.database.rows(f"SELECT {', '.join(columns)} FROM media ORDER BY message_id")


def test_a_file_waits_as_soon_as_its_message_is_kept(storage: Storage) -> None:
    message = sent(storage, filename="cake\0.jpg")
    assert row(storage, "message_id", "business", "kind", "mime_type", "filename", "status", "attempts") == [
        (message, "corner", "image", "image/jpeg", "cake\ufffd.jpg", "waiting", 0)
    ]
    assert storage.media.due(NOW) == [message]
    assert storage.media.claim(message, NOW, at(60)) == WaitingMedia(
        message,
        "corner",
        "meta",
        "image",
        Media("77", "", "image/jpeg", "cake\0.jpg"),
        1,
        NOW,
        "c0ffee",
    )


def test_a_file_waits_once_and_a_sticker_never(storage: Storage) -> None:
    sent(storage)
    again = said("", "m1", ANN, kind="image", media=Media(id="77"))
    sticker = said("", "m2", ANN, kind="unsupported", media=Media(id="78"))
    assert storage.accept("meta", [again, sticker, said("hi", "m3")], NOW).media == ()
    assert len(row(storage, "message_id")) == 1


def test_who_claims_a_file_has_it_alone_until_the_lease_ends(storage: Storage) -> None:
    message = sent(storage)
    claimed: list[WaitingMedia | None] = []
    in_threads(6, lambda _: claimed.append(storage.media.claim(message, NOW, at(60))))
    (first,) = (one for one in claimed if one is not None)
    assert storage.media.due(at(59)) == []
    assert storage.media.due(at(60)) == [message]
    second = storage.media.claim(message, at(60), at(120))
    assert second is not None
    assert second.attempts == 2
    # Who was away too long has nothing to say any more.
    assert not storage.media.failed(first, "too late")
    assert not storage.media.again(first, "too late", at(0))
    assert storage.media.refused(second, "too large")
    assert row(storage, "status", "error", "try_after") == [("refused", "too large", None)]
    assert storage.media.due(at(9999)) == []
    assert storage.media.claim(message, at(9999), at(10_000)) is None
    assert storage.media.claim(4711, at(9999), at(10_000)) is None


def test_the_files_of_others_are_left_to_them(storage: Storage) -> None:
    messages = [sent(storage, f"m{number}") for number in range(3)]
    assert storage.media.due(NOW, limit=2) == messages[:2]
    storage.packs.clear()
    assert storage.media.due(NOW) == []


def test_what_is_due_is_found_without_going_through_what_is_kept(storage: Storage) -> None:
    if storage.database.kind == "sqlite":
        plan = storage.database.rows(f"EXPLAIN QUERY PLAN {DUE}", "corner", NOW, 10)
        assert "media_waiting" in str(plan)
    indexes = storage.database.peewee
    with storage.database.connected():
        assert "media_waiting" in [index.name for index in indexes.get_indexes("media")]


# The job


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def double() -> Iterator[MetaDouble]:
    with meta_double() as double:
        yield double


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(storage: Storage, double: MetaDouble, clock: Clock, tmp_path: Path) -> MediaJobs:
    channel = MetaChannel(MetaSettings("a secret", "a token", NUMBER, "word", graph_url=double.url))
    return MediaJobs(storage, {"meta": channel}, tmp_path / "media", clock)


def test_a_file_is_fetched_and_kept(storage: Storage, jobs: MediaJobs, double: MetaDouble) -> None:
    message = sent(storage, kind="document", mime_type="application/octet-stream", filename="bill.pdf")
    double.files["77"] = File(PDF, "application/pdf")
    assert jobs.due() == [message]
    jobs.fetch_media(message)
    ((kind, mime_type, size, digest, path, status, error),) = row(
        storage, "kind", "mime_type", "size", "sha256", "path", "status", "error"
    )
    assert (kind, mime_type, size, status, error) == ("document", "application/pdf", len(PDF), "kept", "")
    assert digest == hashlib.sha256(PDF).hexdigest()
    assert path == f"corner/2026-05/{message}-{digest[:16]}.pdf"
    assert files_in(jobs.folder.root) == {path: PDF}
    jobs.fetch_media(message)
    assert len(double.looked) == 2
    assert jobs.due() == []


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (File(b"MZ\x90", "image/jpeg"), "it is a program"),
        (File(JPEG + bytes(5 * 1024**2), "image/jpeg"), "it is larger than the 5 MiB of one image"),
    ],
    ids=["program", "large"],
)
def test_a_file_that_is_not_taken_is_refused_once(
    storage: Storage, jobs: MediaJobs, double: MetaDouble, file: File, reason: str
) -> None:
    message = sent(storage)
    double.files["77"] = file
    jobs.fetch_media(message)
    assert row(storage, "status", "error", "path") == [("refused", reason, "")]
    assert files_in(jobs.folder.root) == {}
    assert jobs.due() == []


def test_a_file_that_is_gone_has_failed(storage: Storage, jobs: MediaJobs) -> None:
    jobs.fetch_media(sent(storage))
    assert row(storage, "status", "error") == [("failed", "100: (#100) Unsupported get request")]


def test_what_may_pass_is_tried_again_with_growing_waits(
    storage: Storage, jobs: MediaJobs, double: MetaDouble, clock: Clock
) -> None:
    message = sent(storage)
    double.files["77"] = File(JPEG, "image/jpeg")
    # Whatever does not say that it is for good: a token can be renewed as well.
    faults: list[Any] = [
        (503, b""),
        (429, {}),
        (401, refusal(190, "expired")),
        (400, refusal(133015, "later")),
    ]
    waits = []
    for fault in (faults * TRIES)[:TRIES]:
        double.pages["/v24.0/77"] = fault
        assert jobs.due() == [message]
        jobs.fetch_media(message)
        [(status, try_after)] = row(storage, "status", "try_after")
        if status == "waiting":
            due = moment_of(try_after)
            waits.append((due - clock.now).total_seconds())
            clock.now = due - timedelta(seconds=0.5)
            assert jobs.due() == []
            clock.now = due
    assert waits == [1, 4, 16, 300, 256, 1024, 4096, 16384, 21600, 21600, 21600]
    assert row(storage, "status", "attempts") == [("failed", TRIES)]
    assert jobs.due() == []


def moment_of(value: Any) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    assert isinstance(moment, datetime)
    return moment.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("file", "said"),
    [(File(JPEG, "image/jpeg", cut=5000), "broke off"), (File(b"", "image/jpeg"), "without content")],
    ids=["cut", "empty"],
)
def test_a_file_that_comes_badly_is_asked_for_again(
    storage: Storage, jobs: MediaJobs, double: MetaDouble, clock: Clock, file: File, said: str
) -> None:
    message = sent(storage)
    double.files["77"] = file
    jobs.fetch_media(message)
    [(status, error)] = row(storage, "status", "error")
    assert status == "waiting"
    assert said in error
    assert files_in(jobs.folder.root) == {}
    double.files["77"] = File(JPEG, "image/jpeg")
    clock.now = at(1)
    jobs.fetch_media(message)
    assert row(storage, "status", "attempts", "error") == [("kept", 2, "")]


def test_a_disk_that_takes_nothing_costs_no_file(
    storage: Storage, jobs: MediaJobs, double: MetaDouble, clock: Clock
) -> None:
    message = sent(storage)
    double.files["77"] = File(JPEG, "image/jpeg")
    jobs.folder.root.write_text("a file where a folder should be")
    jobs.fetch_media(message)
    [(status, error)] = row(storage, "status", "error")
    assert status == "waiting"
    assert error.startswith(("FileExistsError", "NotADirectoryError"))
    jobs.folder.root.unlink()
    clock.now = at(1)
    jobs.fetch_media(message)
    assert row(storage, "status") == [("kept",)]


def test_a_provider_that_is_not_set_up_here_is_waited_for(storage: Storage, tmp_path: Path) -> None:
    MediaJobs(storage, {}, tmp_path, lambda: NOW).fetch_media(sent(storage))
    [(status, error)] = row(storage, "status", "error")
    assert status == "waiting"
    assert "not set up" in error


def test_a_worker_that_stops_leaves_the_rest_to_the_next(
    storage: Storage, jobs: MediaJobs, double: MetaDouble
) -> None:
    double.files["77"] = File(JPEG, "image/jpeg")
    message = sent(storage)
    jobs.is_stopping = lambda: True
    jobs.fetch_media(message)
    assert row(storage, "status", "error") == [("waiting", "the worker stops")]
    assert files_in(jobs.folder.root) == {}


def test_a_file_that_never_ends_is_left(
    storage: Storage, jobs: MediaJobs, double: MetaDouble, clock: Clock
) -> None:
    message = sent(storage)
    double.files["77"] = File(JPEG, "image/jpeg")

    def later() -> bool:
        clock.now += timedelta(minutes=3)
        return False

    jobs.is_stopping = later
    double.files["77"] = File(JPEG + bytes(4 * 1024**2), "image/jpeg")
    jobs.fetch_media(message)
    assert row(storage, "status", "error") == [("waiting", "it takes longer than 300 seconds")]


def test_a_file_that_kills_its_workers_is_given_up(storage: Storage, jobs: MediaJobs, clock: Clock) -> None:
    message = sent(storage)
    for _ in range(TRIES):
        assert storage.media.claim(message, clock.now, clock.now + LEASE)
        clock.now += LEASE
    jobs.fetch_media(message)
    assert row(storage, "status", "error") == [("failed", "whoever fetched it never came to an end")]
