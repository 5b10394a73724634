"""How no and yes are written: one list for requests, files, lakes and the names of classes.

Imported late by ``rules``, as nearly all requests say 0 and 1.
"""

from __future__ import annotations

import re
import unicodedata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# (no, yes) in lower case. Each word means the same alone, in all of these languages.
WORDS = (
    ("0", "1"),
    ("false", "true"),
    ("f", "t"),
    ("no", "yes"),
    ("n", "y"),
    ("nein", "ja"),  # German
    ("n", "j"),  # and Dutch, Danish, Norwegian, Swedish
    ("falsch", "wahr"),
    ("non", "oui"),  # French
    ("faux", "vrai"),
    ("no", "si"),  # Spanish, Italian
    ("no", "sí"),
    ("no", "sì"),
    ("falso", "verdadero"),
    ("falso", "vero"),
    ("não", "sim"),  # Portuguese
    ("nao", "sim"),
    ("falso", "verdadeiro"),
    ("nee", "ja"),  # Dutch
    ("onwaar", "waar"),
    ("nej", "ja"),  # Danish, Swedish
    ("nei", "ja"),  # Norwegian
    ("falsk", "sand"),
    ("falskt", "sant"),
    ("ei", "kyllä"),  # Finnish
    ("nie", "tak"),  # Polish
    ("nie", "áno"),  # Slovak
    ("ne", "ano"),  # Czech
    ("ne", "da"),  # Croatian, Slovenian, Serbian
    ("не", "да"),
    ("нет", "да"),  # Russian
    ("ні", "так"),  # Ukrainian
    ("nem", "igen"),  # Hungarian
    ("nu", "da"),  # Romanian
    ("όχι", "ναι"),  # Greek
    ("hayır", "evet"),  # Turkish
    ("hayir", "evet"),  # which HAYIR is in lower case elsewhere
)
# Plain only side by side: a single letter that means something else elsewhere, or a sign
_SIDE_BY_SIDE = (
    ("-1", "1"),
    ("-", "+"),
    ("neg", "pos"),
    ("negative", "positive"),
    ("negativ", "positiv"),
    ("négatif", "positif"),
    ("negatif", "positif"),
    ("negativo", "positivo"),
    ("negatief", "positief"),
    ("n", "o"),  # French
    ("n", "s"),  # Spanish, Italian, Portuguese
)
PAIRS = frozenset((*WORDS, *_SIDE_BY_SIDE))
NO = tuple(dict.fromkeys(no for no, _ in WORDS))
YES = tuple(dict.fromkeys(yes for _, yes in WORDS))
# What tools write where a value is missing, in lower case
BLANKS = ("", "nan", "na", "n/a", "#n/a", "<na>", "null", "none")
MINUS_SIGNS = "-\u2212\uff0d"  # of keyboards, typography and full-width fonts
DIGITS = ("0\uff10", "1\uff11")  # 0 and 1, also full-width
_PLUS = "[+\uff0b]?"

# Words, and numbers that are 0 and 1, also as 0.0, 01, 1., 1,0 or +1. As regular expressions
# of one meaning in Python, RE2, Java and PostgreSQL; short, as engines compile them per column
_ZERO, _ONE = (f"[{digit}]" for digit in DIGITS)
_FRACTION = f"([.,]{_ZERO}*)?"
NO_PATTERN = f"^({_PLUS}{_ZERO}+{_FRACTION}|{'|'.join(NO[1:])})$"
YES_PATTERN = f"^({_PLUS}{_ZERO}*{_ONE}{_FRACTION}|{'|'.join(YES[1:])})$"
MINUS_ONE_PATTERN = f"^[{MINUS_SIGNS}]{_ZERO}*{_ONE}{_FRACTION}$"


def fold(text: str) -> str:
    """A text without what doesn't tell two apart: case, spaces around it, forms of accents."""
    return unicodedata.normalize("NFC", text).strip().casefold()


def fold_name(name: str) -> str:
    """A name of a column or field without its case, spaces and byte order marks."""
    return "".join(fold(name.replace("\ufeff", "")).split())


class NameIndex:
    """Finds the name that a column or field means, which may differ in case and spaces."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._by_fold: dict[str, list[str]] = {}
        for name in self._names:
            self._by_fold.setdefault(fold_name(name), []).append(name)

    def find(self, text: str) -> str | None:
        """The name, if only one can be meant."""
        for same in (text, text.strip()):
            if same in self._names:
                return same
        alike = self._by_fold.get(fold_name(text), ())
        return alike[0] if len(alike) == 1 else None


def find_flag(text: str) -> bool | None:
    """True for yes and False for no, in any writing; None for anything else."""
    flag = _FLAGS.get(text)
    if flag is not None:
        return flag
    plain = fold(text)
    flag = _FLAGS.get(plain)
    if flag is not None:
        return flag
    return next((flag for pattern, flag in _PATTERNS if pattern.match(plain)), None)


def is_blank(text: str) -> bool:
    """True for what tools write where a value is missing."""
    return fold(text) in BLANKS


_FLAGS = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)
_PATTERNS = ((re.compile(YES_PATTERN), True), (re.compile(NO_PATTERN), False))
