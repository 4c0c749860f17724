"""What editors offer to begin with: a whole state, command, message or validator, with gaps to fill in.

An editor's snippet has a label, a line about it and a body; `$1` or `${1:word}` in it is a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.declarations import Validator

Snippet = dict[str, Any]


def _snippet(label: str, about: str, body: Any) -> Snippet:
    return {"label": label, "description": about, "body": body}


STATES: tuple[Snippet, ...] = (
    _snippet(
        "a state that asks",
        "asks a question, keeps the answer and goes on",
        {
            "${1:asking_name}": {
                "ask": "${2:ask_name}",
                "input": {"save": "${3:name}", "goto": "${4:next_state}"},
            }
        },
    ),
    _snippet(
        "a state with commands",
        "understands commands, and says what else to do",
        {
            "${1:choosing}": {
                "ask": "${2:what_next}",
                "commands": {"${3:done}": {"words": ["${4:done}"], "goto": "${5:next_state}"}},
                "otherwise": "${6:how_to_choose}",
            }
        },
    ),
    _snippet(
        "a state with a person",
        "a person answers here, until they give the customer back",
        {"${1:with_a_person}": {"human": True, "events": {"handed_back": {"goto": "${2:state}"}}}},
    ),
    _snippet("a final state", "the conversation is over", {"${1:over}": {"final": True}}),
)

COMMANDS: tuple[Snippet, ...] = (
    _snippet(
        "a command with words",
        "answers to words, or to a button of this name",
        {"${1:menu}": {"title": "${2:Menu}", "words": ["${3:menu}"], "reply": "${4:menu}"}},
    ),
    _snippet(
        "a command with a pattern",
        "reads numbers or texts out of a message",
        {
            "${1:add_item}": {
                "pattern": '"{${2:item}:${3:number}\\}, {${4:quantity}:${5:number}\\}"',
                "do": "${6:add_to_cart}",
                "reply": "${7:item_added}",
            }
        },
    ),
    _snippet(
        "a command with branches",
        "goes one way or another, by what holds",
        {
            "${1:done}": {
                "words": ["${2:done}"],
                "branches": [
                    {"when": "${3:cart.is_empty}", "reply": "${4:cart_is_empty}"},
                    {"goto": "${5:next_state}"},
                ],
            }
        },
    ),
)

RULES: tuple[Snippet, ...] = (
    _snippet(
        "keep and go on",
        "keeps what was said in a slot, checks it and goes on",
        {
            "save": "${1:name}",
            "validate": [{"length": {"min": "${2:2}"}, "else": "${3:name_too_short}"}],
            "goto": "${4:next_state}",
        },
    ),
)

MESSAGES: tuple[Snippet, ...] = (
    _snippet("a text", "a message that is a text alone", {"${1:welcome}": '"${2:Welcome!}"'}),
    _snippet(
        "a text with buttons",
        "a text, and commands to press below it",
        {"${1:what_next}": {"text": '"${2:What next?}"', "buttons": ["${3:menu}"]}},
    ),
    _snippet(
        "a text with a list",
        "a text, and more commands than buttons can show",
        {
            "${1:what_next}": {
                "text": '"${2:What next?}"',
                "list": {"button": "${3:Choose}", "rows": ["${4:menu}"]},
            }
        },
    ),
    _snippet(
        "a text of a template",
        "a longer text, in a file below templates/",
        {"${1:summary}": {"template": "${2:shop}/${3:summary}.j2"}},
    ),
)


def validators(declared: Mapping[str, Validator]) -> list[Snippet]:
    """An entry of `validate` for each validator: what it cannot do without, and the answer of a refusal."""
    return [_of_validator(one) for one in declared.values()]


def _of_validator(declared: Validator) -> Snippet:
    others = [name for name in declared.parameters if name != "value"]
    gaps = [name for name in others if declared.parameters[name].required] or others[:2]
    parameters = {name: f"${{{number}:{name}}}" for number, name in enumerate(gaps, 1)}
    return _snippet(
        declared.name,
        declared.about,
        {declared.name: parameters, "else": f"${{{len(gaps) + 1}:message}}"},
    )
