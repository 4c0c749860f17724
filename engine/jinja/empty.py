"""What an empty name reads as in texts."""

from __future__ import annotations

from typing import Any

from jinja2.runtime import Undefined


class Empty(Undefined):
    """What an empty slot reads as: false, printed as nothing, never equal to or less than anything.

    An attribute of it, and what is reckoned with it, is empty again.
    """

    __slots__ = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes what Jinja tells of the missing name, and needs none of it."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Empty:
        return EMPTY

    def _itself(self, *_: Any) -> Empty:
        return self

    def _never(self, _: Any) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    __hash__ = Undefined.__hash__
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = _never  # type: ignore[assignment]
    __getitem__ = __abs__ = __round__ = __neg__ = __pos__ = _itself  # type: ignore[assignment]
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _itself  # type: ignore[assignment]
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _itself  # type: ignore[assignment]
    __mod__ = __rmod__ = __pow__ = __rpow__ = _itself  # type: ignore[assignment]

    def __int__(self) -> int:  # type: ignore[override]
        return 0

    def __float__(self) -> float:  # type: ignore[override]
        return 0.0


EMPTY: Empty = object.__new__(Empty)
