"""Names the files that customers may send and be sent: their types, their sizes and how they begin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

MIB = 1024 * 1024

LARGEST: Mapping[str, int] = MappingProxyType(
    {"image": 5 * MIB, "audio": 16 * MIB, "video": 16 * MIB, "document": 100 * MIB}
)
"""Kind of message: bytes that its file may have."""

HEAD = 1024
"""How many of a file's first bytes `true_type` wants to see."""


class FileType(NamedTuple):
    """A type that is taken: the ending of its files, its kind, and how its content begins."""

    ending: str
    kind: str
    looks: str


TYPES: Mapping[str, FileType] = MappingProxyType(
    {
        "image/jpeg": FileType("jpg", "image", "jpeg"),
        "image/png": FileType("png", "image", "png"),
        "image/webp": FileType("webp", "image", "webp"),
        "image/gif": FileType("gif", "image", "gif"),
        "image/heic": FileType("heic", "image", "mpeg4"),
        "audio/aac": FileType("aac", "audio", "mpeg audio"),
        "audio/amr": FileType("amr", "audio", "amr"),
        "audio/mpeg": FileType("mp3", "audio", "mpeg audio"),
        "audio/mp4": FileType("m4a", "audio", "mpeg4"),
        "audio/ogg": FileType("ogg", "audio", "ogg"),
        "audio/wav": FileType("wav", "audio", "wave"),
        "video/mp4": FileType("mp4", "video", "mpeg4"),
        "video/3gpp": FileType("3gp", "video", "mpeg4"),
        "video/quicktime": FileType("mov", "video", "mpeg4"),
        "application/pdf": FileType("pdf", "document", "pdf"),
        "application/msword": FileType("doc", "document", "ole"),
        "application/vnd.ms-excel": FileType("xls", "document", "ole"),
        "application/vnd.ms-powerpoint": FileType("ppt", "document", "ole"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": FileType(
            "docx", "document", "zip"
        ),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": FileType(
            "xlsx", "document", "zip"
        ),
        "application/vnd.openxmlformats-officedocument.presentationml.presentation": FileType(
            "pptx", "document", "zip"
        ),
        "application/vnd.oasis.opendocument.text": FileType("odt", "document", "zip"),
        "application/vnd.oasis.opendocument.spreadsheet": FileType("ods", "document", "zip"),
        "application/rtf": FileType("rtf", "document", "rtf"),
        "text/plain": FileType("txt", "document", "text"),
        "text/csv": FileType("csv", "document", "text"),
        "text/vcard": FileType("vcf", "document", "text"),
    }
)
"""Every MIME type that is taken. What runs or is opened by a browser as a page is none of them."""

ALSO: Mapping[str, str] = MappingProxyType(
    {
        "image/jpg": "image/jpeg",
        "audio/mp3": "audio/mpeg",
        "audio/x-m4a": "audio/mp4",
        "audio/m4a": "audio/mp4",
        "audio/opus": "audio/ogg",
        "audio/x-wav": "audio/wav",
        "video/3gp": "video/3gpp",
        "text/rtf": "application/rtf",
        "text/x-vcard": "text/vcard",
        "application/csv": "text/csv",
    }
)
"""Another name: the one in TYPES."""

_TOLD_BY_CONTENT = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "amr": "audio/amr",
    "ogg": "audio/ogg",
    "wave": "audio/wav",
    "pdf": "application/pdf",
    "rtf": "application/rtf",
}
"""How a content begins: its type, where only one type begins so."""

_LOOKS = (
    ("jpeg", re.compile(rb"\xff\xd8\xff")),
    ("png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("gif", re.compile(rb"GIF8[79]a")),
    ("webp", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    ("wave", re.compile(rb"RIFF....WAVE", re.DOTALL)),
    ("pdf", re.compile(rb"%PDF-")),
    ("ogg", re.compile(rb"OggS")),
    ("amr", re.compile(rb"#!AMR")),
    ("mpeg4", re.compile(rb"....ftyp", re.DOTALL)),
    ("mpeg audio", re.compile(rb"ID3|\xff[\xe2\xe3\xf1-\xf3\xf9-\xfb]")),
    ("ole", re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")),
    ("zip", re.compile(rb"PK\x03\x04")),
    ("rtf", re.compile(rb"\{\\rtf")),
)

_RUNS = re.compile(
    rb"MZ|\x7fELF|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe|#!(?!AMR)|dex\n"
)
_PAGE = re.compile(
    r"\ufeff?(?>\s*<!--.*?-->)*+\s*+<(\?xml|!doctype|(html|head|body|script|svg|iframe|math|meta|title)\b)",
    re.IGNORECASE | re.DOTALL,
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class RefusedType(ValueError):
    """A file is of no type that is taken; the text says what is wrong with it."""


def plain_type(mime_type: str) -> str:
    """The MIME type without its parameters, under the name that TYPES has for it."""
    plain = mime_type.partition(";")[0].strip().lower()
    return ALSO.get(plain, plain)


def true_type(kind: str, declared: str, head: bytes) -> str:
    """The MIME type under which a file of this kind of message is kept. Raises RefusedType.

    The content has the last word: `head` is how it begins. Within a kind, another type than the declared one
    is taken for what it is; what runs, what a browser would open as a page, and what is not of the message's
    kind are refused.
    """
    if _RUNS.match(head):
        raise RefusedType("it is a program")
    if _PAGE.match(head.decode("utf-16" if head.startswith(_UTF16) else "utf-8", "replace")):
        raise RefusedType("it is a page or a drawing that a browser would run")
    mime_type = plain_type(declared)
    looks = next((name for name, begin in _LOOKS if begin.match(head)), "text" if _is_text(head) else "")
    found = TYPES.get(mime_type)
    if found is None or found.looks != looks:
        mime_type = _TOLD_BY_CONTENT.get(looks, "")
        if found is not None and looks == "text":
            # A table of commas is called a workbook wherever Excel is installed.
            mime_type = "text/plain"
        if not mime_type:
            shown = plain_type(declared)[:60] or "a file of no type"
            raise RefusedType(
                f"{shown} is not taken" if found is None else f"it is said to be {shown}, and it is not"
            )
        found = TYPES[mime_type]
    if kind not in ("document", found.kind):
        raise RefusedType(f"it is {mime_type}, and its message is of the kind {kind}")
    return mime_type


def _is_text(head: bytes) -> bool:
    """Whether the bytes may be text: none of the control characters that text does not hold."""
    return head.startswith(_UTF16) or not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", head)
