"""Values out of a file that remember the file, the line and the column they came from."""

from typing import Any, NamedTuple


class Place(NamedTuple):
    """A spot in a file a person can edit: path as given, line and column counted from 1, in code points."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def within(self, line_offset: int, column: int) -> "Place":
        """The spot in a text that begins here: `line_offset` lines down, `column` from 1 in that line."""
        return Place(self.file, self.line + line_offset, self.column + max(column, 1) - 1)


NOWHERE = Place("", 0, 0)


class Spot(str):
    """A place as people read it, `file:line`, that still knows its column: what a trace says of where."""

    place: Place = NOWHERE

    @classmethod
    def of(cls, place: Place) -> "Spot":
        spot = cls(place)
        spot.place = place
        return spot


class Edit(NamedTuple):
    """A splice that mends something: what stands at this place gives way to the text.

    A line's end in `was` is one character. Where something else than `was` stands there, nothing is mended.
    """

    place: Place
    was: str
    text: str

    @property
    def length(self) -> int:
        return len(self.was)


class Problem(NamedTuple):
    """One thing to mend: where it stands, how many characters it spans, the lint rule and a sentence.

    `conversation` is the shortest one that shows it, a line for each thing that is said or happens. `edits`
    are splices which together mend it, where that needs no judgement.
    """

    place: Place
    rule: str
    message: str
    length: int = 1
    conversation: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()


class Word(str):
    """A text out of a file that remembers its place; equal to and usable as any other text.

    `inner` is where its content begins: behind the quote, or on the line below a `|`.
    """

    place: Place = NOWHERE
    content: Place | None = None

    @classmethod
    def at(cls, text: str, place: Place, content: Place | None = None) -> "Word":
        word = cls(text)
        word.place = place
        if content is not None:
            word.content = content
        return word

    @property
    def inner(self) -> Place:
        return self.place if self.content is None else self.content


class Span(NamedTuple):
    """Where a value begins, and how many characters of its first line it takes."""

    place: Place
    length: int


class Mapped(dict[str, Any]):
    """Keys and values out of a file: its keys are Words, `spans` tells where each value stands."""

    __slots__ = ("place", "spans", "words")

    def __init__(self, place: Place = NOWHERE) -> None:
        super().__init__()
        self.place = place
        self.words: dict[str, Word] = {}
        self.spans: dict[str, Span] = {}

    def put(self, key: Word, value: Any, span: Span) -> None:
        self[key] = value
        self.words[key] = key
        self.spans[key] = span

    def word(self, key: str) -> Word:
        """The key as it stands in the file."""
        return self.words[key]


class Listed(list[Any]):
    """A list out of a file; `spans` tells where each value stands."""

    __slots__ = ("place", "spans")

    def __init__(self, place: Place = NOWHERE) -> None:
        super().__init__()
        self.place = place
        self.spans: list[Span] = []

    def put(self, value: Any, span: Span) -> None:
        self.append(value)
        self.spans.append(span)
