"""Says where the words of a text stand, by what they are there and in their order."""

from __future__ import annotations

from collections import defaultdict, deque

from engine.jinja.template_parser import Parsed


def places_of(parsed: Parsed) -> dict[tuple[str, str], deque[int]]:
    """The offsets of each word that is a name, an attribute, a filter, a test or a string."""
    places: dict[tuple[str, str], deque[int]] = defaultdict(deque)
    tokens = [token for token in parsed.tokens if token.kind not in ("whitespace", "data")]
    depth = 0
    is_importing = False
    for index, token in enumerate(tokens):
        before = tokens[index - 1].text if index else ""
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if token.kind == "operator":
            depth += (token.text in "([{") - (token.text in ")]}")
        elif token.kind == "string":
            places["string", token.text[1:-1]].append(token.offset + 1)
        elif token.kind in ("block_begin", "block_end"):
            is_importing, depth = False, 0
        elif token.kind == "name":
            is_importing = is_importing or (token.text == "import" and before != ".")
            is_negated = before == "not" and index > 1 and tokens[index - 2].text == "is"
            if before == ".":
                group = "attribute"
            elif before == "|" or (before == "filter" and tokens[index - 2].kind == "block_begin"):
                group = "filter"
            elif before == "is" or is_negated:
                group = "test"
            elif is_importing or before == "macro" or (after == "=" and depth > 0):
                continue
            else:
                group = "name"
            places[group, token.text].append(token.offset)
    return places
