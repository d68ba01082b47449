"""The invented world of the demo: its companies, people, places and prices. None of them exists."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).parent
START = datetime(2024, 3, 4, tzinfo=UTC)
"""Monday, the first instant of the scenario."""

SECTOR_NAMES = {
    "tech": "technology", "chip": "semiconductor", "software": "software", "retail": "retail",
    "consumer": "household-goods",
    "food": "food", "pharma": "drug", "biotech": "biotech", "auto": "car", "airline": "airline", "energy": "energy",
    "utility": "utility", "miner": "mining", "industrial": "industrial", "logistics": "logistics",
    "telecom": "telecom",
    "media": "media", "property": "property", "bank": "bank", "insurer": "insurance", "asset": "asset-management",
    "crypto": "crypto",
}  # fmt: skip
GOODS = ("tech", "chip", "software", "retail", "consumer", "food", "pharma", "auto", "industrial", "media")
"""Sectors whose `product` can be launched, sold or sued over."""


@dataclass(frozen=True)
class Company:
    """A listed company; `price` is what its share costs on Monday, in dollars."""

    full: str
    short: str
    ticker: str
    sector: str
    product: str
    ceo: str
    city: str
    price: int

    def attribute(self, name: str) -> str:
        """What `{co.name}` stands for; targets are fixed for the week, so that reports about one company agree."""
        targets = {"px": 1.0, "ptup": 1.2, "ptold": 1.08, "ptdown": 0.88}
        if name in targets:
            return str(max(1, round(self.price * targets[name])))
        if name == "sectorname":
            return SECTOR_NAMES[self.sector]
        return str(getattr(self, name))


def companies() -> tuple[Company, ...]:
    """All listed companies, from `companies.csv`."""
    with (HERE / "companies.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))[1:]
    return tuple(
        Company(full, short, ticker, sector, product, ceo, city, int(price))
        for full, short, ticker, sector, product, ceo, city, price in rows
    )


IN_STORIES = frozenset({"PBLW", "VNTC", "BLPM", "RSGM", "CRWA", "GMBK"})
"""Companies that a story line follows; ordinary news leaves them alone, so that nothing contradicts the story."""

TROUBLED = {"Corvane": "CRVB", "Pinehollow": "PNHW", "Lakemoor": "LKMR"}
"""The banks of the crisis."""

_FIRST = [
    "Amelia",
    "Bruno",
    "Carys",
    "Dmitri",
    "Elspeth",
    "Farid",
    "Gwendolyn",
    "Hugo",
    "Imani",
    "Jorge",
    "Katya",
    "Leopold",
    "Mireille",
    "Nikolai",
    "Olwen",
    "Pascal",
    "Quentin",
    "Rosamund",
    "Soren",
    "Tamsin",
    "Ulrich",
    "Violeta",
    "Wendell",
    "Xenia",
    "Yusuf",
    "Zelda",
    "Anselm",
    "Birgit",
    "Cosmo",
    "Dalia",
]
_LAST = [
    "Ashdown-Lee",
    "Birkeland",
    "Castellanos-Wray",
    "Drummondson",
    "Eberhart-Quist",
    "Fothergill",
    "Galbraithe",
    "Hjelmstad",
    "Ivarsson-Cole",
    "Jessamine",
    "Kowalczyk-Hart",
    "Lovelock-Bianchi",
    "Merriweather",
    "Nakamura-Pell",
    "Ormsby-Grant",
    "Pettibone",
    "Quarrington",
    "Rasmussen-Ode",
    "Silverthorn",
    "Thistlewood",
    "Umberfield",
    "Valderrama-Finn",
    "Whitcombe-Adu",
    "Yarborough-Sand",
    "Zielinska-Moor",
    "Arkenstall",
    "Brambley",
    "Croxteth-Nand",
]
PEOPLE = tuple(f"{first} {last}" for first in _FIRST for last in _LAST)

WORDS: dict[str, tuple[str, ...]] = {
    "broker": (
        "Holloway & Pryce", "Ridgeback Securities", "Carrow Capital Markets", "Tern Street Research", "Blythe Anders",
        "Oakmere Partners", "Quillfeather Research",
    ),
    "ratings": ("Castellan Ratings", "Northgauge Credit"),
    "official": ("Halvorsen", "Wrenfield", "Coburn", "Lindqvar", "Osei-Lund"),
    "country": (
        "Valdoria", "Kestria", "Marenia", "Tavaria", "Sarrania", "Orvania", "Calderia", "Brennia", "Lotharia",
        "Upper Ister",
        "Noravia", "Pellamar",
    ),
    "city": (
        "Port Hollis", "San Orso", "Northgate", "Tarn Valley", "Eastvale", "Carrowmore", "Weldon", "Ironvale",
        "Saint Aubrey",
        "Lower Marsh", "Fernhaven", "Grand Sable",
    ),
    "asset": ("Fairlead", "Millrace Capital", "Quarryhill Investors", "Pell & Sorrel", "Slowwater Partners"),
    "activist": ("Thornbush Capital", "Ravenscar Partners", "Longspur Holdings"),
    "lawfirm": ("Abbot, Crane & Lisle", "Pomfret Sayle LLP", "Dunning Marsh & Co"),
    "month": ("January", "February"),
    "month2": ("April", "May", "June", "September"),
    "cbank": ("Corvane", "Corvane", "Pinehollow", "Lakemoor"),
    "peer": ("Pinehollow", "Lakemoor"),
    "private": (
        "Acornly", "Applecart Freight", "Basketweave AI", "Beaconfield Labs", "Birdsong Audio",
        "Blueleaf Dental", "Brickwise",
        "Candlewick Energy", "Cartographer Health", "Chalkline Learning", "Cloverly Pay", "Cobblestone Credit",
        "Dandelyon Foods",
        "Dovetailer Robotics", "Driftmoor", "Emberlane", "Fableworks", "Farrowgate", "Fig & Thistle",
        "Foxglove Genomics",
        "Gantry Space Works", "Glasswing Optics", "Gooseberry Kids", "Hayloft Farms", "Hedgerow Analytics",
        "Inkwell Ledger",
        "Juniper Barge", "Kindling Batteries", "Kitehouse", "Lampblack Materials", "Larchmere",
        "Loomstate Textiles", "Marlpit",
        "Meadowlark Mobility", "Millpond Water", "Mossbank Games", "Nettlefold Biologics", "Nutmeg Lane", "Oatsheaf",
        "Orrery Satellites", "Paperlark", "Peatfire Spirits", "Pinwheel Parcels", "Quarterdeck Cyber",
        "Quince Clinics",
        "Rookery Homes", "Saffronfield", "Saltbox Solar", "Sextant Drones", "Slatework",
        "Sparrowhawk Security", "Tallow & Wick",
        "Tidepool Sensors", "Turnstile Tickets", "Umbrella Pine", "Velvet Harrow", "Wagtail Travel",
        "Windfall Orchard Tech",
        "Woolpack Apparel", "Yarrow Oncology",
    ),
}  # fmt: skip

PATHS: dict[str, tuple[str, float, tuple[float, ...]]] = {
    # name: how it is written, size of the ripple within a day, level at the start of each day and at the end of Sunday
    "oil": (".2f", 0.35, (82.4, 83.1, 81.6, 81.9, 82.8, 80.1, 80.1, 80.2)),
    "gold": (",.0f", 5.0, (1962, 1971, 1966, 1988, 2001, 2039, 2039, 2041)),
    "y10": (".2f", 0.012, (4.24, 4.21, 4.26, 4.12, 4.10, 3.94, 3.94, 3.95)),
    "eur": (".4f", 0.0012, (1.1040, 1.1062, 1.1031, 1.1105, 1.1121, 1.1088, 1.1088, 1.1090)),
    "yen": (".1f", 0.18, (140.2, 140.7, 139.8, 138.9, 138.6, 136.9, 136.9, 136.8)),
    "copper": (",.0f", 18.0, (8420, 8463, 8540, 8511, 8487, 8434, 8434, 8440)),
    "idx": (",.0f", 4.0, (3408, 3421, 3416, 3452, 3467, 3356, 3356, 3356)),
    "coin": (",.0f", 240.0, (43200, 44100, 43700, 45100, 45600, 43900, 44300, 45000)),
}
_RIPPLE = (0.0, 0.6, 1.0, 0.4, -0.3, -1.0, -0.5, 0.2)


def level(name: str, when: datetime) -> float:
    """A market price at an instant: straight lines between the days' levels, and a small ripple every three hours."""
    _, ripple, levels = PATHS[name]
    days = max(0.0, min((when - START) / timedelta(days=1), 6.999))
    day, part = int(days), days % 1
    wave = 0.0 if levels[day] == levels[day + 1] else ripple * _RIPPLE[int(part * 8)]
    return levels[day] + (levels[day + 1] - levels[day]) * part + wave


def quote(name: str, when: datetime) -> str:
    """A market price as a headline writes it."""
    return format(level(name, when), PATHS[name][0])


def moved(name: str, direction: str, when: datetime) -> bool:
    """Whether the price rose ("+") or fell ("-") over the ten hours before."""
    change = level(name, when) - level(name, when - timedelta(hours=10))
    return change > 0 if direction == "+" else change < 0
