"""Says in words of the flow why a text or an expression cannot be read, where Jinja says it in its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from engine.jinja.tokens import Token
from engine.nearest import unknown

CLOSED_BY = {"(": ")", "[": "]", "{": "}", "{{": "}}", "{%": "%}", "{#": "#}"}
OPENED_BY = {closing: opening for opening, closing in CLOSED_BY.items()}
BLOCKS = ("if", "for", "set", "with", "macro", "call", "filter", "raw")
TAGS = (*BLOCKS, *(f"end{block}" for block in BLOCKS), "elif", "else", "include", "import", "from")
ENDS = {"end of print statement": "}}", "end of statement block": "%}", "end of comment": "#}"}
KINDS = {"name": "a name", "string": "a text in quotes", "integer": "a number", "float": "a number"}

SIGNS = {
    "&": "write `and` for `&`",
    "!": "write `not` for `!`, and `!=` for what is not equal",
    "?": "`?` means nothing here; write `this if that else something`",
    ";": "`;` means nothing here; one expression stands alone",
    "\\": "a `\\` means nothing outside of quotes",
    '"': 'this " is never closed',
    "'": "this ' is never closed",
}
QUOTES = "“”„‟«»‘’‚‹›`´"


class Fault(NamedTuple):
    """What is wrong in words of ours, with the first character of it and how many there are."""

    message: str
    offset: int | None = None
    length: int = 1


class Heard(NamedTuple):
    """What Jinja said, by its groups, of which source, and the tokens up to there."""

    said: re.Match[str]
    source: str
    tokens: Sequence[Token]

    @property
    def last(self) -> Token:
        """The token at which the parser stopped."""
        return self.tokens[-1] if self.tokens else Token("data", "", 0)

    @property
    def before(self) -> str:
        """The text of the token before that one."""
        return self.tokens[-2].text if len(self.tokens) > 1 else ""

    def at(self, message: str, token: Token | None = None) -> Fault:
        token = token or self.last
        return Fault(message, token.offset, max(1, len(token.text.strip())))


def fault_of(said: str, source: str, tokens: Sequence[Token]) -> Fault:
    """The fault that Jinja names so in a source; `source` has line ends of one character."""
    seen = [token for token in tokens if token.kind != "whitespace"]
    for pattern, answer in ANSWERS:
        found = re.match(pattern, said)
        if found is not None:
            return answer(Heard(found, source, seen))
    return Heard(re.match("", ""), source, seen).at(UNKNOWN)  # type: ignore[arg-type]


UNKNOWN = "this cannot be read: look here for a bracket, a quote or a word too few"


def _strange_sign(heard: Heard) -> Fault:
    offset = int(heard.said[1])
    sign = heard.source[offset]
    if sign in QUOTES:
        return Fault(f"{sign} is no quote here; type \" or '", offset)
    return Fault(SIGNS.get(sign, f"`{sign}` means nothing here; take it away"), offset)


def _closes(heard: Heard) -> Fault:
    """A bracket that closes nothing, or another than was opened; or what the parser stopped at."""
    sign, missing = heard.said[1], heard.said[2]
    offset = heard.source.find(sign, heard.last.offset + len(heard.last.text))
    begin = next((token for token in reversed(heard.tokens) if token.kind in OF_BEGIN), None)
    if missing:
        return Fault(f"a `{missing}` is missing before this `{sign}`", offset)
    if sign == "}" and begin is not None:
        closing = CLOSED_BY[begin.text.rstrip("-+")]
        return Fault(f"{begin.text} is closed by {closing}, and not by a lone `}}`", offset)
    return Fault(f"this `{sign}` closes nothing", offset)


OF_BEGIN = ("variable_begin", "block_begin", "comment_begin")


def _unexpected(heard: Heard) -> Fault:
    sign = heard.said[1]
    if sign in ("}", ")", "]") and heard.last.text != sign:
        return _closes(heard)
    if heard.last.text in ENDS.values() or heard.last.kind.endswith("_end") or sign == "end of template":
        return _ends_early(heard)
    if sign == "=":
        return heard.at(COMPARE)
    if (heard.before, sign) == ("<", ">"):
        return heard.at("write `!=` for `<>`")
    return heard.at(f"something is missing before `{heard.last.text}`")


COMPARE = "to compare two values, write `==`"


def _ends_early(heard: Heard) -> Fault:
    """The expression is over where something should follow."""
    if not heard.tokens:
        return Fault("an expression is missing here", 0)
    before = heard.tokens[-1] if heard.said.string.endswith("template'") else None
    token = before or (heard.tokens[-2] if len(heard.tokens) > 1 else heard.last)
    if token.kind in OF_BEGIN:
        closing = CLOSED_BY[token.text.rstrip("-+")]
        return heard.at(f"nothing stands between {token.text} and {closing}", token)
    return heard.at(f"something is missing behind `{token.text}`", token)


def _never_closed(heard: Heard) -> Fault:
    """The text is over before a `{{`, a `{%` or a bracket is closed."""
    wanted = ENDS.get(heard.said[1], heard.said[1])
    opening = OPENED_BY.get(wanted, "")
    opened = next((one for one in reversed(heard.tokens) if one.text.rstrip("-+") == opening), None)
    if opened is not None:
        return heard.at(f"this {opening} is never closed by {wanted}", opened)
    return heard.at(f"here {_called(wanted)} is missing")


def _expected(heard: Heard) -> Fault:
    """Something else stands where a sign or a name should."""
    wanted, got = ENDS.get(heard.said[1], heard.said[1]), heard.last.text
    if got.lower() in ("and", "or", "not", "in", "is", "if", "else") and got != got.lower():
        return heard.at(f"write `{got.lower()}` in small letters")
    if got == "=" and wanted in ENDS.values():
        return heard.at(COMPARE)
    if got == "if" and heard.before == "else":
        return heard.at("write {% elif … %} for {% else if … %}")
    if got == "==" and wanted in ENDS.values():
        return heard.at("to set a name, write one `=`")
    if got == "|" and wanted == "name":
        return heard.at("write `or` for `||`")
    if heard.last.kind.endswith("_end") and wanted in ("name", "in"):
        return _ends_early(heard)
    if wanted in ENDS.values():
        return heard.at(f"`{got}` does not go with what stands before it; is a sign missing between them?")
    if wanted == ":" and OPENED_BY.get(got) == "{":
        return heard.at("what stands in { } here has a key and a value; a name stands without braces")
    if wanted in KINDS:
        return heard.at(f"here {KINDS[wanted]} should stand, and not `{got}`")
    return heard.at(f"{_called(wanted)} is missing before `{got}`")


def _called(wanted: str) -> str:
    return KINDS.get(wanted, f"`{wanted}`" if wanted.isalpha() else f"a `{wanted}`")


def _not_ended(heard: Heard) -> Fault:
    """The text is over before the end of an `if`, a `for` or another block."""
    block = heard.said[1]
    opened = [token for name, token in _blocks(heard.tokens) if name == block]
    message = f"this {{% {block} %}} has no {{% end{block} %}}"
    if block == "set":
        message += "; to set one value, write {% set name = … %}"
    return heard.at(message, opened[-1] if opened else None)


def _blocks(tokens: Sequence[Token]) -> Iterator[tuple[str, Token]]:
    """The blocks that are open at the end, outermost first, with the tokens of their names."""
    opened: list[tuple[str, Token]] = []
    for begin, name in pairwise(tokens):
        if begin.kind != "block_begin":
            continue
        if name.text in BLOCKS:
            opened.append((name.text, name))
        elif name.text.startswith("end"):
            while opened and opened.pop()[0] != name.text.removeprefix("end"):
                pass
    yield from opened


def _unknown_tag(heard: Heard) -> Fault:
    tag, inner = heard.said[1], heard.said[2]
    begin = next((one for one in reversed(heard.tokens) if one.text == tag and one.kind == "name"), None)
    if tag not in TAGS:
        return heard.at(unknown("tag", tag, TAGS), begin)
    if inner:
        message = f"{{% {tag} %}} stands within {{% {inner} %}}, which needs its {{% end{inner} %}} before"
        return heard.at(message, begin)
    if tag.startswith("end"):
        return heard.at(f"{{% {tag} %}} closes nothing: no {{% {tag.removeprefix('end')} %}} is open", begin)
    return heard.at(f"{{% {tag} %}} stands in no {{% if %}}", begin)


def _after(heard: Heard) -> Fault:
    """Something follows an expression that stands without braces."""
    got = heard.said[1]
    if got.lower() in ("and", "or", "not", "in", "is", "if", "else"):
        return heard.at(f"write `{got.lower()}` in small letters")
    return heard.at(COMPARE if got == "=" else heard.said[0])


def _open_comment(heard: Heard) -> Fault:
    opened = heard.source.rfind("{#")
    return Fault("this {# is never closed by #}", max(opened, 0), 2)


def _open_raw(heard: Heard) -> Fault:
    raw = [found.start(1) for found in re.finditer(r"\{%[-+]?\s*(raw)", heard.source)]
    return Fault("this {% raw %} has no {% endraw %}", raw[-1] if raw else None, 3)


def _plainly(message: str) -> Callable[[Heard], Fault]:
    return lambda heard: heard.at(message)


ANSWERS: tuple[tuple[str, Callable[[Heard], Fault]], ...] = (
    (r"unexpected char .* at (\d+)$", _strange_sign),
    (r"unexpected '(.)', expected '(.)'", _closes),
    (r"unexpected end of template, expected '(.+)'\.", _never_closed),
    (r"unexpected '(end of template)(.*)'", _unexpected),
    (r"unexpected '(.+)'()$", _unexpected),
    (r"Expected an expression, got '(.+)'", _ends_early),
    (r"expected token '(.+)', got '(?:.+)'", _expected),
    (r"Unexpected end of template\..* closed is '(\w+)'", _not_ended),
    (r"Encountered unknown tag '(\w+)'\.(?:.* closed is '(\w+)')?", _unknown_tag),
    (r"nothing may follow the expression, but `(.*)` does", _after),
    (r"Missing end of comment", _open_comment),
    (r"Missing end of raw", _open_raw),
    (r"tag name expected", _plainly("behind {% stands the name of a tag, such as if, for or set")),
    (r"expected name or number", _plainly("behind the `.` a name is missing")),
    (r"You cannot chain multiple tests", _plainly("join two questions with `and`, each with its `is`")),
    (r"can't assign to", _plainly("here a new name should stand, as in {% set name = … %}")),
    (
        r"non-default argument",
        _plainly("parameters with a value of their own stand behind those without"),
    ),
    (r"names starting with an underline", _plainly("names that start with `_` are closed")),
    (r"expected call", _plainly("{% call %} needs a macro with its brackets: {% call name() %}")),
    (r"invalid syntax for function call", _plainly("in a call, values stand before those with a name")),
    (r".*(?:escape|unicode)", _plainly("what stands behind a \\ in this text is unknown")),
    (r"Invalid character in identifier", _plainly("a name is letters, digits and `_`")),
)
"""What Jinja's lexer and parser can say, and the words for it."""
