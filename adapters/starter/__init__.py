"""Makes a small pack of a shop from four answers: the files of `pack/` with the texts of `languages/`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, NamedTuple

from adapters.starter.answers import Product, slug_of

OFFERED = ("en", "ar", "he", "hi", "ur")
"""The languages that have texts to begin with, each in its file below `languages/`."""

CONVERSATIONS = ("order", "change_of_mind", "wrong_answers", "sold_out")

PATH = "flows/new"
MOST_BUTTONS = 3

SPEAKING = "languages"
"""The conversation that goes from language to language, where there are several."""


class Answers(NamedTuple):
    """What is asked of somebody who begins; `country` is two letters, or nothing where it is not known."""

    slug: str
    name: str
    currency: str
    languages: tuple[str, ...]
    products: tuple[Product, ...]
    timezone: str
    country: str = ""


def starter_pack(answers: Answers) -> dict[str, bytes]:
    """The files of the pack, by their paths within it; the conversations still lack their snapshots.

    The translations hold the fingerprints of their originals, as `flow-lint --fix` writes them.
    """
    from engine.lint import lint
    from engine.lint.selection import Selection
    from engine.mending import mended
    from engine.reader import read_pack

    files = _files(answers)
    for problem in lint(read_pack(files, PATH, {}), selection=Selection("production")):
        if problem.rule == "missing_fingerprint":
            name = problem.place.file.removeprefix(f"{PATH}/")
            files[name] = mended(files[name].decode("utf-8"), [problem.edits]).text.encode("utf-8")
    return files


def _files(answers: Answers) -> dict[str, bytes]:
    texts = {tag: language_texts(tag) for tag in answers.languages}
    own, *others = answers.languages
    several = [{**texts[tag], "tag": tag} for tag in answers.languages] if others else []
    names: dict[str, Any] = {
        **answers._asdict(),
        **texts[own],
        "name": answers.name,
        "translated": _where_translated(others),
        "others_button": "🌐" if len(others) >= MOST_BUTTONS else "",
        "products": _numbered(answers.products),
        "switches": [
            {
                "tag": one["tag"],
                "command": one["command"],
                "name": one["name"],
                "words": one["switch"] if one["tag"] == own else one["switch"][:1],
            }
            for one in several
        ],
    }
    made = {
        f"{file}.yaml": _rendered(f"{file}.yaml", names)
        for file in ("business", "catalog", "customer", "workflow")
    }
    for name in (*CONVERSATIONS, *([SPEAKING] if others else [])):
        made[f"conversations/{name}.yaml"] = _rendered(f"conversations/{name}.yaml", names)
    for tag in others:
        made[f"customer.{tag}.yaml"] = _rendered("translation.yaml", _translation(texts[tag]))
        in_language = {**names, "words": texts[tag]["words"], "said": texts[tag]["said"]}
        for name in CONVERSATIONS:
            made[f"conversations/{name}_in_{texts[tag]['command']}.yaml"] = _rendered(
                f"conversations/{name}.yaml", {**in_language, "language": tag}
            )
    return {path: text.encode("utf-8") for path, text in made.items()}


def language_texts(tag: str) -> Mapping[str, Any]:
    """What there is in one language: its name, words, titles, messages, and what its customers say."""
    from engine.reader.yaml_text import read_yaml

    text = (files(__name__) / "languages" / f"{tag}.yaml").read_text("utf-8")
    value, problems = read_yaml(text, f"{tag}.yaml")
    if problems or not isinstance(value, Mapping):
        raise ValueError(f"the texts of {tag} cannot be read: {problems}")
    return value


def _translation(texts: Mapping[str, Any]) -> dict[str, Any]:
    words = dict(texts["words"])
    if texts["switch"][1:]:
        words[texts["command"]] = texts["switch"][1:]
    return {
        "language": texts["name"],
        "words": words,
        "titles": texts["titles"],
        "messages": texts["messages"],
    }


def _where_translated(others: Sequence[str]) -> str:
    files = ", ".join(f"customer.{tag}.yaml" for tag in others)
    return f"  # the first is the default; the other texts: {files}" if files else ""


def _numbered(products: Sequence[Product]) -> list[dict[str, Any]]:
    """The products with their menu numbers and codes, no code twice."""
    numbered: list[dict[str, Any]] = []
    taken: set[str] = set()
    for number, product in enumerate(products, 1):
        code = slug_of(product.name)
        if code in taken:
            code = f"{code}_{number}"
        taken.add(code)
        numbered.append({"number": number, "code": code, "name": product.name, "price": product.price})
    return numbered


def _rendered(file: str, names: Mapping[str, Any]) -> str:
    from jinja2 import Environment, StrictUndefined

    # The marks are others than those of the texts, which stay as they are.
    environment = Environment(  # noqa: S701 - what is made is YAML
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(quoted=_quoted, inline=_inline, said=_said)
    source = (files(__name__) / "pack" / f"{file}.j2").read_text("utf-8")
    return environment.from_string(source).render(names)


def _quoted(text: str) -> str:
    """The text as a YAML scalar: bare where that is safe beyond doubt, else in quotes."""
    bare = re.fullmatch(r"[^\W\d_]\w*(?: [^\W\d_]\w*)*", text)
    if bare and text.lower() not in ("true", "false", "null", "yes", "no", "on", "off", "y", "n"):
        return text
    return json.dumps(text, ensure_ascii=False)


def _inline(texts: Sequence[str]) -> str:
    return f"[{', '.join(_quoted(text) for text in texts)}]"


def _said(text: str, buttons: Sequence[str] = (), list_button: str = "") -> str:
    """What stands behind `name:` of a message, buttons or a list included; several lines become a block."""
    if not buttons:
        return _text(text, 4)
    if list_button:
        rows = f"{{button: {_quoted(list_button)}, rows: {_inline(buttons)}}}"
        return f"\n    text:{_text(text, 6)}\n    list: {rows}"
    return f"\n    text:{_text(text, 6)}\n    buttons: {_inline(buttons)}"


def _text(text: str, indent: int) -> str:
    if "\n" not in text:
        return f" {json.dumps(text, ensure_ascii=False)}"
    lines = "\n".join(" " * indent + line if line else "" for line in text.split("\n"))
    return f" |-\n{lines}"
