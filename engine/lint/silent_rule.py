"""Finds rules that may leave a customer without any answer."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.walk import Site, states_of, ways_of
from engine.flow import HANDED_BACK, Flow
from engine.lint.checked import Checked, Rule
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for site in survey.sites:
            if not checked.is_whole(site.rule.place):
                continue
            if site.kind == "event":
                yield from _handed_back(site, survey.flow)
            # Nobody waits for an answer to an event or a timer, and in a human state a person gives it.
            if site.kind in ("event", "after") or (site.state is not None and site.state.human):
                continue
            if is_silent(site):
                yield Problem(site.rule.place, RULE.name, said_of(site), length_of(site))
            elif any(way.ask_again and not (way.says or way.goto) for way in ways_of(site)):
                deaf = next((state for state in states_of(site, survey.flow) if not state.ask), None)
                if deaf is not None:
                    said = f"in the state '{deaf.name}' there is no `ask` to send again: add a reply"
                    yield Problem(site.rule.place, RULE.name, said, length_of(site))


def _handed_back(site: Site, flow: Flow) -> Iterator[Problem]:
    """What a person hands back has to leave the person's state: nobody is heard there any more."""
    states = [site.state] if site.state is not None else list(flow.states.values())
    with_person = [
        state
        for state in states
        if state.human and (site.state is not None or HANDED_BACK not in state.events)
    ]
    if site.rule.name != HANDED_BACK or not with_person:
        return
    if any(way.goto is None and not way.failing for way in ways_of(site)):
        said = f"handed back, the talk stays in '{with_person[0].name}', where nobody answers: add a goto"
        yield Problem(site.rule.place, RULE.name, said, len(site.rule.name))


def is_silent(site: Site) -> bool:
    return any(not (way.says or way.goto or way.ask_again or way.failing) for way in ways_of(site))


def said_of(site: Site) -> str:
    if site.rule.branches:
        return "on some way the customer hears nothing: add a reply, or a last branch without `when`"
    return "the customer hears nothing: add a reply, an `ask_again` or a goto"


def length_of(site: Site) -> int:
    return max(1, len(site.rule.name)) if site.kind == "command" else len(site.kind)


RULE = Rule(
    name="silent_rule",
    about="A rule neither answers nor goes anywhere on some way, so that the customer hears nothing.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      clear: {words: [clear], do: clear_cart}
      ^^^^^
      done: {words: [done], goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      clear: {words: [clear], do: clear_cart, reply: cleared}
      done:
        words: [done]
        branches:
          - {when: cart.is_empty, reply: hello}
          - {goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  cleared: Your cart is empty.
""",
    },
    check=check,
)
