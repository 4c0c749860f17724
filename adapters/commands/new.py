"""`shoptalk new NAME`: makes the pack of a shop from four questions, with its conversations played."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from adapters.starter import Answers

FLOWS = Path("flows")
SCHEMAS = Path("schemas")

T = TypeVar("T")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "name", metavar="NAME", help="what the shop is called, in any script; its folder follows"
    )
    parser.add_argument(
        "--in", dest="folder", type=Path, default=FLOWS, metavar="FOLDER", help="default: flows"
    )
    parser.add_argument("--call", metavar="NAME", help="the shop's name, where NAME is for its folder alone")
    parser.add_argument("--currency", metavar="CODE", help="in which prices are: EUR, INR …")
    parser.add_argument("--languages", metavar="TAGS", help="the first is the shop's own: en,ur")
    parser.add_argument(
        "--product", action="append", metavar="TEXT", help='what is sold: "Bread 3.50"; again for each'
    )
    parser.add_argument("--timezone", metavar="ZONE", help="default: the one of this machine")


def run(arguments: argparse.Namespace) -> int:
    """0 made, 1 there is such a pack already, 2 an answer cannot be used."""
    from adapters.starter.answers import WrongAnswer, name_read, slug_of

    try:
        folder: Path = arguments.folder / slug_of(name_read(arguments.name))
        if folder.exists():
            print(f"shoptalk new: there is a {folder} already; nothing was changed", file=sys.stderr)
            return 1
        answers = _asked(arguments, folder.name)
    except WrongAnswer as error:
        print(f"shoptalk new: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nNothing was made.", file=sys.stderr)
        return 2
    files = _with_snapshots(answers, folder)
    try:
        _write(folder, files)
    except FileExistsError:
        print(f"shoptalk new: there is a {folder} already; nothing was changed", file=sys.stderr)
        return 1
    _write_schemas(folder.parent.parent / SCHEMAS)
    for line in _what_next(folder, answers):
        print(line)
    return 0


def _asked(arguments: argparse.Namespace, slug: str) -> Answers:
    from adapters.starter import OFFERED, Answers, language_texts
    from adapters.starter.answers import (
        currency_read,
        languages_read,
        name_read,
        products_read,
        timezone_read,
    )
    from engine.currencies import digits_of

    timezone = timezone_read(arguments.timezone or _zone_here())
    country = _country_of(timezone)
    name = _ask("What is your shop called?", arguments.call, arguments.name, name_read)
    currency = _ask(
        "In which currency are your prices?", arguments.currency, _currency_of(country), currency_read
    )
    offered = ", ".join(OFFERED)
    languages = _ask(
        f"Which languages do you speak with customers, the first mostly? ({offered})",
        arguments.languages,
        OFFERED[0],
        lambda answer: languages_read(answer, OFFERED),
    )
    price = {0: "350", 3: "3.500"}.get(digits_of(currency), "3.50")
    usual = ", ".join(f"{product} {price}" for product in language_texts(languages[0])["products"])
    products = _ask(
        "What do you sell, and for how much? (several with a comma between them)",
        "\n".join(arguments.product) if arguments.product else None,
        usual,
        lambda answer: products_read(answer, currency),
    )
    return Answers(slug, name, currency, languages, products, timezone, country)


def _ask(question: str, given: str | None, usual: str, read: Callable[[str], T]) -> T:
    """The answer, read; who sits at a terminal is asked again until it can be. Raises WrongAnswer.

    What was `given` on the command line is not asked; Enter, or the end of the input, means the usual.
    """
    from adapters.starter.answers import WrongAnswer

    if given is not None:
        return read(given)
    watched = sys.stdin is not None and sys.stdin.isatty()
    while True:
        print(f"{question} [{usual}] ", end="", flush=True)
        line = sys.stdin.readline() if sys.stdin is not None else ""
        if not watched:
            print(line.strip())
        try:
            return read(line if line.strip() else usual)
        except WrongAnswer as error:
            if not watched or not line:
                raise
            print(f"  {error}")


def _with_snapshots(answers: Answers, folder: Path) -> Mapping[str, bytes]:
    """The pack's files with what its conversations print; a pack that is not clean is a fault of ours."""
    from adapters.packs import shown
    from adapters.provider_limits import PROVIDERS
    from adapters.starter import starter_pack
    from engine.lint import RULES, lint
    from engine.lint.selection import Selection
    from engine.reader import read_pack
    from engine.rehearsal.script import script_of
    from engine.rehearsal.transcript import play

    files = starter_pack(answers)
    reading = read_pack(files, shown(folder), {})
    found = [
        f"{problem.place}: {problem.message}"
        for problem in lint(reading, selection=Selection("production", style=True), providers=PROVIDERS)
        if RULES[problem.rule].severity != "information"
    ]
    if found or reading.pack is None:
        raise AssertionError(f"the new pack is not clean: {found}")
    snapshots = {
        file.removesuffix(".yaml") + ".txt": play(reading.pack, script_of(document)).encode("utf-8")
        for file, document in reading.documents.items()
        if file.startswith("conversations/")
    }
    return {**files, **snapshots}


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes all or nothing. Raises FileExistsError where the folder has come into being meanwhile."""
    import shutil
    import tempfile

    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in files.items():
            file = beside / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        beside.chmod(0o777 & ~_umask())
        if folder.exists():
            raise FileExistsError(folder)
        beside.rename(folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _umask() -> int:
    import os

    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _write_schemas(folder: Path) -> None:
    """Copies the schemas to where the files' first lines look for them, so that editors know every key."""
    from importlib.resources import files

    folder.mkdir(parents=True, exist_ok=True)
    for schema in files("schemas").iterdir():
        if schema.name.endswith(".json") and not (folder / schema.name).exists():
            (folder / schema.name).write_bytes(schema.read_bytes())


def _what_next(folder: Path, answers: Answers) -> list[str]:
    return [
        "",
        f"{folder} is made: {answers.name}, {len(answers.products)} to sell, it lints clean. What next?",
        f"  shoptalk chat {folder}    talk to your shop in this terminal",
        f"  {folder}/customer.yaml    what is said, asked and checked: change a text and save",
        f"  {folder}/catalog.yaml     what you sell",
        f"  flow-lint {folder}        does everything still fit together?",
        f"  shoptalk test {folder}    who hears it now?",
        f"  shoptalk serve {folder}   on WhatsApp",
    ]


def _zone_here() -> str:
    """The time zone of this machine, UTC where it does not say."""
    from tzlocal import get_localzone_name

    return get_localzone_name() or "UTC"


def _country_of(timezone: str) -> str:
    from babel.core import get_global

    country = str(get_global("zone_territories").get(timezone, ""))
    return country if country != "ZZ" and len(country) == 2 and country.isalpha() else ""


def _currency_of(country: str) -> str:
    """What is paid with in the country, USD where it is not known."""
    from babel.numbers import get_territory_currencies

    from engine.currencies import CURRENCIES

    used = get_territory_currencies(country, datetime.now().date()) if country else []
    return next((code for code in used if code in CURRENCIES), "USD")
