"""Chooses which of the rules are asked: those of a profile, further ones, and without some."""

from __future__ import annotations

from typing import Final, NamedTuple

from engine.lint.checked import Profile, Rule

PROFILES: Final = ("draft", "pilot", "production")
"""Each asks what the one before it asks, and more. Production also fails where another only warns."""

NO_RULES: Final[frozenset[str]] = frozenset()


class Selection(NamedTuple):
    """Which rules are asked: `selected` in every profile, `ignored` in none; with `style` all of taste."""

    profile: Profile = "pilot"
    selected: frozenset[str] = NO_RULES
    ignored: frozenset[str] = NO_RULES
    style: bool = False

    def asks(self, rule: Rule) -> bool:
        """Whether a rule is on."""
        if rule.name in self.ignored:
            return False
        if rule.name in self.selected:
            return True
        if rule.profile == "asked":
            return self.style
        return PROFILES.index(rule.profile) <= PROFILES.index(self.profile)


PILOT: Final = Selection()
"""What is asked unless somebody chooses otherwise."""


def asking(rule: Rule) -> Selection:
    """The rules of the profile that a rule belongs to, and the rule itself where it is a matter of taste."""
    if rule.profile == "asked":
        return Selection(selected=frozenset((rule.name,)))
    return Selection("pilot" if rule.profile == "draft" else rule.profile)
