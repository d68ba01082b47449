"""The list of companies: what ships, and the user's own file in three formats."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from monitor.entities.aliases import known_ambiguity
from monitor.entities.gazetteer import Gazetteer, load_file, load_gazetteer, load_listed
from monitor.errors import InputError


def test_what_ships_knows_companies_with_tickers_and_isins(gazetteer: Gazetteer) -> None:
    boeing = gazetteer.get("boeing")
    assert boeing is not None
    assert "BA" in boeing.tickers
    assert boeing.isins == ("US0970231058",)
    assert boeing.country == "United States"
    assert len(gazetteer) > 1_800


def test_share_classes_are_one_company_and_namesakes_are_two(gazetteer: Gazetteer) -> None:
    ids = {entity.id for entity in gazetteer}
    assert "clearway-energy" in ids
    assert {"merck-mrk", "merck-mrk.de"} <= ids
    assert "merck" not in ids


def test_the_symbol_of_an_american_company_is_no_other_listed_ones() -> None:
    listed = load_listed()
    symbols = {
        american: {ticker for one in listed if (one.country == "United States") is american for ticker in one.tickers}
        for american in (True, False)
    }
    assert [symbol for symbol in symbols[True] & symbols[False] if "." not in symbol] == []


def test_no_two_companies_share_an_id_and_none_looks_provisional(gazetteer: Gazetteer) -> None:
    assert max(Counter(entity.id for entity in gazetteer).values()) == 1
    assert not any(entity.provisional for entity in gazetteer)
    assert all(entity.description for entity in gazetteer)


def test_every_correction_that_ships_is_of_a_company_that_is_there(gazetteer: Gazetteer) -> None:
    assert [identifier for identifier in gazetteer.without if identifier not in gazetteer] == []
    google = gazetteer.get("alphabet")
    assert google is not None
    assert "Google" in google.aliases


def test_what_the_list_mixes_up_is_told_apart(gazetteer: Gazetteer) -> None:
    by_ticker = {ticker: entity.id for entity in gazetteer for ticker in entity.tickers}
    assert by_ticker["SMIN.L"] == "smiths"
    assert by_ticker.keys().isdisjoint({"SI", "RTKM.ME"})
    telekom, ses = gazetteer.get("deutsche-telekom"), gazetteer.get("ses")
    assert telekom is not None
    assert ses is not None
    assert (telekom.country, telekom.prominence, telekom.isins) == ("Germany", 2, ("DE0005557508",))
    assert (ses.country, ses.isins) == ("Luxembourg", ("LU0088087324",))


def test_small_and_large_companies_are_told_apart(gazetteer: Gazetteer) -> None:
    def prominence(identifier: str) -> int:
        entity = gazetteer.get(identifier)
        assert entity is not None
        return entity.prominence

    assert prominence("apple") == 2
    assert prominence("buckle") == 0


def test_words_and_names_that_ship_are_folded() -> None:
    ambiguity = known_ambiguity()
    for word in (*ambiguity.words, *ambiguity.names, *ambiguity.phrases):
        assert word == word.lower().strip()


CSV = "name,aliases,tickers,country,industry\nGretel Baking plc,Gretel's|Gretel,GRTL.L,United Kingdom,Cakes\n"
JSONL = (
    '{"name": "Gretel Baking plc", "aliases": ["Gretel\'s", "Gretel"], "tickers": ["GRTL.L"], "industry": "Cakes"}\n\n'
)
TOML = '[[entities]]\nname = "Gretel Baking plc"\naliases = ["Gretel\'s", "Gretel"]\ntickers = ["GRTL.L"]\n'


@pytest.mark.parametrize(("suffix", "content"), [("csv", CSV), ("jsonl", JSONL), ("toml", TOML)])
def test_a_file_of_ones_own(tmp_path: Path, suffix: str, content: str) -> None:
    path = tmp_path / f"own.{suffix}"
    path.write_text(content)
    (entity,) = load_file(path)
    assert entity.id == "gretel-baking"
    assert entity.aliases == ("Gretel's", "Gretel")
    assert entity.tickers == ("GRTL.L",)
    assert entity.description.startswith("Gretel Baking plc is a company")


def own_list(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "own.csv"
    path.write_text(content)
    return path


def test_ones_own_entity_takes_the_place_of_ours_of_the_same_id_and_keeps_what_the_file_does_not_say(
    tmp_path: Path, gazetteer: Gazetteer
) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text('{"id": "boeing", "name": "Boeing", "tickers": ["BOE"], "industry": "Jets"}\n')
    entity, shipped = load_gazetteer(path).get("boeing"), gazetteer.get("boeing")
    assert entity is not None
    assert shipped is not None
    assert entity.tickers == ("BOE", *shipped.tickers)
    assert entity.isins == shipped.isins
    assert (entity.industry, entity.country) == ("Jets", "United States")
    assert (entity.description, entity.prominence) == (shipped.description, shipped.prominence)
    assert set(shipped.aliases) <= set(entity.aliases)


@pytest.mark.parametrize(
    ("row", "entity", "listed"),
    [
        ("MSFT,Microsoft,MSFT,", "MSFT", "microsoft"),
        ("CRRC,Carrefour,,", "CRRC", "carrefour"),
        (",The Boeing Company,,", "boeing", "boeing"),
        ("x1,BOEING COMMERCIAL AIRPLANES,,US0970231058", "x1", "boeing"),
        ("GOOGL,ALPHABET INC-CL A,GOOGL,", "GOOGL", "alphabet"),
        ("JPM,JP Morgan,JPM,", "JPM", "jpmorgan-chase"),
        (",Google,,", "alphabet", "alphabet"),
        ("m,Merck KGaA,MRK.DE,", "m", "merck-mrk.de"),
        ("e,EQT AB,,", "e", "eqt-eqt.st"),
    ],
)
def test_ones_own_entity_takes_the_place_of_ours_with_its_name_or_with_a_code_and_part_of_it(
    tmp_path: Path, gazetteer: Gazetteer, row: str, entity: str, listed: str
) -> None:
    own = load_gazetteer(own_list(tmp_path, f"id,name,tickers,isins\n{row}\n"))
    found, shipped = own.get(entity), gazetteer.get(listed)
    assert found is not None
    assert shipped is not None
    assert set(shipped.tickers) <= set(found.tickers)
    assert set(shipped.aliases) <= set(found.aliases)
    assert (found.id == listed) is (listed in own)
    assert len(own) == len(gazetteer)


@pytest.mark.parametrize("row", ["b,Brundle Shipping,BA,US0970231058", "g,Google,GGL.AX,", "m,Merck,,"])
def test_a_code_or_a_name_of_several_alone_makes_no_listed_company_of_ones_own(
    tmp_path: Path, gazetteer: Gazetteer, row: str
) -> None:
    own = load_gazetteer(own_list(tmp_path, f"id,name,tickers,isins\n{row}\n"))
    assert len(own) == len(gazetteer) + 1
    assert own.get("boeing") == gazetteer.get("boeing")


def test_companies_that_their_isins_tell_apart_are_two_whatever_their_names(
    tmp_path: Path, gazetteer: Gazetteer
) -> None:
    german, indian = "SIE,Siemens AG,SIE.DE,DE0007236101", "SIEIN,Siemens Limited,SIEMENS.NS,INE003A01024"
    both = load_gazetteer(own_list(tmp_path, f"id,name,tickers,isins\n{german}\n{indian}\n"))
    assert len(both) == len(gazetteer) + 1
    alone = load_gazetteer(own_list(tmp_path, f"id,name,tickers,isins\n{indian}\n"))
    assert alone.get("siemens") == gazetteer.get("siemens")
    found = alone.get("SIEIN")
    assert found is not None
    assert found.tickers == ("SIEMENS.NS",)


def test_a_cell_of_blanks_says_nothing(tmp_path: Path, gazetteer: Gazetteer) -> None:
    own = load_gazetteer(own_list(tmp_path, "id,name,country,industry\n ,Google, , \n"))
    found, shipped = own.get("alphabet"), gazetteer.get("alphabet")
    assert found is not None
    assert shipped is not None
    assert (found.country, found.industry) == (shipped.country, shipped.industry)


def test_a_listed_company_twice_in_a_file_is_refused(tmp_path: Path) -> None:
    path = own_list(tmp_path, "id,name,tickers\nGOOGL,Alphabet,GOOGL\nGOOG,Alphabet Inc.,GOOG\n")
    with pytest.raises(InputError, match="are one company of the list, alphabet"):
        load_gazetteer(path)


def test_names_in_a_file_may_stand_between_spaces(tmp_path: Path) -> None:
    (entity,) = load_file(own_list(tmp_path, "id,name,aliases\nacme, Acme  Widgets ,Acme  W| Widg\n"))
    assert (entity.id, entity.name, entity.aliases) == ("acme", "Acme Widgets", ("Acme W", "Widg"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("own.csv", "ticker\nABC\n", "entity 1: it has no name"),
        ("own.jsonl", '{"name": "A"}\nnot json\n', "cannot be read"),
        ("own.jsonl", '{"name": "Abc", "tickers": 7}\n', "entity 1"),
        ("own.jsonl", '{"name": "Abc", "id": "~abc"}\n', "begins with ~"),
        ("own.jsonl", '{"name": "Abc"}\n{"name": "ABC Inc"}\n', "two entities have the id 'abc'"),
        ("own.toml", "[[entities]\n", "cannot be read"),
        ("own.txt", "Abc\n", "its name ends in '.txt'"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path: Path, name: str, content: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError, match=said):
        load_file(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_gazetteer(tmp_path / "none.csv")
