"""Names to put into frames: of companies, listed and invented, and of whatever else a headline holds."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from monitor.entities.gazetteer import load_gazetteer
from pipelines.dice import Dice

_LETTERS = "ABCDEFGHIKLMNOPRSTVWZ"
_LEGAL_FORM = re.compile(
    r",?\s+(Inc|Corp|Corporation|Company|Limited|Ltd|N\.V|S\.A|SA|SE|AG|plc|Incorporated|KGaA)\.?$"
)
_SHAPES = (
    "{word}",
    "{word}",
    "{word} {kind}",
    "{word} {other}",
    "{word} & {other}",
    "{first} {word}",
    "House of {word}",
    "{place} {kind}",
    "{letters}",
    "{word}.com",
    "{word} Group",
)


class Names:
    """Draws names; the same seed gives the same ones."""

    def __init__(self, seed: str) -> None:
        self._dice = Dice(seed)

    def company(self) -> str:
        """A listed company as often as an invented one, of one of the shapes that names of companies have."""
        if self._dice.unit() < 0.5:
            return self._dice.pick(_listed())
        return self._dice.pick(_SHAPES).format(
            word=self._word(),
            other=self._word(),
            kind=self._pick("kinds"),
            first=self._pick("first_names"),
            place=self._pick("places"),
            letters="".join(self._dice.pick(_LETTERS) for _ in range(self._dice.pick((2, 3, 3, 3)))),
        )

    def others(self) -> Mapping[str, str]:
        """Something for every slot that is no company."""
        surname = self._word()
        return {
            "person": f"{self._pick('first_names')} {surname}",
            "surname": surname,
            "n": str(self._dice.between(3, 97)),
            "sum": self._sum(),
            "share": self._share(),
            "place": self._pick("places"),
            "month": self._pick("months"),
            "weekday": self._pick("weekdays"),
            "thing": self._pick("things"),
            "trade": self._pick("trades"),
        }

    def _pick(self, kind: str) -> str:
        return self._dice.pick(_words()[kind])

    def _word(self) -> str:
        return self._pick("starts") + self._pick("ends")

    def _sum(self) -> str:
        number, unit = self._dice.between(2, 950), self._dice.pick(("m", "m", "bn", " million", " million", " billion"))
        amount = f"{number / 100:.1f}" if "b" in unit and number > 90 else str(number)
        return f"{self._dice.pick('$$£€')}{amount}{unit}"

    def _share(self) -> str:
        number = self._dice.between(2, 68)
        return self._dice.pick((f"{number}%", f"{number} percent", f"{number}.{self._dice.between(1, 9)}%"))


@cache
def _listed() -> Sequence[str]:
    """Names of listed companies as headlines write them."""
    return tuple(sorted({_LEGAL_FORM.sub("", entity.name) for entity in load_gazetteer()}))


@cache
def _words() -> Mapping[str, Sequence[str]]:
    text = (resources.files("pipelines.company_news") / "words.toml").read_text(encoding="utf-8")
    return {kind: tuple(words.replace("\n", " ").strip().split(", ")) for kind, words in tomllib.loads(text).items()}
