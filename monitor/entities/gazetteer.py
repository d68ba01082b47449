"""The list of known companies: listed ones, large others, and the user's own file."""

from __future__ import annotations

import csv
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec

from monitor.entities.entity import Entity, distinct, joined
from monitor.entities.names import slug
from monitor.entities.own import Listed, completed
from monitor.errors import InputError

_FORMATS = (
    "a CSV or JSONL file with the columns name, id, aliases, tickers, isins, country, industry, description; or TOML"
)
_LISTS = ("aliases", "tickers", "isins")
_AMERICA = "United States"
_LARGE = ("S&P 100", "DOW JONES", "NASDAQ 100", "EURO STOXX 50", "DAX", "CAC_40", "FTSE 100", "Switzerland 20")
_SMALL = ("S&P 600", "SDAX", "TecDAX", "CAC Mid 60")


class Gazetteer:
    """Known entities by id; of two with one id the later replaces the earlier."""

    def __init__(
        self,
        entities: Iterable[Entity],
        without: Mapping[str, Sequence[str]] | None = None,
        own: Iterable[str] = (),
    ) -> None:
        """Keeps them.

        Args:
            entities: Any number.
            without: By id, aliases that the rules would find and that mean something else.
            own: Ids of those whose names mean them, whichever others bear them too.
        """
        self._by_id: dict[str, Entity] = {}
        for entity in entities:
            self._by_id.pop(entity.id, None)
            self._by_id[entity.id] = entity
        self.without = dict(without or {})
        self.own = frozenset(own)

    def __len__(self) -> int:
        """How many."""
        return len(self._by_id)

    def __iter__(self) -> Iterator[Entity]:
        """In the order in which they were given."""
        return iter(self._by_id.values())

    def __contains__(self, entity_id: str) -> bool:
        """Whether an entity of that id is known."""
        return entity_id in self._by_id

    def get(self, entity_id: str) -> Entity | None:
        """The entity of an id; None where there is none."""
        return self._by_id.get(entity_id)


def load_gazetteer(file: Path | None = None) -> Gazetteer:
    """The listed companies, the large others, and those of the user's file.

    One of the user's that is a listed company takes its place and keeps what the file does not say of it; the names of
    any other go before those of listed ones.

    Raises:
        InputError: The file cannot be read, or gives one listed company twice.
    """
    shipped = _shipped()
    return _with_own(shipped, file) if file else shipped


def _with_own(shipped: Gazetteer, file: Path) -> Gazetteer:
    listed = Listed(shipped)
    without, replaced, own = dict(shipped.without), dict[str, str](), list[Entity]()
    rows = _entities(file)
    for entity, given in rows:
        known = listed.find(entity)
        if known is None:
            own.append(entity)
            continue
        if known.id in replaced:
            raise InputError(
                f"{file}: {replaced[known.id]!r} and {entity.name!r} are one company of the list, {known.id}.",
                "Give it once, with all its tickers.",
            )
        replaced[known.id] = entity.name
        own.append(completed(entity, known, given))
        without[own[-1].id] = shipped.without.get(known.id, ())
    _refuse_repeated(file, own)
    others = [entity for entity in shipped if entity.id not in replaced]
    new = [
        entity.id
        for (before, _), entity in zip(rows, own, strict=True)
        if entity is before and not listed.names(entity)
    ]
    # Of two with one ticker the later has it: what is only kept of a listed company takes none from another.
    kept = {ticker for entity in others for ticker in entity.tickers}
    own = [
        msgspec.structs.replace(
            entity, tickers=tuple(ticker for ticker in entity.tickers if ticker in before.tickers or ticker not in kept)
        )
        for (before, _), entity in zip(rows, own, strict=True)
    ]
    return Gazetteer([*others, *own], without, new)


@cache
def _shipped() -> Gazetteer:
    extra = _data()
    aliases, trade, without = extra["aliases"], extra["trade"], extra["without"]
    entities = [*load_listed(), *(entity_of(row) for row in extra["companies"])]
    return Gazetteer(
        (
            msgspec.structs.replace(
                entity,
                aliases=(*entity.aliases, *aliases.get(entity.id, ())),
                tickers=distinct((*entity.tickers, *extra["tickers"].get(entity.id, ()))),
                industry=", ".join(part for part in (entity.industry, trade.get(entity.id, "")) if part),
            )
            for entity in entities
        ),
        without,
    )


def load_listed() -> list[Entity]:
    """The companies of `pytickersymbols`: those of some twenty stock indices.

    Two lines of one company (share classes, spellings) become one entity: the same name without its legal form, and a
    ticker or an ISIN in common, or the very same name; different companies of one name get a ticker in their id.
    """
    from pytickersymbols import PyTickerSymbols  # takes a second to import

    stocks = PyTickerSymbols()
    by_index = {index: {row["name"] for row in stocks.get_stocks_by_index(index)} for index in (*_LARGE, *_SMALL)}
    large, small = (set[str]().union(*(by_index[index] for index in indices)) for indices in (_LARGE, _SMALL))
    rows = [
        _listed(row, 2 if row["name"] in large else 0 if row["name"] in small else 1) for row in stocks.get_all_stocks()
    ]
    named: dict[str, list[Entity]] = defaultdict(list)
    for row in rows:
        named[row.id].append(row)
    return _with_own_tickers([entity for same in named.values() for entity in _told_apart(same)])


def _with_own_tickers(entities: Sequence[Entity]) -> list[Entity]:
    """Entities without the tickers that are an American company's.

    The list gives some of the others the symbol of their own exchange, without a suffix.
    """
    american = {
        ticker for entity in entities if entity.country == _AMERICA for ticker in entity.tickers if "." not in ticker
    }
    return [
        entity
        if entity.country == _AMERICA or american.isdisjoint(entity.tickers)
        else msgspec.structs.replace(
            entity, tickers=tuple(ticker for ticker in entity.tickers if ticker not in american)
        )
        for entity in entities
    ]


def _told_apart(same: list[Entity]) -> list[Entity]:
    """Entities of one id: joined where they are one company, else with a ticker in their ids, but for the first."""
    apart: list[Entity] = []
    for entity in same:
        place = next((place for place, other in enumerate(apart) if _is_same(entity, other)), None)
        if place is None:
            apart.append(entity)
        else:
            apart[place] = joined(apart[place], entity)
    if len(apart) == 1:
        return apart
    return [
        msgspec.structs.replace(entity, id=f"{entity.id}-{(entity.tickers or (str(number),))[0].lower()}")
        for number, entity in enumerate(apart)
    ]


def _is_same(one: Entity, other: Entity) -> bool:
    return (
        bool(set(one.isins) & set(other.isins) or set(one.tickers) & set(other.tickers))
        or one.name == other.name
        or not (one.tickers and other.tickers)
    )


def _listed(row: Mapping[str, Any], prominence: Literal[0, 1, 2]) -> Entity:
    about: Mapping[str, str] = row.get("metadata") or {}
    place = str(row.get("country") or "")
    # The list gives the seat of many American companies as city and state.
    country = _AMERICA if ", " in place else place
    industries = [str(industry) for industry in row.get("industries") or ()]
    own = [str(row["symbol"])] if row.get("symbol") else []
    symbols = own + [str(symbol["yahoo"]) for symbol in row.get("symbols") or () if symbol.get("yahoo")]
    name = str(row["name"])
    return Entity(
        id=slug(name),
        name=name.partition(" (")[0] if name.endswith(")") else name,
        tickers=distinct(ticker for ticker in symbols if ticker != "-" and not ticker.endswith(".F")),
        isins=distinct(map(str, row.get("isins") or ())),
        country=country,
        industry=", ".join(industries + ([about["products"]] if "products" in about else [])),
        description=_description(name, country, industries, about),
        prominence=prominence,
    )


def _description(name: str, country: str, industries: Sequence[str], about: Mapping[str, str]) -> str:
    line = f"{name} is a company{f' in {country}' if country else ''}: {', '.join(industries[:4]).lower()}."
    return f"{line} Products: {about['products']}." if "products" in about else line


def load_file(path: Path) -> list[Entity]:
    """The entities of a user's file: CSV (lists by `|`), JSONL, or TOML with [[entities]].

    Only `name` must be there; the id is made of it where none is given.

    Raises:
        InputError: The file cannot be read, or a row of it is no entity, or two have one id.
    """
    entities = [entity for entity, _ in _entities(path)]
    _refuse_repeated(path, entities)
    return entities


def _entities(path: Path) -> list[tuple[Entity, frozenset[str]]]:
    """Each entity of a file, and the attributes that it gives."""
    try:
        rows = list(_rows(path))
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as a list of entities: {error}.", f"Give {_FORMATS}.") from error
    entities = []
    for number, row in enumerate(rows, 1):
        try:
            entities.append(
                (entity_of(row), frozenset(key for key, value in row.items() if _tidy(value) not in (None, "")))
            )
        except (TypeError, ValueError) as error:
            raise InputError(f"{path}: entity {number}: {error}.", f"Give {_FORMATS}.") from error
    return entities


def _refuse_repeated(path: Path, entities: Iterable[Entity]) -> None:
    repeated = [identifier for identifier, count in Counter(entity.id for entity in entities).items() if count > 1]
    if repeated:
        raise InputError(f"{path}: two entities have the id {repeated[0]!r}.", "Give each an id of its own.")


def entity_of(row: Mapping[str, Any]) -> Entity:
    """An entity from a row of a file.

    Raises:
        ValueError: There is no name, or a value has the wrong type.
    """
    values = {key: tidy for key, value in row.items() if (tidy := _tidy(value)) not in (None, "")}
    name = values.get("name")
    if not isinstance(name, str) or not slug(name):
        raise ValueError("it has no name")
    industry, country = str(values.get("industry", "")), str(values.get("country", ""))
    values.setdefault("id", slug(name))
    values.setdefault("description", f"{name} is a company{f' in {country}' if country else ''}: {industry.lower()}.")
    if str(values["id"]).startswith("~"):
        raise ValueError("an id that begins with ~ is one of an entity that no list knows")
    return msgspec.convert(values, Entity, strict=False)


def _tidy(value: Any) -> Any:
    """Text with single spaces between its words and none around them: what stands in articles has no others."""
    if isinstance(value, str):
        return " ".join(value.split())
    return [_tidy(one) for one in value] if isinstance(value, list) else value


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    content = path.read_text(encoding="utf-8-sig")
    match path.suffix.lower():
        case ".csv":
            for row in csv.DictReader(content.splitlines()):
                lists = {
                    key: [part.strip() for part in (row.get(key) or "").split("|") if part.strip()] for key in _LISTS
                }
                yield {key: value for key, value in row.items() if key} | lists
        case ".jsonl" | ".ndjson":
            for line in content.splitlines():
                if line.strip():
                    yield msgspec.json.decode(line, type=dict[str, Any])
        case ".toml":
            yield from tomllib.loads(content).get("entities", ())
        case other:
            raise ValueError(f"its name ends in {other!r}")


def _data() -> dict[str, Any]:
    return tomllib.loads((resources.files("monitor.entities") / "data" / "companies.toml").read_text(encoding="utf-8"))
