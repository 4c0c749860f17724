"""Reads yes and no in the words of the flow's languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.declarations import Type, Unreadable
from engine.patterns import ANYTHING
from engine.words import fold

if TYPE_CHECKING:
    from engine.draft import Draft

WORDS: Mapping[str, tuple[str, str]] = {
    "en": ("yes y yeah yep yup sure ok okay true", "no n nope nah false"),
    "ur": (
        "ہاں جی جی_ہاں ہاں_جی بالکل درست haan han jee ji ji_haan",
        "نہیں نہ جی_نہیں غلط nahi nahin nai ji_nahi",
    ),
    "hi": ("हाँ हां जी जी_हाँ जी_हां हा सही haan han ji ji_haan", "नहीं नही ना जी_नहीं nahi nahin"),
    "ar": ("نعم أجل اجل ايوه أيوه اي بلى صح", "لا كلا خطأ"),
    "fa": ("بله آره اره بلی", "نه خیر نخیر"),
    "he": ("כן בטח נכון", "לא שלילי"),
    "ps": ("هو هوکې", "نه"),
    "pa": ("ਹਾਂ ਜੀ ਹਾਂ_ਜੀ ہاں", "ਨਹੀਂ ਨਾ نہیں"),
    "bn": ("হ্যাঁ হাঁ জি", "না"),
    "es": ("sí si claro vale", "no"),
    "pt": ("sim s claro", "não nao"),
    "fr": ("oui ouais si d'accord", "non"),
    "de": ("ja jawohl klar", "nein ne nee"),
    "it": ("sì si certo", "no"),
    "nl": ("ja zeker", "nee neen"),
    "tr": ("evet tamam olur", "hayır hayir yok"),
    "id": ("ya iya betul", "tidak nggak bukan"),
    "ms": ("ya betul", "tidak tak bukan"),
    "sw": ("ndiyo ndio", "hapana"),
    "ru": ("да ага конечно", "нет"),
    "zh": ("是 是的 对 好 好的", "不 不是 否 没有"),
}
"""Yes and no by language; `_` stands for a space."""

_SIGNS = {"✅": True, "👍": True, "✔": True, "👌": True, "❌": False, "👎": False, "✖": False, "🚫": False}


def read(text: str, draft: Draft) -> bool:
    said = fold(text)
    sign = _SIGNS.get(said)
    if sign is not None:
        return sign
    for language in (*draft.flow.languages, "en"):
        yes, no = yes_and_no(language)
        if said in yes:
            return True
        if said in no:
            return False
    raise Unreadable("neither yes nor no")


def yes_and_no(language: str) -> tuple[set[str], set[str]]:
    """The words for yes and for no in a language, as words are compared."""
    yes, no = WORDS.get(language.partition("-")[0], ("", ""))
    return _folded(yes), _folded(no)


def _folded(words: str) -> set[str]:
    return {fold(word.replace("_", " ")) for word in words.split()}


TYPE: Type = Type(
    "boolean",
    "yes or no, in the flow's languages",
    read,
    shape=ANYTHING,
    example="yes",
    holds=bool,
)
