"""Known companies in texts: boundaries, spans, case and context."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.entities.entity import Entity
from monitor.entities.gazetteer import Gazetteer, load_gazetteer
from monitor.entities.matching import Matcher, Verdict


def accepted(matcher: Matcher, text: str) -> list[tuple[str, str]]:
    return [
        (text[match.start : match.end], match.entity)
        for match in matcher.match(text)
        if match.verdict is Verdict.ACCEPTED
    ]


def entities(matcher: Matcher, text: str) -> set[str]:
    return {entity for _, entity in accepted(matcher, text)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Boeing's jets", [("Boeing", "boeing")]),
        ("(Boeing)", [("Boeing", "boeing")]),
        ("Boeing-built wings", [("Boeing", "boeing")]),
        ("Boeings and boeingesque", []),
        ("nvidia and tesla both down again", [("nvidia", "nvidia"), ("tesla", "tesla")]),
        ("NVIDIA AND TESLA BOTH DOWN", [("NVIDIA", "nvidia"), ("TESLA", "tesla")]),
        ("Microsoft Corp. said", [("Microsoft Corp.", "microsoft")]),
        ("Goldman Sachs Group Inc <GS.N>", [("Goldman Sachs Group Inc", "goldman-sachs"), ("<GS.N>", "goldman-sachs")]),
        ("Nestle and Nestlé", [("Nestle", "nestle"), ("Nestlé", "nestle")]),
        ("eBay lists", [("eBay", "ebay")]),
        ("Microsoft\u02bcs cloud", [("Microsoft", "microsoft")]),
        ("Alibaba阿里巴巴股价大跌 after JD.com price war", [("Alibaba", "alibaba"), ("JD.com", "jd-com")]),
        ("腾讯Tencent发布财报", [("Tencent", "tencent")]),
        ("Siemens Energy and Siemens", [("Siemens Energy", "siemens-energy"), ("Siemens", "siemens")]),
    ],
)
def test_names_stand_on_token_boundaries_and_keep_their_place(
    matcher: Matcher, text: str, expected: list[tuple[str, str]]
) -> None:
    assert accepted(matcher, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Apple lifts its dividend after strong phone sales", {"apple"}),
        ("The pies are made with apple and cinnamon", set()),
        ("Early frost killed half of the blossom, said an apple farmer", set()),
        ("Drones target a depot near the port", set()),
        ("Target hires 90,000 workers for the holidays", {"target"}),
        ("Its price target was cut to $90", set()),
        ("The nurse's visa was refused at the embassy", set()),
        ("Visa processed more payments than a year ago", {"visa"}),
        ("A gap opened between the two indexes", set()),
        ("Gap cut its outlook for sales of jeans", {"gap"}),
        ("Prices snap a losing run", set()),
        ("The snap election is on Sunday", set()),
        ("Judges block the sale", set()),
        ("Next posts record profit in its shops", {"next"}),
        ("Next spring will be hard", set()),
        ("Shell raises its dividend as gas prices climb", {"shell"}),
        ("The money went through a shell company in Malta", set()),
        ("Harrison Ford lands his plane", set()),
        ("Ford recalls pickups over a fuel pump", {"ford-motor"}),
        ("Sharp losses for exporters", set()),
        ("Crowds gather in the square", set()),
        ("Morgan Stanley lifts its forecast", {"morgan-stanley"}),
        ("Michael Jackson's estate wins", set()),
        ("Bankers meet in Jackson Hole", set()),
        ("Loggers burn parts of the Amazon rainforest", set()),
        ("Amazon opens a warehouse in Leipzig", {"amazon"}),
        ("Delta's flights were grounded by a storm", {"delta-air-lines"}),
        ("The Delta variant keeps offices shut", set()),
        ("S&P 500 rises, Nasdaq gains 1%, Dow adds 200 points", set()),
        ("She gave to the Wells Fargo Foundation", set()),
    ],
)
def test_names_that_mean_something_else_as_well(matcher: Matcher, text: str, expected: set[str]) -> None:
    assert entities(matcher, text) == expected


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("Ford Mustang recalled over brakes", "ford-motor"),
        ("Hershey Kisses recalled over metal", "hershey"),
        ("Porsche Taycan recalled over brakes", "porsche"),
        ("Hilton Hotels sued over data breach", "hilton-worldwide"),
        ("Suzuki Motor recalls cars", "suzuki"),
        ("Carnival Cruise Line ship stranded", "carnival"),
        ("Apple Watch import ban upheld by court", "apple"),
    ],
)
def test_a_word_of_its_own_trade_behind_a_name_makes_no_other_name_of_it(
    matcher: Matcher, text: str, entity: str
) -> None:
    assert entities(matcher, text) == {entity}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Microsoft Open to Talks With EU Over Teams Bundling", {"microsoft"}),
        ("Goldman Sachs Awards Solomon $39 Million Pay Package", {"goldman-sachs"}),
        ("BOEING OPEN TO MERGER OF DEFENSE UNITS, CEO SAYS", {"boeing"}),
        ("Disney Park Workers Strike Over Pay", {"walt-disney"}),
        ("She plays at the Barclays Open again", set()),
        ("Alcaraz Wins BNP Paribas Open", set()),
        ("Fans left the Barclays Center after midnight", set()),
        ("Wells Fargo Foundation Cuts Its Giving", set()),
    ],
)
def test_a_word_that_is_also_a_verb_makes_a_place_only_where_capitals_say_so(
    matcher: Matcher, text: str, expected: set[str]
) -> None:
    assert entities(matcher, text) == expected


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        *((f"{name} Horton sinks", "dr-horton") for name in ("D.R.", "D. R.", "DR", "D R")),
        *((f"{name} Grainger sinks", "ww-grainger") for name in ("W.W.", "W. W.", "WW", "W W")),
        *((f"{name} Smith sinks", "ao-smith") for name in ("A.O.", "A. O.", "AO")),
        *((f"{name} Rowe Price sinks", "t-rowe-price") for name in ("T.", "T")),
        *((f"{name} Hunt sinks", "jb-hunt") for name in ("J.B.", "J. B.", "JB")),
        *((f"{name} Smucker sinks", "jm-smucker") for name in ("J.M.", "J. M.", "JM")),
        *((f"{name} Robinson sinks", "ch-robinson") for name in ("C.H.", "C. H.", "CH")),
        *((f"{name} Berkley sinks", "wr-berkley") for name in ("W.R.", "W. R.", "WR")),
        *((f"{name} James's Place sinks", "st-james-place") for name in ("St.", "St")),
        ("Mitsui OSK Lines sinks", "mitsui-osk-lines"),
        ("Southern Co. delays Vogtle", "southern"),
        ("Southern Co delays Vogtle", "southern"),
        ("Mitsubishi Corp quits Japan wind projects", "mitsubishi"),
        ("T-Mobile hacked", "t-mobile-us"),
        ("Papa John's shuts stores", "papa-john-pizza"),
        ("Tesla™ recalls cars", "tesla"),
    ],
)
def test_initials_and_signs_are_read_in_every_spelling(matcher: Matcher, text: str, entity: str) -> None:
    assert entities(matcher, text) == {entity}


def test_a_doctor_is_no_builder_of_houses(matcher: Matcher) -> None:
    assert entities(matcher, "Dr Horton saw her patients") == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$BB sinks after earnings", {"blackberry"}),
        ("BlackBerry (NYSE: BB) sinks", {"blackberry"}),
        ("STMicroelectronics (NYSE: STM) cuts its outlook", {"stmicroelectronics"}),
        ("Artisan Partners (NYSE: APAM) sinks", {"artisan-partners"}),
        ("Vinci (EPA: DG) wins a contract for a motorway", {"vinci"}),
        ("Notice was drawn to Vinci (EPA: DG)", {"vinci"}),
        ("Merck (ETR: MRK) cuts its outlook", {"merck-mrk.de"}),
        ("Merck (NYSE: MRK) cuts its outlook", {"merck-mrk"}),
        ("Net sales ($M) fell to 120 from 140", set()),
        ("Silvergate (NYSE: SI) to wind down", set()),
        ("NYSE: A record day for listings", set()),
    ],
)
def test_a_ticker_names_the_company_of_its_exchange(matcher: Matcher, text: str, expected: set[str]) -> None:
    assert {match.entity for match in matcher.explain(text)} == expected
    assert entities(matcher, text) == expected


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("TUI sticks with Boeing after delays", "tui"),
        ("Southwest waives charges for rebooking", "southwest-airlines"),
        ("Gap apologizes for selling T-shirt", "gap"),
        ("MGM hands board seat to activist", "mgm-resorts"),
        ("Japan's ANA cancels more flights", "all-nippon-airways"),
        ("Fox sets Disney deal vote", "fox"),
    ],
)
def test_a_name_before_a_verb_of_business_is_not_refused(matcher: Matcher, text: str, entity: str) -> None:
    assert entity in {match.entity for match in matcher.match(text)}


def test_ones_own_ticker_goes_before_one_that_ships() -> None:
    new, replacing = Entity(id="gretel", name="Gretel", tickers=("BA",)), Entity(id="bic", name="Bic", tickers=("BB",))
    matcher = Matcher(Gazetteer([*load_gazetteer(), new, replacing]))
    assert entities(matcher, "$BA halted") == {"gretel"}
    assert entities(matcher, "$BB halted") == {"bic"}


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("Boeing crash kills 157", "BA"),
        ("Microsoft hit by antitrust suit", "MSFT"),
        ("Carrefour warehouse burns down", "CRRC"),
        ("Tesla recalls 2 million cars", "TSLA"),
        ("GM (NYSE: GM) recalls trucks", "general-motors"),
        ("Google fined 4 billion euros", "alphabet"),
        ("Exxon refinery burns", "exxonmobil"),
        ("Merck & Co cuts its outlook", "merck-mrk"),
    ],
)
def test_ones_own_file_takes_no_name_from_a_listed_company(tmp_path: Path, text: str, entity: str) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        "id,name,tickers\nMSFT,Microsoft,MSFT\nBA,Boeing,BA\nCRRC,Carrefour,\nTSLA,Tesla,TSLA\n,Alphabet,\n"
        ",General Motors,\n,ExxonMobil,\nMRKG,Merck KGaA,MRK.DE\n"
    )
    assert entities(Matcher(load_gazetteer(path)), text) == {entity}


def test_a_name_of_ones_own_goes_before_the_same_name_of_a_listed_company(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("id,name,aliases,tickers\nharbour,Harbour Holdings,Boeing|The Boeing,\nggl,Google,,GGL.AX\n")
    matcher = Matcher(load_gazetteer(path))
    assert entities(matcher, "Boeing crash kills 157") == {"harbour"}
    assert entities(matcher, "Google fined 4 billion euros") == {"ggl"}
    assert entities(matcher, "Boeing Co crash kills 157") == {"boeing"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("$BB halted", {"blackberry"}), ("$STM halted", {"stmicroelectronics"})],
)
def test_a_listed_company_in_ones_own_file_takes_no_ticker_from_another(
    tmp_path: Path, text: str, expected: set[str]
) -> None:
    path = tmp_path / "own.csv"
    path.write_text("id,name\nbic,Bic\nstabilus,Stabilus\n")
    assert entities(Matcher(load_gazetteer(path)), text) == expected


def test_a_name_of_ones_own_may_begin_with_a_mark() -> None:
    own = [Entity(id="the-x", name="Xell Mills", aliases=("(the X)",)), Entity(id="beta", name="“Beta Mills” OJSC")]
    matcher = Matcher(Gazetteer(own))
    assert entities(matcher, "Shares of the X fall") == {"the-x"}
    assert entities(matcher, "Beta Mills shuts a plant") == {"beta"}


def test_a_legal_form_a_ticker_or_another_mention_settles_what_is_in_doubt(matcher: Matcher) -> None:
    assert entities(matcher, "Box Inc drew notice") == {"box"}
    assert entities(matcher, "Notice was drawn to Box (BOX)") == {"box"}
    assert entities(matcher, "On $BOX: why Box went quiet") == {"box"}


def test_a_ticker_of_another_company_refuses(matcher: Matcher) -> None:
    (match,) = [match for match in matcher.explain("Sage <GS.N> fell") if match.alias == "Sage"]
    assert match.verdict is Verdict.REFUSED
    assert any(reason.reason == "another ticker follows" for reason in match.reasons)


def test_standing_in_a_row_with_companies_speaks_for_a_name(matcher: Matcher) -> None:
    assert entities(matcher, "Pepsico, Coke and Nestle") >= {"coca-cola", "nestle"}
    assert "gates" not in entities(matcher, "Buffett, Gates and Musk")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Snowflake, Datadog and CrowdStrike rally", {"snowflake", "datadog", "crowdstrike"}),
        ("Toast, PayPal and Fiserv tumble", {"toast", "paypal", "fiserv"}),
        ("Cummins, Caterpillar and Deere drop", {"cummins", "caterpillar", "john-deere"}),
        ("Elevance; Molina; Humana slump", {"elevance-health", "molina-healthcare", "humana"}),
        ("Toast, butter and jam sell out", set()),
        ("EQT, Boeing and Airbus fall", {"boeing", "airbus"}),  # of two of that name
        ("Fans filled the Barclays Center, Humana and Ford said", {"humana", "ford-motor"}),
    ],
)
def test_a_row_with_companies_speaks_for_names_without_other_evidence_link_by_link(
    matcher: Matcher, text: str, expected: set[str]
) -> None:
    assert entities(matcher, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Walmart gains on Target in groceries", {"walmart", "target"}),
        ("Analysts raise price target on Target to $180", {"target"}),
        ("The Fed is on target to raise rates", set()),
        ("Fed on Target to Raise Rates in June", set()),
        ("Price Target Raised to $90", set()),
    ],
)
def test_a_phrase_that_its_capitals_contradict_hides_no_company(
    matcher: Matcher, text: str, expected: set[str]
) -> None:
    assert entities(matcher, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Boeing supplier Spirit AeroSystems to furlough 700 workers",
        "Japan orders from power-gear maker Delta Electronics to jump",
        "Canadian software firm Constellation Software loses CEO",
        "South African gold miner Harmony Gold warns of strike",
        "Polish telecoms operator Orange Polska shuts shops",
    ],
)
def test_what_stands_before_a_name_that_goes_on_speaks_for_no_part_of_it(matcher: Matcher, text: str) -> None:
    assert entities(matcher, text) <= {"boeing"}


def test_namesakes_are_told_apart_by_their_trade_or_left_open(matcher: Matcher) -> None:
    assert entities(matcher, "EQT lifts output of natural gas in the Marcellus shale") == {"eqt-eqt"}
    assert entities(matcher, "Buyout fund EQT raises private equity vehicle") == {"eqt-eqt.st"}
    (match,) = matcher.match("EQT names a new director for its shares")
    assert match.verdict is Verdict.OPEN
    match, _ = matcher.match("EQT raises its forecast; so does a rival of Boeing")
    assert match.verdict is Verdict.OPEN


def test_a_refusal_says_why(matcher: Matcher) -> None:
    (match,) = matcher.explain("Betty Smith of Leeds lost her savings, and Mr Dover his house")
    assert match.verdict is Verdict.REFUSED
    assert "after Mr" in {reason.reason for reason in match.reasons}
    assert match.score == pytest.approx(sum(reason.weight for reason in match.reasons))


def test_ones_own_companies_are_matched_like_ours() -> None:
    own = Gazetteer([Entity(id="gretel", name="Gretel Baking plc", aliases=("Gretel's",), tickers=("GRTL",))])
    matcher = Matcher(own)
    assert entities(matcher, "Gretel Baking finds a hole in its books") == {"gretel"}
    assert entities(matcher, "$GRTL halted; GRTL was at 4") == {"gretel"}
    assert entities(matcher, "gretel ate cake") == set()


WORDS = st.sampled_from(
    [
        "Apple", "apple", "Target", "the", "shares", "of", "Ford", "Mr", "Inc", "$AAPL", "<F.N>", "Goldman", "Sachs",
        "price", "target", "Next", "week", "S&P", "500", "and", ",", ".", "'s", "—", "é", "株", "J.P.", "Morgan",
        "(", ")", "\n",
    ]
)  # fmt: skip


@given(text=st.one_of(st.text(max_size=120), st.lists(WORDS, max_size=25).map(" ".join)))
def test_spans_lie_within_the_text_in_order_and_apart(matcher: Matcher, text: str) -> None:
    matches = matcher.explain(text)
    assert matches == matcher.explain(text)
    for match in matches:
        assert 0 <= match.start < match.end <= len(text)
        assert match.entity in matcher.gazetteer
    for one, other in pairwise(matches):
        assert one.end <= other.start


@given(words=st.lists(WORDS, max_size=12))
def test_what_stands_far_behind_in_another_sentence_moves_no_span(matcher: Matcher, words: list[str]) -> None:
    text = "Boeing delivered two jets. " + " ".join(words)
    first = matcher.match(text)[0]
    assert (first.start, first.end, first.entity) == (0, 6, "boeing")
