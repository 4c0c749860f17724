"""The few texts that Shoptalk says of its own accord, where a flow has no message of that name."""

from __future__ import annotations

from collections.abc import Mapping

BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "something_went_wrong": {
        "en": "Sorry, something went wrong. Please send your last message again.",
        "ur": "معذرت، کچھ غلط ہو گیا۔ براہِ کرم اپنا آخری پیغام دوبارہ بھیجیں۔",
        "he": "מצטערים, משהו השתבש. אנא שלחו שוב את ההודעה האחרונה.",
        "ar": "عذرًا، حدث خطأ ما. يرجى إرسال رسالتك الأخيرة مرة أخرى.",
        "hi": "क्षमा करें, कुछ गड़बड़ हो गई। कृपया अपना पिछला संदेश फिर से भेजें।",
    },
    "more": {"en": "More", "ur": "مزید", "he": "עוד", "ar": "المزيد", "hi": "और"},
    "choose": {"en": "Choose", "ur": "منتخب کریں", "he": "בחירה", "ar": "اختر", "hi": "चुनें"},
}
"""Name: language: text. A flow's own message of the name takes its place."""


def built_in(name: str, language: str) -> str:
    """The text in the language, or in English where there is none."""
    texts = BUILT_IN[name]
    return texts.get(language.split("-")[0], texts["en"])
