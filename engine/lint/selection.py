"""Chooses which of the rules are asked: those of a profile, further ones, and without some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from engine.lint.checked import Rule

Profile = Literal["draft", "pilot", "production", "asked"]

PROFILES: Final = ("draft", "pilot", "production")
"""Each asks what the one before it asks, and more. Production also fails where another only warns."""

NO_RULES: Final[frozenset[str]] = frozenset()


class Selection:
    """Which rules are asked: `selected` in every profile, `ignored` in none; with `style` all of taste."""

    __slots__ = ("profile", "selected", "ignored", "style")

    def __init__(
        self,
        profile: Profile = "pilot",
        selected: frozenset[str] = NO_RULES,
        ignored: frozenset[str] = NO_RULES,
        style: bool = False,
    ) -> None:
        self.profile: Final = profile
        self.selected: Final = selected
        self.ignored: Final = ignored
        self.style: Final = style

    def asks(self, rule: str, profile: Profile) -> bool:
        """Whether a rule that this profile is the first to ask is on."""
        if rule in self.ignored:
            return False
        if rule in self.selected:
            return True
        if profile == "asked":
            return self.style
        return PROFILES.index(profile) <= PROFILES.index(self.profile)


PILOT: Final = Selection()
"""What is asked unless somebody chooses otherwise."""


def asking(rule: Rule) -> Selection:
    """The rules of the profile that a rule belongs to, and the rule itself where it is a matter of taste."""
    if rule.profile == "asked":
        return Selection(selected=frozenset((rule.name,)))
    return Selection("pilot" if rule.profile == "draft" else rule.profile)
