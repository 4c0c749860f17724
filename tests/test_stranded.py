"""No customer is stranded where flow-lint says so: cases, and a search by brute force over made-up flows."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.journeys import Spot
from engine.flow import Flow, State
from engine.limits import Limits
from engine.lint import lint
from engine.lint.checked import Checked
from engine.reader import read_flow
from engine.source import Problem

PROOFS = ("stranded_customer", "endless_branches", "no_fallback", "dead_end")


def found_in(text: str) -> list[Problem]:
    """The findings of the proofs; what else such small flows lack is not asked here."""
    found = lint(read_flow({"shop.yaml": text}, "shop.yaml", {}))
    return [problem for problem in found if problem.rule in (*PROOFS, "yaml", "schema")]


def flow(states: str, top: str = "otherwise: hello\n", messages: str = "") -> str:
    return f"""\
flow: shop
start: initial
{top}states:
  initial:
    otherwise: {{reply: hello, goto: one}}
{states}
messages:
  hello: Hello!
{messages}"""


TRAP = """\
  one:
    commands: {on: {words: [on], goto: two}}
  two:
    commands: {back: {words: [back], goto: one}}
"""

STRANDED = {
    "two states that lead to each other alone are one trap": (
        flow(TRAP),
        [("one", "'one' and 'two'", ("customer: qwxz qwxz", "[one]"))],
    ),
    "a failure of the shop is no way out that a customer can choose": (
        flow(
            """\
  one:
    input: {do: {add_to_cart: {item: 1}}, fails: {out_of_stock: {reply: hello, goto: end}}, reply: hello}
  end: {final: true}
"""
        ),
        [("one", "only a timer, an event or a failure does", ("customer: qwxz qwxz", "[one]"))],
    ),
    "a timer is no way out": (
        flow("  one: {after: [{wait: 1 hour, goto: end}]}\n  end: {final: true}\n"),
        [("one", "only a timer, an event or a failure does", ("customer: qwxz qwxz", "[one]"))],
    ),
    "a command without a word and without a button": (
        flow("  one:\n    commands: {out: {goto: end}}\n  end: {final: true}\n"),
        [("one", "nothing that a customer can say here", ("customer: qwxz qwxz", "[one]"))],
    ),
    "the flow's cancel where each of its words means something else": (
        flow(
            """\
  one:
    commands: {halt: {words: [stop, "Cancel!"], reply: hello}}
    after: [{wait: 1 hour, goto: end}]
  end: {final: true}
""",
            "otherwise: hello\ncommands: {cancel: {words: [cancel, stop], reply: hello, goto: initial}}\n",
        ),
        [("one", "only a timer", ("customer: qwxz qwxz", "[one]"))],
    ),
    "the shortest conversation says what can be said rather than to wait": (
        flow(
            """\
  one:
    commands: {on: {words: [on], goto: two}}
    input: {goto: end}
    after: [{wait: 5 minutes, goto: three}]
  two:
    commands: {on: {words: [next], goto: three}}
    input: {goto: end}
  three:
    ask: hello
    after: [{wait: 1 day, goto: end}]
  end: {final: true}
"""
        ),
        [("three", "", ("customer: qwxz qwxz", "customer: on", "customer: next", "[three]"))],
    ),
    "where a silence alone leads there, the conversation waits": (
        flow(
            """\
  one:
    input: {goto: end}
    after: [{wait: 5 minutes, goto: three}]
  three:
    ask: hello
    after: [{wait: 1 day, goto: end}]
  end: {final: true}
"""
        ),
        [("three", "", ("customer: qwxz qwxz", "(5 minutes later)", "[three]"))],
    ),
    "three tries are three lines, and a condition is told": (
        flow(
            """\
  one:
    input: {save: number, else: hello, goto: end}
    tries: {limit: 3, then: {branches: [{when: cart.is_empty, goto: two}], goto: end}}
  two: {after: [{wait: 1 day, goto: end}], ask: hello}
  end: {final: true}
""",
            "otherwise: hello\nslots: {number: number}\n",
        ),
        [
            (
                "two",
                "",
                (
                    "customer: qwxz qwxz",
                    *["customer: (audio)"] * 3,
                    "(where cart.is_empty)",
                    "[two]",
                ),
            )
        ],
    ),
    "what is passed through says nothing, but for its condition": (
        flow(
            """\
  one:
    branches: [{when: cart.is_empty, goto: two}, {goto: end}]
  two: {after: [{wait: 1 day, goto: end}], ask: hello}
  end: {final: true}
"""
        ),
        [("two", "", ("customer: qwxz qwxz", "(where cart.is_empty)", "[two]"))],
    ),
    "a setting keeps the only way out shut": (
        flow(
            """\
  one: {commands: {out: {words: [out], when: settings.open, goto: end}}}
  end: {final: true}
""",
            "otherwise: hello\nsettings: {open: false}\n",
        ),
        [("one", "; `settings.open` never holds: add", ("customer: qwxz qwxz", "[one]"))],
    ),
    "a setting turns everybody back": (
        flow(
            """\
  one: {commands: {out: {words: [out], goto: two}}}
  two: {branches: [{when: settings.closed, goto: one}, {goto: end}]}
  end: {final: true}
""",
            "otherwise: hello\nsettings: {closed: true}\n",
        ),
        [("one", "; `settings.closed` always holds: add", ("customer: qwxz qwxz", "[one]"))],
    ),
    "whatever is sent is understood, so that no try is counted": (
        flow(
            """\
  one:
    input:
      accepts: [text, image, audio, video, document, location, contacts, order]
      reply: hello
    tries: {limit: 3, then: {goto: end}}
  end: {final: true}
"""
        ),
        [("one", "`tries` counts nothing", ("customer: qwxz qwxz", "[one]"))],
    ),
    "no text is at least ten and at most five long": (
        flow(
            """\
  one: {input: {validate: [{length: {min: 10, max: 5}, else: hello}], goto: end}}
  end: {final: true}
"""
        ),
        [("one", "`length` lets nothing pass", ("customer: qwxz qwxz", "[one]"))],
    ),
    "nor does one fit two bounds, one of them a setting": (
        flow(
            """\
  one:
    input:
      validate: [{length: {min: "{{ settings.least }}"}, else: hello}, {length: {max: 5}, else: hello}]
      goto: end
  end: {final: true}
""",
            "otherwise: hello\nsettings: {least: 10}\n",
        ),
        [("one", "`length` lets nothing pass", ("customer: qwxz qwxz", "[one]"))],
    ),
    "a word is saved where a number belongs": (
        flow(
            """\
  one: {commands: {out: {words: [out], save: {number: many}, goto: end}}}
  end: {final: true}
""",
            "otherwise: hello\nslots: {number: number}\n",
        ),
        [("one", "'many' is no number", ("customer: qwxz qwxz", "[one]"))],
    ),
    "an order out of an empty cart": (
        flow(
            """\
  one: {commands: {out: {words: [out], do: place_order, fails: {cart_empty: hello}, goto: end}}}
  end: {final: true}
"""
        ),
        [("one", "nothing was put into the cart", ("customer: qwxz qwxz", "[one]"))],
    ),
    "an order out of a cart that is filled on another way": (
        flow(
            """\
  one:
    commands:
      left: {words: [left], goto: two}
      right: {words: [right], do: {add_to_cart: {item: 1}}, goto: end}
  two: {commands: {out: {words: [out], do: place_order, fails: {cart_empty: hello}, goto: end}}}
  end: {final: true}
"""
        ),
        [("two", "nothing was put into the cart", ("customer: qwxz qwxz", "customer: left", "[two]"))],
    ),
    "who has ordered nothing has no orders to choose from": (
        flow(
            """\
  one:
    ask: hello
    choices:
      {from: orders.all, as: each, title: "{{ each.number }}", value: "{{ each.number }}", save: number,
       none: hello, goto: end}
  end: {final: true}
""",
            "otherwise: hello\nslots: {number: text}\n",
        ),
        [("one", "`orders.all` may stay empty", ("customer: qwxz qwxz", "[one]"))],
    ),
    "an order is needed where nobody ever orders": (
        flow(
            "  one: {commands: {out: {words: [out], when: orders.last, goto: end}}}\n  end: {final: true}\n"
        ),
        [
            (
                "one",
                "`orders.last` never holds for who has ordered nothing: add",
                ("customer: qwxz qwxz", "[one]"),
            )
        ],
    ),
    "conditions that never hold together, and one that always does": (
        flow(
            """\
  one:
    input:
      save: number
      else: hello
      branches:
        - {when: number > 5 and number < 3, goto: end}
        - {when: business.is_open or not business.is_open, reply: hello}
        - {do: reset, reply: hello}
  end: {final: true}
""",
            "otherwise: hello\nslots: {number: number}\n",
        ),
        [
            (
                "one",
                "`number > 5 and number < 3` never holds; `business.is_open or",
                ("customer: qwxz qwxz", "[one]"),
            )
        ],
    ),
    "a state to which conversations of an older version are moved": (
        flow(
            """\
  one: {input: {goto: end}}
  two: {after: [{wait: 1 day, goto: end}], ask: hello}
  end: {final: true}
""",
            "otherwise: hello\nmoved: {old: two}\n",
        ),
        [("two", "", ("[two]",))],
    ),
}


@pytest.mark.parametrize("what", STRANDED)
def test_a_trap_is_found_once_with_its_shortest_conversation(what: str) -> None:
    text, expected = STRANDED[what]
    found = found_in(text)
    assert [problem.rule for problem in found] == ["stranded_customer"] * len(expected), found
    lines = text.splitlines()
    for problem, (state, said, conversation) in zip(found, expected, strict=True):
        assert lines[problem.place.line - 1].strip().startswith(f"{state}:")
        assert said in problem.message
        assert problem.conversation == conversation


FREE = {
    "a cancel to the start": flow(
        TRAP, "otherwise: hello\ncommands: {cancel: {words: [cancel], reply: hello, goto: initial}}\n"
    ),
    "a reset that stays where it is": flow(
        TRAP, "otherwise: hello\ncommands: {forget: {words: [forget], do: reset, reply: hello}}\n"
    ),
    "a person": flow(TRAP + "    otherwise: {goto: person}\n  person: {human: true}\n"),
    "a start that is the whole shop": """\
flow: shop
start: ordering
otherwise: hello
states:
  ordering:
    commands: {on: {words: [on], goto: asking}}
  asking:
    ask: hello
    input: {goto: ordering}
messages: {hello: Hello!}
""",
    "a refusal can be brought about": flow(
        """\
  one:
    input: {validate: [{length: {min: 2}, else: {reply: hello, goto: end}}], reply: hello}
  end: {final: true}
"""
    ),
    "a button alone": flow(
        "  one:\n    ask: which\n    commands: {out: {goto: end}}\n  end: {final: true}\n",
        messages="  which: {text: Which, buttons: [out]}\n",
    ),
    "a trap behind an input that a command takes everything from": flow(
        """\
  one:
    commands: {all: {pattern: "{what}", goto: end}}
    input: {goto: two}
  two: {commands: {on: {words: [on], goto: three}}}
  three: {commands: {back: {words: [back], goto: two}}}
  end: {final: true}
"""
    ),
    "a trap that a setting keeps shut": flow(
        """\
  one:
    commands: {in: {words: [in], when: settings.closed, goto: two}, out: {words: [out], goto: end}}
  two: {commands: {on: {words: [on], goto: three}}}
  three: {commands: {back: {words: [back], goto: two}}}
  end: {final: true}
""",
        "otherwise: hello\nsettings: {closed: false}\n",
    ),
    "bounds that are far apart": flow(
        """\
  one: {input: {validate: [{length: {min: 5, max: 5}, else: hello}], goto: end}}
  end: {final: true}
"""
    ),
    "the empty cart itself leads out": flow(
        """\
  one: {commands: {out: {words: [out], do: place_order, fails: {cart_empty: {goto: end}}, reply: hello}}}
  end: {final: true}
"""
    ),
    "who has no orders is sent away, and does not rest there": flow(
        """\
  one: {commands: {orders: {words: [orders], goto: two}, out: {words: [out], goto: end}}}
  two:
    ask: hello
    choices:
      {from: orders.all, as: each, title: "{{ each.number }}", value: "{{ each.number }}", save: number,
       none: {reply: hello, goto: one}, goto: one}
  end: {final: true}
""",
        "otherwise: hello\nslots: {number: text}\n",
    ),
    "only who has orders comes where they are chosen from": flow(
        """\
  one:
    commands: {orders: {words: [orders], when: orders.all, goto: two}, out: {words: [out], goto: end}}
  two:
    ask: hello
    choices:
      {from: orders.all, as: each, title: "{{ each.number }}", value: "{{ each.number }}", save: number,
       none: hello, goto: one}
  end: {final: true}
""",
        "otherwise: hello\nslots: {number: text}\n",
    ),
    "a refusal of what is read is a try": flow(
        """\
  one:
    commands: {many: {pattern: "{number:number} pieces", else: hello, reply: hello}}
    input:
      accepts: [text, image, audio, video, document, location, contacts, order]
      reply: hello
    tries: {limit: 3, then: {goto: end}}
  end: {final: true}
"""
    ),
    "through states that wait for nobody": flow(
        """\
  one: {input: {goto: two}}
  two: {branches: [{when: cart.is_empty, goto: three}, {goto: one}]}
  three: {branches: [{goto: end}]}
  end: {final: true}
"""
    ),
}


@pytest.mark.parametrize("what", FREE)
def test_who_can_get_out_is_not_stranded(what: str) -> None:
    assert found_in(FREE[what]) == []


TOP = """\
moved: {old: end}
slots: {number: text}
settings: {closed: false}
fails: {not_allowed: {reply: hello, goto: one}}
"""

ENDLESS = {
    "a state that passes on to itself": (
        "  one: {branches: [{goto: one}]}\n",
        "the state 'one' passes every turn on to itself for ever",
    ),
    "whatever holds, it goes round": (
        """\
  one: {branches: [{when: customer.is_known, goto: two}, {goto: three}]}
  two: {branches: [{goto: one}]}
  three: {branches: [{goto: one}]}
""",
        "for ever",
    ),
    "when none of the conditions holds": (
        """\
  one: {branches: [{when: customer.is_known, goto: end}, {goto: two}]}
  two: {branches: [{when: orders.last, goto: end}, {goto: one}]}
""",
        "perhaps for ever: as long as none of `customer.is_known`, `orders.last` holds",
    ),
    "one of two opposite conditions always holds": (
        """\
  one: {branches: [{when: customer.is_known, goto: two}, {when: not customer.is_known, goto: two}]}
  two: {branches: [{goto: one}]}
""",
        "for ever",
    ),
    "there is nothing to choose, and it offers that again": (
        """\
  one:
    ask: hello
    otherwise: hello
    choices:
      {from: orders.all, as: each, title: "{{ each.number }}", value: "{{ each.number }}", save: number,
       none: {reply: hello, goto: one}, goto: end}
""",
        "the state 'one' passes every turn on to itself for ever, as long as there is nothing to choose",
    ),
    "there is nothing to choose, and another state leads back": (
        """\
  one:
    ask: hello
    otherwise: hello
    choices:
      {from: orders.all, as: each, title: "{{ each.number }}", value: "{{ each.number }}", save: number,
       none: {reply: hello, goto: two}, goto: end}
  two: {branches: [{goto: one}]}
""",
        "pass a turn on to each other for ever, as long as there is nothing to choose",
    ),
    "a failure leads to what failed": (
        "  one: {branches: [{do: place_order, fails: {cart_empty: {goto: one}}, goto: end}]}\n",
        "passes every turn on to itself for ever, as long as `place_order` fails with cart_empty",
    ),
    "a failure leads to what failed, through the flow's answer and another state": (
        """\
  one: {branches: [{goto: two}]}
  two: {branches: [{do: cancel_order, goto: end}]}
""",
        "as long as `cancel_order` fails with not_allowed",
    ),
    "the same question in other words": (
        """\
  one: {branches: [{when: cart.is_empty, goto: two}], input: {do: {add_to_cart: {item: 1}}, goto: end}}
  two: {branches: [{when: cart.count == 0, goto: one}], input: {goto: end}}
""",
        "for ever, as long as `cart.is_empty` holds",
    ),
    "a setting shuts the other way": (
        "  one: {branches: [{when: settings.closed, goto: end}, {when: not settings.closed, goto: one}]}\n",
        "the state 'one' passes every turn on to itself for ever:",
    ),
    "more states than one turn may enter": (
        "  one: {branches: [{goto: s1}]}\n"
        + "".join(f"  s{at}: {{branches: [{{goto: s{at + 1}}}]}}\n" for at in range(1, 20))
        + "  s20: {branches: [{goto: end}]}\n",
        "a turn that comes here goes through 22 states, and 20 are the most",
    ),
    "the same condition leads there and back": (
        """\
  one: {branches: [{when: customer.is_known, goto: two}], input: {goto: end}}
  two: {branches: [{when: customer.is_known, goto: one}], input: {goto: end}}
""",
        "for ever, as long as `customer.is_known` holds",
    ),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_branches_without_end_are_found_once(what: str) -> None:
    states, said = ENDLESS[what]
    found = [one for one in found_in(flow(f"{states}  end: {{final: true}}\n", TOP)) if one.rule in PROOFS]
    assert [problem.rule for problem in found] == ["endless_branches"], found
    assert said in found[0].message
    assert found[0].conversation == ("customer: qwxz qwxz", "[one]")


ENDING = {
    "a branch that waits": (
        "  one: {branches: [{when: customer.is_known, reply: hello}, {goto: two}]}\n"
        "  two: {branches: [{do: clear_cart, goto: one}]}\n"
    ),
    "a condition that may not hold the second time": (
        "  one: {branches: [{when: customer.is_known, goto: end}, {do: clear_cart, goto: one}]}\n"
    ),
    "a price that changed is another one the next time": (
        "  one: {branches: [{do: place_order, fails: {price_changed: {goto: one}}, goto: end}]}\n"
    ),
    "a failure of what was done in this very turn": (
        "  one: {input: {do: {add_to_cart: {item: 1}}, goto: two}}\n"
        "  two: {branches: [{do: place_order, fails: {out_of_stock: {goto: two}}, goto: end}]}\n"
    ),
    "twenty states": (
        "  one: {branches: [{goto: s1}]}\n"
        + "".join(f"  s{at}: {{branches: [{{goto: s{at + 1}}}]}}\n" for at in range(1, 18))
        + "  s18: {branches: [{goto: end}]}\n"
    ),
    "conditions that differ": (
        "  one: {branches: [{when: customer.is_known, goto: two}], input: {goto: end}}\n"
        "  two: {branches: [{when: orders.last, goto: one}], input: {goto: end}}\n"
    ),
}


def test_a_state_that_nothing_leaves_has_its_conversation() -> None:
    found = found_in(
        flow(
            """\
  one: {input: {goto: end}, after: [{wait: 10 minutes, reply: hello, goto: two}]}
  two: {input: {goto: two}}
  end: {final: true}
"""
        )
    )
    assert [(problem.rule, problem.conversation) for problem in found] == [
        ("dead_end", ("customer: qwxz qwxz", "(10 minutes later)", "[two]"))
    ]


@pytest.mark.parametrize("what", ENDING)
def test_branches_that_may_end_are_not_found(what: str) -> None:
    found = found_in(
        flow(f"{ENDING[what]}  end: {{final: true}}\n", "otherwise: {reply: hello, goto: end}\n")
    )
    assert [problem for problem in found if problem.rule == "endless_branches"] == []


# By brute force

NAMES = ("a", "b", "c", "d", "e")


@st.composite
def made_up(draw: st.DrawFn) -> str:
    """A small flow: states that wait, pass on, end or call a person, and commands above them."""
    words = iter(f"w{number}" for number in range(100))
    target = st.sampled_from(("initial", *NAMES))

    def rules(most: int) -> str:
        return ", ".join(
            f"{word}: {{words: [{word}], reply: hello{draw(st.sampled_from(['', ', when: now.hour']))}"
            f"{draw(st.one_of(st.just(''), target.map(', goto: {}'.format)))}}}"
            for word in (next(words) for _ in range(draw(st.integers(0, most))))
        )

    above = rules(1)
    states = []
    for name in NAMES:
        kind = draw(st.sampled_from(("waits",) * 5 + ("passes", "maybe", "final", "human")))
        if kind in ("final", "human"):
            states.append(f"  {name}: {{{kind}: true}}")
            continue
        keys = [f"commands: {{{rules(2)}}}", f"ignore: [{draw(st.sampled_from(('', 'w0')))}]"]
        if "w0" not in above:
            keys.pop()
        if kind != "waits":
            condition = "when: now.hour, " if kind == "maybe" else ""
            keys.append(f"branches: [{{{condition}goto: {draw(target)}}}]")
        if draw(st.booleans()):
            keys.append(f"after: [{{wait: 1 hour, goto: {draw(target)}}}]")
        states.append(f"  {name}: {{{', '.join(keys)}}}")
    body = "\n".join(states)
    return f"""\
flow: shop
start: initial
commands: {{{above}}}
otherwise: hello
states:
  initial: {{commands: {{go: {{words: [go], goto: a}}}}, after: [{{wait: 1 hour, goto: b}}]}}
{body}
messages: {{hello: Hello!}}
"""


def entered(flow: Flow, name: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """Every state in which a turn can rest that enters this one."""
    if name in seen:
        return set()
    ends: set[str] = set()
    for branch in flow.states[name].branches:
        ends |= entered(flow, str(branch.goto), seen | {name})
        if branch.when is None:
            return ends
    return ends | {name}


def said_in(flow: Flow, state: State) -> set[str]:
    """Every state in which a customer can be after one message."""
    if state.final or state.human:
        return set()
    rules = list(state.commands.values())
    rules += [
        rule
        for name, rule in flow.commands.items()
        if name not in state.ignore and name not in state.commands
    ]
    return set().union(*(entered(flow, str(rule.goto)) for rule in rules if rule.goto))


def is_out(flow: Flow, name: str) -> bool:
    return flow.states[name].final or flow.states[name].human or name == flow.start


def freed(flow: Flow, name: str) -> bool:
    """Whether any number of messages leads out, tried one after the other."""
    at = {name}
    for _ in range(len(flow.states) + 1):
        if any(is_out(flow, one) for one in at):
            return True
        at |= set().union(*(said_in(flow, flow.states[one]) for one in at))
    return False


@settings(max_examples=150, deadline=None)
@given(made_up())
def test_who_is_not_found_stranded_is_free_and_who_is_found_is_not(text: str) -> None:
    reading = read_flow({"shop.yaml": text}, "shop.yaml", {})
    assert not reading.problems, reading.problems
    (flow,) = reading.flows.values()
    found = lint(reading)
    names = {
        problem.place.line: text.splitlines()[problem.place.line - 1].split(":")[0].strip()
        for problem in found
    }
    caught = {names[one.place.line] for one in found if one.rule in ("stranded_customer", "dead_end")}
    (proofs,) = Checked(reading, Limits()).proofs
    reached = {spot.state for spot in proofs.journeys.spots if spot.waits}
    stuck = {name for name in reached if not freed(flow, name)}
    assert caught & reached <= stuck
    # Who is stuck can get to a state that is found, and to no end.
    for name in stuck:
        at = {name}
        for _ in flow.states:
            at |= set().union(*(said_in(flow, flow.states[one]) for one in at))
        assert at & caught, (name, at, caught)


@settings(max_examples=80, deadline=None)
@given(made_up())
def test_no_conversation_is_longer_than_it_has_to_be(text: str) -> None:
    reading = read_flow({"shop.yaml": text}, "shop.yaml", {})
    (flow,) = reading.flows.values()
    (proofs,) = Checked(reading, Limits()).proofs
    rounds = [{"initial"}]
    while not rounds[-1] >= (
        more := rounds[-1].union(*(said_in(flow, flow.states[one]) for one in rounds[-1]))
    ):
        rounds.append(more)
    for before, now in pairwise(rounds):
        for name in now - before:
            path = proofs.journeys.to(Spot(name))
            spoken = [move for _, move in path if move.site is not None]
            assert all(move.is_spoken for move in spoken)
            assert len(spoken) == rounds.index(now)
