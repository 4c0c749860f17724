"""Finds failures of actions that nothing answers, so that the turn would break."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.actions import ACTIONS
from engine.analysis.survey import Survey
from engine.analysis.walk import Site, answers_of
from engine.flow import Answer, Flow, Step
from engine.lint.checked import Checked, Rule
from engine.nearest import meant
from engine.source import Place, Problem

CODES = frozenset(code for action in ACTIONS.values() for code in action.fails)
"""Every code with which some action fails."""

Open = tuple[str, Place, str]
"""A failure that an action may give and that nothing near it answers: the action, its place, the code."""


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        found: dict[tuple[str, Place], dict[str, None]] = {}
        for action, place, code in _left_open(survey, Entering(survey.flow)):
            found.setdefault((action, place), {})[code] = None
        for (action, place), codes in found.items():
            missing = [code for code in codes if code not in checked.mentioned]
            if missing:
                said = f"'{action}' may fail with {_listed(missing)}, and nothing answers that: add `fails`"
                yield Problem(place, RULE.name, said, len(action))


class Entering:
    """What may fail while a turn passes through states, beyond what those states answer themselves."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self._known: dict[str, tuple[Open, ...]] = {}

    def at(self, name: str | None) -> tuple[Open, ...]:
        """The failures of all branches that may be taken from entering this state on."""
        if name is None or name not in self.flow.states:
            return ()
        if name not in self._known:
            self._known[name] = tuple(dict.fromkeys(self._passing(name)))
        return self._known[name]

    def _passing(self, name: str) -> Iterator[Open]:
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            at = waiting.pop()
            if at in seen or at not in self.flow.states:
                continue
            seen.add(at)
            for branch in self.flow.states[at].branches:
                yield from open_after(branch.do, (branch.fails, self.flow.fails))
                if branch.goto is not None:
                    waiting.append(branch.goto)


def open_after(steps: Iterable[Step], answered: tuple[Mapping[str, Answer], ...]) -> Iterator[Open]:
    """The failures of the steps for which none of the tables has an answer."""
    for step in steps:
        for code in ACTIONS[step.action].fails:
            if not any(answers(table, code) for table in answered):
                yield step.action, step.place, code


def answers(table: Mapping[str, Answer], code: str) -> bool:
    """Whether the table answers the code, a slip of the pen in it forgiven: that is a finding of its own."""
    return code in table or any(one not in CODES and meant(one, CODES) == code for one in table)


def _left_open(survey: Survey, entering: Entering) -> Iterator[Open]:
    flow = survey.flow
    for site in survey.sites:
        yield from _of_rule(site, flow, entering)
    # Here nothing but the flow's own `fails` stands by: an answer of the flow, an empty list of choices.
    for answer in flow.fails.values():
        yield from entering.at(answer.goto)
    for state in flow.states.values():
        if state.choices is not None and state.choices.none is not None:
            yield from entering.at(state.choices.none.goto)


def _of_rule(site: Site, flow: Flow, entering: Entering) -> Iterator[Open]:
    rule = site.rule
    yield from open_after(rule.do, (rule.fails, flow.fails))
    for branch in rule.branches:
        yield from open_after(branch.do, (branch.fails, rule.fails, flow.fails))
    ways = (rule.goto, *(branch.goto for branch in rule.branches))
    led_to = dict.fromkeys((*ways, *(answer.goto for answer in answers_of(rule))))
    for name in led_to:
        for action, place, code in entering.at(name):
            if not answers(rule.fails, code):
                yield action, place, code


def _listed(codes: list[str]) -> str:
    quoted = [f"'{code}'" for code in codes]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else quoted[0]


RULE = Rule(
    name="unanswered_failure",
    about="An action may fail with a code that no `fails` of its branch, its rule or the flow answers.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      add:
        pattern: "{item:number}"
        do: add_to_cart
        #   ^^^^^^^^^^^
        fails: {out_of_stock: sold_out}
        reply: hello
        goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
  sold_out: That is sold out.
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
fails: {no_such_item: not_there, unavailable: not_there}
states:
  initial:
    commands:
      add:
        pattern: "{item:number}"
        do: add_to_cart
        fails: {out_of_stock: sold_out}
        reply: hello
        goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
  sold_out: That is sold out.
  not_there: We do not sell that.
""",
    },
    check=check,
)
