"""The encoding of text files, from their bytes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LATIN = ("cp1252", "cp1250", "cp1254", "cp1257", "mac_roman", "cp850")
_OTHER = ("cp1251", "koi8_r", "cp866", "cp1253", "cp1255", "cp1256", "cp874", "cp932", "euc_jp", "gb18030", "big5")
_OTHER += ("cp949",)
# The letters beyond a to z of the languages that are written with these code pages.
_ALPHABETS = tuple(
    frozenset(letters + letters.upper())
    for letters in (
        "äöüß",
        "éèêëàâçîïôûùœæ",
        "áéíóúñü",
        "ãõáéíóúâêôçà",
        "àèéìòù",
        "åäöéæø",
        "áéíóúýðþæö",
        "ąćęłńóśźż",
        "áčďéěíňóřšťúůýžľĺŕôä",
        "áéíóöőúüű",
        "ăâîşţșț",
        "čćđšž",
        "çğıöşüâîİ",
        "ąčęėįšųūž",
        "āčēģīķļņšūž",
        "äöõüšž",
    )
)
_WESTERN = frozenset().union(*_ALPHABETS[:7])
_SEVERAL = 0.9  # what a letter of another western language counts in a file of several
_SYMBOLS = frozenset("°µ±€£¥¢§©®«»–—‘’“”„…²³¹½¼¾×÷·•™ºª¿¡\xa0‰†¶")
_WORD = re.compile(r"[^\W\d_]*[^\x00-\x7f]+[^\W\d_]*(?:[^\x00-\x7f]+[^\W\d_]*)*")


def marked_encoding(head: bytes) -> str | None:
    """Return the encoding of a byte order mark, or of the zeros of UTF-16; None for other text."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    evens, odds = (part.count(0) / max(1, len(part)) for part in (head[::2], head[1::2]))
    if odds > 0.1 and evens < odds / 10:
        return "utf-16-le"
    if evens > 0.1 and odds < evens / 10:
        return "utf-16-be"
    return None


def is_binary(head: bytes) -> bool:
    """Return whether bytes of no encoding with zeros hold more control characters than text has."""
    controls = len(head) - len(head.translate(None, bytes({*range(1, 9), *range(14, 32)} - {1, 26, *range(28, 32)})))
    return controls > len(head) // 200 or head.count(0) > len(head) // 4


def legacy_encoding(lines: Iterable[bytes]) -> str | None:
    """Return the encoding of lines that are not UTF-8; None if no known one fits.

    A Latin encoding is chosen if its letters are those of one language, or in cp1252 of several western ones. Others
    are left to charset-normalizer, which guesses Chinese for tables with few letters.
    """
    sample = b"\n".join(list(dict.fromkeys(line for line in lines if not line.isascii()))[:2000])
    fits = {encoding: _latin_fit(sample, encoding) for encoding in _LATIN}
    best = max(fits, key=lambda encoding: fits[encoding])
    if fits[best] >= 0.6:
        return best
    from charset_normalizer import from_bytes

    found = from_bytes(sample, cp_isolation=[*_OTHER]).best()
    if found is not None:
        return found.encoding
    return best if fits[best] >= 0 else None


def _latin_fit(sample: bytes, encoding: str) -> float:
    """Return the share of the non-ASCII characters that are letters of one language or usual signs outside of words.

    It is -1 if the bytes are not of that encoding, and 0 for words mostly of such characters, which are not Latin.
    """
    try:
        words = _WORD.findall(sample.decode(encoding))
    except UnicodeDecodeError:
        return -1
    letters = [c for word in words for c in word if not c.isascii() and c.isalpha() and c not in "ºªµ"]
    of_words = sum(c.isalpha() for word in words for c in word if any(c.isalpha() for c in word))
    if len(letters) > 5 and len(letters) > 0.75 * of_words:
        return 0
    signs = [
        c
        for word in words
        for i, c in enumerate(word)
        if not c.isascii()
        and (not c.isalpha() or c in "ºªµ")
        and (c not in _SYMBOLS or (c != "’" and word[:i].isalpha() and word[i + 1 :].isalpha()))
    ]
    odd_case = sum(
        not c.isascii() and c.isupper() and word[i - 1].islower() for word in words for i, c in enumerate(word) if i
    )
    known: float = max(sum(c in alphabet for c in letters) for alphabet in _ALPHABETS)
    if encoding == "cp1252":
        known = max(known, _SEVERAL * sum(c in _WESTERN for c in letters))
    n = sum(not c.isascii() for word in words for c in word)
    return (n - len(signs) - (len(letters) - known) - odd_case) / max(1, n)
