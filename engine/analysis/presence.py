"""Says what a move does to the names that hold something for sure: what it brings, keeps and takes away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.analysis.moves import SPOKEN, Move, Moves
from engine.analysis.survey import NAMED, given_by, literal_of, offers_of
from engine.analysis.walk import Site
from engine.draft import RESERVED
from engine.expressions import Expression, Value
from engine.flow import Check, Flow, Rule, Step
from engine.jinja.guards import Path

Facts = int
"""A set of names that hold something: a bit for what each slot keeps, and one for what a turn gives."""

Effect = tuple[Facts, Facts, Facts, Facts]
"""What a move brings and what it keeps of what was sure; the same of where a failure goes back to."""

SOMETIMES = frozenset(("failure", "message"))
"""The reserved names that only some turns have."""

NEVER_UNREADABLE = frozenset(("text", "word"))
"""The types of holes that whatever fits them can be read as."""

MAY_BE_EMPTY: frozenset[Path] = frozenset(
    {
        ("customer", "name"),
        ("customer", "address"),
        ("customer", "language"),
        ("orders", "last"),
        ("message", "latitude"),
        ("message", "longitude"),
        ("message", "media"),
    }
)
"""What is there for some customers and some messages alone."""

WITNESSES = frozenset(("check", "in_catalog", "in_stock", "one_of"))
"""Validators that nothing empty passes."""


class Presence:
    """The names of one flow, and what its rules do to them.

    `kept` are the facts that a slot holds something, by slot, `given` those that a name does until the end of
    the turn. `slots` and `everything` are all facts of the first kind and of both. `letters` are the names
    that come with messages which others send.
    """

    def __init__(self, moves: Moves, letters: frozenset[str] = frozenset()) -> None:
        self.moves = moves
        self.survey = moves.survey
        self.flow: Flow = moves.flow
        slots = list(map(str, self.flow.slots))
        turn = dict.fromkeys((*slots, *sorted(SOMETIMES | self._given_somewhere(letters))))
        self.kept: Mapping[str, Facts] = {name: 1 << at for at, name in enumerate(slots)}
        self.given: Mapping[str, Facts] = {name: 1 << len(slots) + at for at, name in enumerate(turn)}
        self.slots: Facts = (1 << len(slots)) - 1
        self.everything: Facts = (1 << len(slots) + len(turn)) - 1
        self._implied: dict[tuple[int, bool], Facts] = {}
        self._brought: dict[int, Facts] = {}
        self._effects: dict[int, Effect] = {}
        self._passed: dict[int, Facts] = {}

    def bits(self, name: str) -> Facts:
        """The facts of which any makes the name sure; 0 for a name that is always there."""
        return self.kept.get(name, 0) | self.given.get(name, 0)

    def standing(self, facts: Facts) -> Facts:
        """The facts, and of what slots keep that it stands in this turn too."""
        return facts | (facts & self.slots) << len(self.kept)

    def after(self, move: Move, before: Facts) -> Facts:
        """What is sure after a move of a turn that began with these facts."""
        if move.site is None:
            return self.entered(move, before)
        effect = self._effects.get(id(move))
        if effect is not None:
            return effect[0] | before & effect[1]
        return next(facts for _, facts, _ in self.ends(move.site, (move,), before))

    def _given_somewhere(self, letters: frozenset[str]) -> frozenset[str]:
        gives = frozenset(name for step in self.survey.steps for name in given_by((step,)))
        found = self.survey.holes | self.survey.lines | gives | letters | {"order"}
        return frozenset(map(str, found)) - RESERVED

    def ends(self, site: Site, moves: Sequence[Move], before: Facts) -> Iterator[tuple[Move, Facts, Facts]]:
        """Each move with what is sure at its end, and what was sure where a failure would go back to.

        What a rule does is worked out once: it brings some facts and keeps others, whatever was sure before.
        Only where a slot is saved from a name that may be empty, this depends on what was.
        """
        if any(id(move) not in self._effects for move in moves):
            if self._copies(site.rule):
                yield from self._worked_out(site, moves, before)
                return
            self._note_effects(site, moves)
        for move in moves:
            brings, keeps, brings_back, keeps_back = self._effects[id(move)]
            yield move, brings | before & keeps, brings_back | before & keeps_back

    def _note_effects(self, site: Site, moves: Sequence[Move]) -> None:
        with_none, with_all = [self._worked_out(site, moves, before) for before in (0, self.slots)]
        for (move, brings, brings_back), (_, keeps, keeps_back) in zip(with_none, with_all, strict=True):
            self._effects[id(move)] = (brings, keeps, brings_back, keeps_back)

    def _copies(self, rule: Rule) -> bool:
        """Whether the rule saves what a slot or another name holds that may be empty."""
        return any(
            value is not None
            and value.is_lone
            and any(self.bits(read.path[0]) for read in value.reads() if read.kind in NAMED)
            for _, value in rule.save
        )

    def _worked_out(
        self, site: Site, moves: Sequence[Move], before: Facts
    ) -> Iterator[tuple[Move, Facts, Facts]]:
        rule = site.rule
        read = self.read(site, before)
        saved = self.saving(rule, read)
        checked = saved
        for check in rule.validate:
            checked |= self.passed(check)
        done = self._steps(rule.do, self.saved(rule, checked))
        for move in moves:
            if move.cause == "unreadable":
                yield move, *(self.taken_back(rule, self.unread(rule, read), read),) * 2
            elif move.cause == "refused":
                yield move, *(self.taken_back(rule, self.refused(rule, move, saved), read),) * 2
            elif move.cause == "fails":
                yield move, *(self.taken_back(rule, checked, read) | self.given["failure"],) * 2
            else:
                yield move, self.branched(move, done), self.taken_back(rule, checked, read)

    def branched(self, move: Move, facts: Facts) -> Facts:
        """What is sure when the branch of a move has done its part."""
        for branch in move.over:
            facts |= self.implies(branch.when, False)
        if move.branch is None:
            return facts
        return self._steps(move.branch.do, facts | self.implies(move.branch.when, True))

    def entered(self, move: Move, facts: Facts) -> Facts:
        """What is sure after a move of a state that is entered."""
        if move.cause == "fails":
            return facts | self.given["failure"]
        if move.cause == "handed_back":
            return facts & self.slots
        return self.branched(move, facts)

    def read(self, site: Site, before: Facts) -> Facts:
        """What is sure once holes are read."""
        brought = self._brought.get(id(site.rule))
        if brought is None:
            names = self._brings(site)
            brought = self._brought[id(site.rule)] = sum(
                {self.given[name] for name in map(str, names) if name in self.given}
            )
        return (before & self.slots) | brought | self.implies(site.rule.when, True)

    def _brings(self, site: Site) -> frozenset[str]:
        """The names that come along with whatever sets off the rule."""
        if site.kind not in SPOKEN:
            return self.survey.read_by(site)
        if site.kind == "choices":
            return self.survey.read_by(site) | {"message"}
        if site.kind != "command" or not self.survey.read_by(site):
            return frozenset({"message"})
        rule = site.rule
        forms = [
            frozenset(str(hole.name) for hole in pattern.holes)
            for group in rule.patterns.values()
            for pattern in group
        ]
        forms += [frozenset()] if any(rule.words.values()) else []
        forms += self._buttons_of(site)
        return (frozenset.intersection(*forms) if forms else frozenset()) | {"message"}

    def _buttons_of(self, site: Site) -> list[frozenset[str]]:
        """What each button that means this rule carries."""
        found = []
        for message in self.survey.messages:
            for button in offers_of(message):
                if button.command == site.rule.name and self._offers(message.name, site):
                    found.append(frozenset(map(str, button.values)))
        return found

    def _offers(self, message: str, site: Site) -> bool:
        if site.state is None:
            return True
        return any(site.state.name in said.ends for said in self.survey.said.get(message, ()))

    def unread(self, rule: Rule, read: Facts) -> Facts:
        for group in rule.patterns.values():
            for pattern in group:
                for hole in pattern.holes:
                    if hole.type not in NEVER_UNREADABLE:
                        read &= ~self.given[str(hole.name)]
        return read

    def saving(self, rule: Rule, facts: Facts) -> Facts:
        """What is sure while the new values of slots stand beside the old ones."""
        known: frozenset[Path] = rule.when.implies(True) if rule.when is not None else frozenset()
        if ("customer", "is_known") in known:
            known |= {("customer", "name")}
        for slot, value in rule.save:
            name = str(slot)
            if name in self.kept:
                if value is None or not self._may_be_empty(value, facts, known):
                    facts |= self.given[name]
                elif not self.flow.slots[slot].is_list:
                    facts &= ~(self.given[name] | self.kept[name])
        return facts

    def saved(self, rule: Rule, facts: Facts) -> Facts:
        """What is sure once the slots keep their new values."""
        for slot, _ in rule.save:
            name = str(slot)
            if name in self.kept:
                facts |= self.kept[name] if facts & self.given[name] else 0
                facts &= ~self.given[name]
        return facts

    def taken_back(self, rule: Rule, facts: Facts, read: Facts) -> Facts:
        """What is sure once the new values of slots were not taken: the slots hold what they held."""
        for slot, _ in rule.save:
            name = str(slot)
            if name in self.kept:
                facts = facts & ~(self.given[name] | self.kept[name]) | read & self.kept[name]
        return facts

    def seen_by_refusal(self, site: Site, move: Move, before: Facts) -> Facts:
        """The new values of slots that a refusal's own text still sees; nothing behind any other move."""
        rule = site.rule
        if move.cause not in ("refused", "unreadable") or not rule.save:
            return 0
        new = sum({self.given[str(slot)] for slot, _ in rule.save if str(slot) in self.kept})
        read = self.read(site, before)
        return new & (self.unread(rule, read) if move.cause == "unreadable" else self.saving(rule, read))

    def _may_be_empty(self, value: Value, facts: Facts, known: frozenset[Path]) -> bool:
        if value.is_constant:
            return value.constant in (None, "")
        if not value.is_lone:
            return False
        if value.may_be_nothing:
            return True
        for read in value.reads():
            if read.kind in NAMED and not read.guarded:
                bits = self.bits(read.path[0])
                empty = bits and not facts & bits
                if empty or any(read.path[: len(one)] == one and one not in known for one in MAY_BE_EMPTY):
                    return True
        return False

    def passed(self, check: Check) -> Facts:
        """What is sure once the validator let the value pass."""
        known = self._passed.get(id(check))
        if known is None:
            known = self._passed[id(check)] = self._passing(check)
        return known

    def _passing(self, check: Check) -> Facts:
        facts = 0
        for value in check.parameters.values():
            if isinstance(value, Expression):
                facts |= self.implies(value, True)
        looked_at = check.parameters.get("value") or next(iter(check.parameters.values()), None)
        if check.validator in WITNESSES and isinstance(looked_at, Value) and looked_at.is_lone:
            for read in looked_at.reads()[:1]:
                facts |= self._fact(read.path[0])
        return facts

    def refused(self, rule: Rule, move: Move, facts: Facts) -> Facts:
        for check in rule.validate:
            if check.refusal is move.answer:
                break
            facts |= self.passed(check)
        return facts

    def _steps(self, steps: Sequence[Step], facts: Facts) -> Facts:
        for step in steps:
            facts = self.step(step, facts)
        return facts

    def step(self, step: Step, facts: Facts) -> Facts:
        if step.action == "reset":
            return facts & ~self.standing(self.slots)
        if step.action == "clear_slot":
            slot = literal_of(step.parameters.get("slot"))
            return facts & ~self.standing(self.slots if slot is None else self.kept.get(slot, 0))
        for name in given_by((step,)):
            facts |= self.given.get(name, 0)
        return facts

    def implies(self, when: Expression | None, holds: bool) -> Facts:
        if when is None:
            return 0
        key = (id(when), holds)
        found = self._implied.get(key)
        if found is None:
            found = 0
            for path in when.implies(holds):
                found |= self._fact(path[0])
            self._implied[key] = found
        return found

    def _fact(self, name: str) -> Facts:
        return self.kept.get(name) or self.given.get(name, 0)
