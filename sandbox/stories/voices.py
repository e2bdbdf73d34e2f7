"""Fictional people with accounts, typing habits, languages and mail addresses."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass

_FIRST: dict[str, tuple[str, ...]] = {
    "en": (
        "Ada",
        "Ben",
        "Chloe",
        "Dev",
        "Ella",
        "Femi",
        "Gwen",
        "Hugo",
        "Imani",
        "Jack",
        "Kofi",
        "Lena",
        "Mo",
        "Nina",
        "Omar",
        "Priya",
        "Quinn",
        "Rosa",
        "Sven",
        "Tara",
        "Uma",
        "Vik",
        "Wade",
        "Xin",
        "Yara",
        "Zoe",
        "Marek",
        "Ilse",
    ),
    "de": ("Anke", "Bernd", "Carla", "Dirk", "Frauke", "Jörg", "Katrin", "Lukas", "Uwe", "Björn"),
    "es": ("Álvaro", "Begoña", "Carmen", "Íñigo", "Lucía", "Martín", "Sofía", "Ximena"),
    "fr": ("Aurélie", "Benoît", "Chloé", "François", "Hélène", "Mathieu"),
    "pt": ("Beatriz", "Caio", "Fernanda", "João", "Luísa", "Thiago"),
    "ja": ("葵", "蓮", "陽菜", "大翔", "美咲", "健太"),
}
_LAST: dict[str, tuple[str, ...]] = {
    "en": (
        "Abbott",
        "Bello",
        "Clarke",
        "Dunn",
        "Eze",
        "Fisher",
        "Grant",
        "Haas",
        "Ito",
        "Jensen",
        "Kaur",
        "Lopez",
        "Moreau",
        "Novak",
        "Osei",
        "Patel",
        "Reid",
        "Silva",
        "Tran",
        "Usman",
        "Vance",
        "Wolfe",
        "Yoon",
        "Zhou",
    ),
    "de": ("Bäcker", "Gruber", "Krüger", "Möller", "Schröder", "Weiß", "Vogt"),
    "es": ("Gómez", "Ibáñez", "Muñoz", "Peña", "Quiroga", "Rubio"),
    "fr": ("Blanc", "Durand", "Lefèvre", "Moulin", "Petit"),
    "pt": ("Araújo", "Gonçalves", "Moura", "Teixeira"),
    "ja": ("佐藤", "鈴木", "高橋", "田中", "渡辺"),
}
_WORDS = (
    "codes",
    "dev",
    "ops",
    "builds",
    "ships",
    "sre",
    "tech",
    "hacks",
    "labs",
    "loop",
    "bits",
    "null",
    "cargo",
    "byte",
)
_DOMAINS = (
    "mail.example",
    "northwind.example",
    "studio.example",
    "lab.example",
    "univ.example",
    "startup.example",
    "coop.example",
    "inbox.example",
)
LANGUAGES = ("en",) * 40 + ("de",) * 3 + ("es",) * 3 + ("ja",) * 2 + ("fr",) * 2 + ("pt",) * 2


@dataclass(frozen=True, slots=True)
class Voice:
    """A person. `habit`: typing style (plain, lower, loud)."""

    name: str
    handle: str
    address: str
    lang: str
    habit: str


def somebody(random_: random.Random, lang: str | None = None) -> Voice:
    """A new or returning person: the pool is large but finite."""
    lang = lang or random_.choice(LANGUAGES)
    first, last = random_.choice(_FIRST[lang]), random_.choice(_LAST[lang])
    if lang == "ja":
        plain_first, plain_last = (
            random_.choice(("aoi", "ren", "hina", "kenta", "misaki")),
            random_.choice(("sato", "ito")),
        )
        name = f"{last}{first}"
    else:
        plain_first, plain_last = _plain(first), _plain(last)
        name = f"{first} {last}"
    number = random_.randrange(4)
    handle = (
        f"{plain_first}_{random_.choice(_WORDS)}",
        f"{plain_first}{plain_last}",
        f"{plain_last}{random_.choice(_WORDS)}",
        f"{plain_first}{plain_last[0]}{random_.randrange(70, 99)}",
    )[number]
    habit = random_.choice(("plain", "plain", "plain", "lower", "loud"))
    return Voice(name, handle[:15], f"{plain_first}.{plain_last}@{random_.choice(_DOMAINS)}", lang, habit)


def _plain(text: str) -> str:
    """ASCII letters only, lower case."""
    text = text.lower().replace("ß", "ss").replace("ö", "oe").replace("ü", "ue").replace("ä", "ae")
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def say(voice: Voice, text: str, random_: random.Random) -> str:
    """The text as this person would type it; links and handles are unchanged."""
    if voice.habit == "lower" and voice.lang == "en":
        words = [w if w.startswith(("@", "http")) or "\n" in w else w.lower() for w in text.split(" ")]
        return " ".join(words)
    if voice.habit == "loud" and text.endswith("."):
        return text[:-1] + random_.choice(("!", "!!", " :)", "."))
    return text
