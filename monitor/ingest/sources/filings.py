"""SEC EDGAR's current filings: annual and quarterly reports, and the events that companies must report at once.

The SEC asks of programs a user agent that names whom to write to, and at most ten requests a second
(https://www.sec.gov/os/accessing-edgar-data).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import msgspec

from monitor.errors import InputError
from monitor.ingest.items import Item
from monitor.ingest.sources.asking import Getter, ask
from monitor.ingest.sources.feeds import read_feed
from monitor.ingest.sources.source import MAX_SEEN, Batch, SourceState

ADDRESS: Final = "https://www.sec.gov/cgi-bin/browse-edgar"
HOST_SECONDS: Final[Mapping[str, float]] = {"www.sec.gov": 0.1, "data.sec.gov": 0.1}
"""Between two requests, for the fetcher's `host_seconds_of`: ten a second, together with all else that asks there."""
FORMS: Final = ("8-K", "10-Q", "10-K")
_PAGE: Final = 100
_PAGES: Final = 5
_ACCEPT: Final = "application/atom+xml, application/xml;q=0.9, */*;q=0.1"
_CONTACT = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_TITLE = re.compile(r"^(?P<form>\S+(?: \S+)?) - (?P<company>.+?) \((?P<cik>\d{10})\) \((?P<role>[^)]+)\)\s*$")
_ACCESSION = re.compile(r"\d{10}-\d{2}-\d{6}")
_ITEM = re.compile(r"Item \d+\.\d+: ?(?P<what>.+?)(?=\s*Item \d+\.\d+:|$)")
_WORDS: Final[Mapping[str, str]] = {
    "8-K": "current report",
    "10-Q": "quarterly report",
    "10-K": "annual report",
}


class FilingsSource:
    """The newest filings of some forms, each as one article: the company, the form and what it reports."""

    kind: Final = "filings"

    def __init__(
        self,
        name: str,
        getter: Getter,
        *,
        user_agent: str,
        forms: tuple[str, ...] = FORMS,
        address: str = ADDRESS,
    ) -> None:
        """Sets the source up.

        Args:
            name: Unique among the sources.
            getter: The guarded HTTP client; it must send `user_agent` and keep `HOST_SECONDS`.
            user_agent: Names whom the SEC can write to.
            forms: Form types; amendments (`8-K/A`) are among them.
            address: Of the list of current filings.

        Raises:
            InputError: The user agent holds no mail address, or a form is none that is read.
        """
        if not _CONTACT.search(user_agent):
            raise InputError(
                f"Source {name}: the SEC asks for a user agent with a mail address, not {user_agent!r}.",
                'Set ingest.user_agent, such as "Example Corp news@example.com".',
            )
        unknown = [form for form in forms if form not in FORMS]
        if unknown or not forms:
            raise InputError(f"Source {name}: forms are {', '.join(FORMS)}, not {', '.join(unknown) or 'none'}.")
        self.name: Final = name
        self._getter = getter
        self._forms = forms
        self._address = address

    def fetch(self, state: SourceState, now: datetime) -> Batch:  # noqa: ARG002 - the protocol's
        """The filings accepted since the last fetch, the newest first; see `Source.fetch`.

        Where more than a page is new (hundreds come in the minutes after the market's close), further pages are read
        until one holds what was seen before.
        """
        state = state.of(self._address)
        known = frozenset(state.seen)
        items: dict[str, Item] = {}
        for form in self._forms:
            for page in range(_PAGES if known else 1):
                entries = self._page(form, page * _PAGE)
                found = list(_filings(entries, form))
                items |= {item.position: item for item in found if item.position not in items}
                if len(entries) < _PAGE or any(item.position in known for item in found):
                    break
        new = tuple(item for item in items.values() if item.position not in known)
        # Of what was seen before as much is kept as there is room for: a page's end may fall between two fetches.
        seen = tuple(dict.fromkeys([*items, *state.seen]))[:MAX_SEEN]
        return Batch(items=new, state=msgspec.structs.replace(state, seen=seen), shape="filings")

    def _page(self, form: str, start: int) -> tuple[Item, ...]:
        """The entries of a page, also those of other forms that begin alike: they take up room on it."""
        query = {"action": "getcurrent", "type": form, "owner": "include", "start": start, "count": _PAGE}
        fetched = ask(self._getter, f"{self._address}?{urlencode(query)}&output=atom", accept=_ACCEPT, robots=False)
        return read_feed(fetched).items


def _filings(items: tuple[Item, ...], form: str) -> Iterator[Item]:
    """The entries of the wanted form; one filing has an entry for each company that it concerns, and counts once."""
    for item in items:
        fields = item.fields or {}
        title = _TITLE.match(str(fields.get("title") or ""))
        accession = _ACCESSION.search(f"{fields.get('id')} {fields.get('description')} {fields.get('url')}")
        if title is None or accession is None:
            yield Item(item.position, None, item.original, "it names no company and filing as EDGAR does")
        elif title["form"] in (form, f"{form}/A", f"{form}T", f"{form}T/A"):
            yield _filing(accession[0], title, fields, item.original)


def _filing(accession: str, title: re.Match[str], fields: Mapping[str, object], original: bytes) -> Item:
    company = title["company"].strip()
    reported = [what["what"].strip() for what in _ITEM.finditer(str(fields.get("description") or ""))]
    told = [what for what in reported if what != "Financial Statements and Exhibits"]
    word = _WORDS[title["form"].partition("/")[0].rstrip("T")]
    amended = " (amended)" if title["form"].endswith("/A") else ""
    return Item(
        accession,
        {
            "id": accession,
            "url": fields.get("url", ""),
            "title": f"{company} files {word} {title['form']}{amended}" + (f": {'; '.join(told)}" if told else ""),
            "description": "; ".join(reported),
            # When EDGAR accepted it: a filing never changes, an amendment is a filing of its own.
            "published": fields.get("updated") or fields.get("published") or "",
            "author": company,
            "language": "en",
        },
        original,
    )
