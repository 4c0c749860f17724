"""Says what is to be done about each error code of the Graph API, in an answer or in a status."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.channels.channel import Remedy

A_DAY = 86_400.0

AGAIN = (1, 2, 4, 80007, 130429, 131000, 131016, 131056, 131057, 133004)
NEVER_TO_THIS_CUSTOMER = (131050, 130403, 131026, 131021, 131030)
TEMPLATE_NEEDED = (131047, 470)
REQUEST_WRONG = (
    *(33, 100, 131008, 131009, 131051, 131052, 131062),
    *(132000, 132001, 132005, 132007, 132008, 132012, 132018, 135000),
)
TEMPLATE_OFF = (132015, 132016)
ACCOUNT = (
    *(0, 3, 10, 190, *range(200, 300), 368, 130497),
    *(131005, 131031, 131037, 131042, 131045, 133000, 133005, 133006, 133010),
)

REMEDIES: Mapping[int, tuple[Remedy, float]] = {
    **dict.fromkeys(AGAIN, (Remedy.AGAIN, 0.0)),
    131049: (Remedy.AGAIN, A_DAY),
    **dict.fromkeys((131048, 131064), (Remedy.CHANNEL_LATER, 0.0)),
    133015: (Remedy.CHANNEL_LATER, 300.0),
    134101: (Remedy.CHANNEL_LATER, 600.0),
    **dict.fromkeys(NEVER_TO_THIS_CUSTOMER, (Remedy.NEVER, 0.0)),
    **dict.fromkeys(TEMPLATE_NEEDED, (Remedy.TEMPLATE, 0.0)),
    **dict.fromkeys(REQUEST_WRONG, (Remedy.NEVER, 0.0)),
    **dict.fromkeys(TEMPLATE_OFF, (Remedy.NEVER, 0.0)),
    **dict.fromkeys(ACCOUNT, (Remedy.ACCOUNT, 0.0)),
}
"""Error code: what to do, and the seconds to wait before; 0 where the waits grow from try to try."""


def remedy_of(code: int | None, status: int = 200) -> tuple[Remedy, float]:
    """What to do about a failure, and the seconds to wait before: its code counts, then the HTTP status."""
    if code is not None and code in REMEDIES:
        return REMEDIES[code]
    if status == 504:
        # Whoever stood in between got no answer either: it may have been sent.
        return Remedy.UNKNOWN, 0.0
    if status == 429 or status >= 500:
        return Remedy.AGAIN, 0.0
    if status in (401, 403) or 300 <= status < 400:
        # Whoever sends us elsewhere is not the API: its address is set wrongly.
        return Remedy.ACCOUNT, 0.0
    return Remedy.NEVER, 0.0
