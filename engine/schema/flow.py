"""The schemas of a flow, of a file that flows use, and of a translation."""

from __future__ import annotations

from engine.actions import ACTIONS
from engine.schema import snippets
from engine.schema.parts import (
    IDENTIFIER,
    IDENTIFIERS,
    Schema,
    check_entry,
    closed,
    duration,
    flag,
    language,
    list_of,
    mapping,
    matching,
    one_or_more,
    ref,
    steps,
    text,
)
from engine.types import TYPES
from engine.validators import VALIDATORS

ACCEPTED = ("text", "image", "audio", "video", "document", "location", "contacts", "order")
MEDIA = ("image", "document", "audio", "video")

MAKING = ("when", "save", "else", "validate", "do", "fails", "branches", "reply", "ask_again", "goto")
"""What every rule that a message may meet takes."""

COMING = tuple(key for key in MAKING if key not in ("else", "validate"))
"""What a rule takes that no message is read for: an event's, a timer's."""

COMMAND = ("words", "pattern", "title", "about", *MAKING)
CHOICES = ("save", "validate", "do", "fails", "branches", "reply", "goto")
BRANCH = ("when", "do", "fails", "reply", "goto")
PART = ("about", "use", "slots", "commands", "states", "messages")


def rule_keys() -> dict[str, Schema]:
    """Every key of a rule, with what it takes."""
    return {
        "words": one_or_more(
            {"type": ["string", "integer"]}, "the whole messages that mean this command: `[cart, basket]`"
        ),
        "pattern": one_or_more(
            text("a shape with typed holes"),
            'one or more shapes with typed holes, such as `"{item:number} x {quantity:number}"`;'
            " no type means `text`",
        ),
        "title": text("what its button or list row says; without it the command's name, spelled out"),
        "about": text("the second line of its list row"),
        "when": text(
            "an expression: the rule exists, and its button is shown, only while it holds",
            format="expression",
        ),
        "accepts": list_of(
            {"type": "string", "enum": list(ACCEPTED), "x-kind": "kind of message"},
            f"which kinds of message it takes, of `{' '.join(ACCEPTED)}`; without it `[text]`",
            minItems=1,
        ),
        "save": {
            "anyOf": [
                text("the slot that takes the input", format="slot"),
                mapping({}, "slots with the values they take", IDENTIFIERS),
            ],
            "description": "the slot that takes the input, or `{slot: value, …}`;"
            " saving into a list adds to it",
        },
        "else": ref(
            "answer",
            "the answer to input that cannot be read as its slot's type, or that an action cannot take",
        ),
        "validate": list_of(
            ref("check"),
            "validators in order, each with its `else`;"
            " the first that fails answers, and nothing else happens",
        ),
        "do": ref("do", "actions in order: `do: [add_to_cart, {clear_slot: note}]`"),
        "fails": ref("fails", "an answer for each failure code that the actions may give"),
        "branches": list_of(
            ref("branch"), "`{when, do, fails, reply, goto}`: the first whose `when` holds is taken"
        ),
        "reply": ref("messages", "the message, or messages, that are sent"),
        "ask_again": flag("`true`: the state's `ask` is sent again"),
        "goto": text("the next state", format="state"),
    }


def _rule(keys: tuple[str, ...], about: str) -> Schema:
    every = rule_keys()
    return closed({key: every[key] for key in keys}, about)


def _short_or(long: Schema, about: str) -> Schema:
    """A message's name, a list of them, or the long form."""
    return {"anyOf": [*ref_to_messages(), long], "description": about}


def ref_to_messages() -> list[Schema]:
    one: Schema = {"type": "string", "format": "message"}
    return [one, {"type": "array", "items": one, "minItems": 1}]


def state_keys() -> dict[str, Schema]:
    """Every key of a state, with what it takes."""
    tries = closed(
        {
            "limit": {
                "type": "integer",
                "minimum": 1,
                "description": "how many messages in a row may not be understood;"
                " the last of them gets `then`",
            },
            "then": ref("fallback", "what is done instead of the usual answer"),
        },
        "how often in a row a customer may not be understood: `{limit: 3, then: RULE}`",
        required=["limit", "then"],
    )
    return {
        "branches": list_of(
            ref("branch"),
            "tried on entering: the first that holds is taken at once;"
            " if none does, the state asks and waits",
        ),
        "ask": ref("messages", "the message, or messages, sent on entering"),
        "commands": mapping(
            ref("command"), "what is understood here; one with the name of a flow's command takes its place"
        )
        | {"defaultSnippets": list(snippets.COMMANDS)},
        "ignore": list_of(
            text("a command of the flow", format="command"),
            "the flow's commands that are not understood here",
        ),
        "events": mapping(
            ref("event"), "what is done when something happens elsewhere while a customer is here"
        ),
        "choices": ref("choices", "a list to pick from"),
        "input": ref("input", "the rule for anything else of the kinds it `accepts`"),
        "otherwise": ref("fallback", "the rule for what nothing above understood"),
        "tries": tries,
        "after": list_of(
            ref("timer"),
            "rules with `wait`: what happens when the customer stays silent; each once, until they speak",
        ),
        "human": flag("`true`: a person answers here, the bot is silent, and `timeout` rests"),
        "final": flag("`true`: the conversation is over"),
    }


def message_keys() -> dict[str, Schema]:
    """Every key of a message in its long form, with what it takes."""
    buttons = list_of(
        ref("button"), 'commands to press, or commands with values: `{approve: {lead: "{{ lead.number }}"}}`'
    )
    listing = closed(
        {
            "button": text("what the button that opens the list says"),
            "rows": list_of(ref("button"), "commands to pick, as `buttons` are", minItems=1),
        },
        "`{button: Choose, rows: [menu, cart, done]}`: commands again, for more than three",
        required=["rows"],
    )
    return {
        "text": text("what it says; `{{ … }}` puts values in"),
        "template": text("a file below `templates/` that holds the text", format="template"),
        "buttons": buttons,
        "list": listing,
        **{
            kind: text(f"the address or the media id of one {kind}; `text` becomes its caption")
            for kind in MEDIA
        },
        "ask_location": flag("`true`: a button that sends the customer's place"),
        "products": {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
                {
                    "type": "string",
                    "pattern": r"\{[{%]",
                    "patternErrorMessage": "`products` takes a list of product codes",
                },
            ],
            "description": "product codes, sent as catalogue cards where the channel has them",
        },
        "header": text("a short text above"),
        "footer": text("a short text below"),
    }


def choices_keys() -> dict[str, Schema]:
    """Every key of `choices`, with what it takes."""
    every = rule_keys()
    own: dict[str, Schema] = {
        "from": text("an expression that gives a list, such as `catalog.available`", format="expression"),
        "as": matching(
            IDENTIFIER,
            "the name that one of them has in the lines below",
            str(IDENTIFIERS["patternErrorMessage"]),
        ),
        "title": text('what its row says, such as `"{{ product.name }}"`'),
        "about": text("the second line of its row"),
        "value": text('what a pick stands for, and what is saved, such as `"{{ product.code }}"`'),
        "none": ref("answer", "the answer when the list is empty, or what was picked is gone"),
    }
    own |= {key: every[key] for key in CHOICES}
    own["save"] = text("the slot that takes the pick", format="slot")
    return own


def _definitions() -> dict[str, Schema]:
    every = rule_keys()
    message = closed(
        message_keys(),
        "a message in its long form",
        minProperties=1,
        allOf=[
            {
                "not": {"required": ["text", "template"]},
                "errorMessage": "a message has a `text` or a `template`, not both",
            },
            {
                "not": {"required": ["buttons", "list"]},
                "errorMessage": "a message has `buttons` or a `list`, not both",
            },
            {
                "not": {"anyOf": [{"required": [one, two]} for one in MEDIA for two in MEDIA if one < two]},
                "errorMessage": "a message has one of `image`, `document`, `audio`, `video`",
            },
        ],
    )
    pressed = mapping(
        {
            "type": "object",
            "propertyNames": IDENTIFIERS,
            "description": "values that stand like holes once it is pressed",
        },
        "a command with values",
    ) | {"minProperties": 1, "maxProperties": 1}
    answer = closed(
        {key: every[key] for key in ("reply", "goto", "ask_again")},
        "an answer in its long form",
        minProperties=1,
    )
    timer = closed(
        {"wait": duration("the silence after which it fires"), **{key: every[key] for key in COMING}},
        "a rule for a customer who stays silent",
        required=["wait"],
    )
    return {
        "messages": {"anyOf": ref_to_messages(), "description": "a message's name, or a list of them"},
        "answer": _short_or(answer, "a message's name, a list of them, or `{reply, goto, ask_again}`"),
        "fails": mapping(ref("answer"), "failure code: answer"),
        "do": steps(ACTIONS),
        "check": check_entry(VALIDATORS) | {"defaultSnippets": snippets.validators(VALIDATORS)},
        "branch": _rule(BRANCH, "one way to go on; without `when` it always holds"),
        "command": _rule(COMMAND, "a rule that words, a pattern or a button call"),
        "input": _rule(("accepts", *MAKING), "the rule for anything else")
        | {"defaultSnippets": list(snippets.RULES)},
        "fallback": _short_or(
            _rule(MAKING, "a rule in its long form"), "a rule, or the messages it replies with"
        ),
        "event": _short_or(
            _rule(COMING, "a rule in its long form"), "a rule, or the messages it replies with"
        ),
        "timer": timer,
        "choices": closed(choices_keys(), "a list to pick from", required=["from", "as", "title", "value"]),
        "state": closed(state_keys(), "a place a conversation can be in"),
        "button": {"anyOf": [{"type": "string", "format": "command"}, pressed]},
        "message": {"anyOf": [text("what it says"), message], "description": "a text, or the keys below"},
    }


def flow_keys() -> dict[str, Schema]:
    """Every key of a flow file, with what it takes."""
    plain: Schema = {"type": ["string", "number", "boolean"]}
    of_type = {
        "type": "string",
        "pattern": f"^(list of )?({'|'.join(TYPES)})$",
        "x-kind": "type",
        "examples": [*TYPES, *(f"list of {one}" for one in TYPES)],
        "description": f"one of `{' '.join(TYPES)}`, or `list of` one",
    }
    return {
        "flow": matching(
            "^[a-z][a-z0-9_]*$",
            "its name: lower case, digits, `_`",
            "a flow's name is lower case letters, digits and `_`",
        ),
        "title": text("what it is called, for people"),
        "about": text("what it is for, for people"),
        "languages": list_of(
            language("a language tag"), "language tags, the first the default: `[en, ur]`", minItems=1
        ),
        "start": text("the state a new conversation is in", format="state"),
        "timeout": duration(
            "how long after the customer's last message the conversation starts over; without it `1 hour`"
        ),
        "settings": mapping(
            {"anyOf": [plain, {"type": "array", "items": plain}]},
            "constants, read as `settings.NAME`",
            IDENTIFIERS,
        ),
        "slots": mapping(
            of_type, "what the conversation remembers, and of which type: `name: text`", IDENTIFIERS
        ),
        "commands": mapping(ref("command"), "rules understood in every state")
        | {"defaultSnippets": list(snippets.COMMANDS)},
        "events": mapping(ref("event"), "rules for what happens elsewhere, such as `handed_back`"),
        "otherwise": ref(
            "fallback", "the rule for what a state did not understand, where it has none of its own"
        ),
        "fails": ref("fails", "an answer for each failure that no rule names"),
        "states": mapping(ref("state"), "the states, by name") | {"defaultSnippets": list(snippets.STATES)},
        "messages": mapping(ref("message"), "the messages, by name")
        | {"defaultSnippets": list(snippets.MESSAGES)},
        "use": one_or_more(
            text("a file's path, seen from this file"),
            "other files whose commands, slots, states and messages join this flow",
        ),
        "moved": mapping(
            text("a state", format="state"),
            "old state: new state, for conversations in a state that this version dropped",
        ),
    }


def flow_schema() -> Schema:
    return {
        "title": "A flow",
        **closed(flow_keys(), "one conversation: its states, and what is understood and answered in each"),
        "required": ["flow", "start", "states"],
        "$defs": _definitions(),
    }


def part_schema() -> Schema:
    keys = flow_keys()
    return {
        "title": "A part of a flow",
        **closed(
            {key: keys[key] for key in PART}, "what other flows `use`: commands, slots, states and messages"
        ),
        "$defs": _definitions(),
    }


def translation_schema() -> Schema:
    every = rule_keys()
    return {
        "title": "A translation of a flow",
        **closed(
            {
                "words": mapping(every["words"], "command: the words that mean it in this language"),
                "patterns": mapping(every["pattern"], "command: its patterns in this language"),
                "titles": mapping(every["title"], "command: what its button says"),
                "names": mapping(text("its name in this language"), "product code or setting: its name"),
                "messages": mapping(
                    ref("message"), "message: its text in this language, or what of it is different"
                ),
                "fingerprints": mapping(
                    matching(
                        "^[0-9a-f]{8}-[0-9a-f]{8}$",
                        "what the original and the translation were",
                        "a fingerprint is written by `flow-lint --fix`; delete this line and run it",
                    ),
                    "message: which text it translates. `flow-lint --fix` writes them, and `flow-lint` then "
                    "tells when an original changes. Where the translation is still right, delete its line "
                    "here and run `flow-lint --fix` again",
                ),
            },
            "one language of a flow: words, patterns, titles, names and messages",
        ),
        "$defs": _definitions(),
    }
