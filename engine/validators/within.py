"""Asks whether a place is near enough."""

from __future__ import annotations

from collections.abc import Mapping
from math import asin, cos, radians, sin, sqrt
from typing import TYPE_CHECKING

from engine.declarations import Example, Parameter, Validator
from engine.validators.between import is_number, lies_between

if TYPE_CHECKING:
    from engine.draft import Draft

EARTH_RADIUS_KILOMETRES = 6371.0088
"""The mean radius (IUGG)."""


def check(draft: Draft, value: object, latitude: object, longitude: object, kilometres: object) -> bool:
    """Takes the shortest way over the earth; a place that was sent is looked at even if nothing saves it."""
    message = draft.message
    if message is not None and message.latitude is not None and value == message.text:
        value = {"latitude": message.latitude, "longitude": message.longitude}
    if not isinstance(value, Mapping):
        return False
    latitudes = [float(each) for each in (value.get("latitude"), latitude) if lies_between(each, -90, 90)]
    longitudes = [
        float(each) for each in (value.get("longitude"), longitude) if lies_between(each, -180, 180)
    ]
    if len(latitudes) != 2 or len(longitudes) != 2 or not is_number(kilometres):
        return False
    return kilometres_between(latitudes[0], longitudes[0], latitudes[1], longitudes[1]) <= kilometres


def kilometres_between(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """The great-circle distance of two places given in degrees (haversine formula)."""
    south, north = radians(latitude), radians(to_latitude)
    east = radians(to_longitude - longitude)
    half_chord = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_KILOMETRES * asin(sqrt(min(1.0, half_chord)))


VALIDATOR: Validator = Validator(
    name="within",
    about="The place is at most `kilometres`, as the crow flies, from `latitude` and `longitude`.",
    parameters={
        "latitude": Parameter(
            {"type": "number", "minimum": -90, "maximum": 90}, "of the centre", required=True
        ),
        "longitude": Parameter(
            {"type": "number", "minimum": -180, "maximum": 180}, "of the centre", required=True
        ),
        "kilometres": Parameter({"type": "number", "minimum": 0}, "how far away at most", required=True),
        "value": Parameter({"type": "string"}, "the location; without it the input"),
    },
    check=check,
    example=Example(
        flow="""\
flow: customer
start: initial
slots: {place: location}
states:
  initial:
    otherwise: {goto: asking}
  asking:
    ask: ask
    input:
      save: place
      accepts: [location]
      validate: [{within: {latitude: 52.52, longitude: 13.405, kilometres: 5}, else: too_far}]
      reply: thank_you
      goto: done
  done: {final: true}
otherwise: not_understood
messages:
  ask: Where shall we bring it?
  too_far: "That is too far for our bicycle. We go 5 kilometres."
  thank_you: "We are on our way."
  not_understood: Please send us your location.
""",
        says=(
            "do you deliver?",
            {"send": "location", "latitude": 52.39, "longitude": 13.06},
            {"send": "location", "latitude": 52.53, "longitude": 13.41},
        ),
    ),
)
