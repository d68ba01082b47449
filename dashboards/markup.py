"""HTML made of text that may be hostile: headlines, sources, addresses, error messages.

Every value goes through `text` or `link`; nothing else puts a value into markup, and no value is ever read as Markdown.
The browser's sanitiser (Streamlit's) stands behind this as a second wall, not as the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import urlsplit

from monitor.alerts.wording import clean

_ADDRESS = re.compile(r"https?://[^\s<>\"'`\\]{1,2000}", re.IGNORECASE)


class Html(str):
    """A piece of HTML that is safe to show."""

    __slots__ = ()


def text(value: object, longest: int = 300) -> Html:
    """Any value as text: one line, without control or invisible characters, escaped.

    >>> text("<b>Profit</b> & loss")
    '&lt;b&gt;Profit&lt;/b&gt; &amp; loss'
    """
    return Html(escape(clean(str(value), longest)))


def link(address: str, label: str) -> Html:
    """The label as a link that opens in another tab, if the address is a plain web address; else the label alone.

    >>> link("javascript:alert(1)", "Profit")
    'Profit'
    """
    shown = text(label or "(no title)")
    if not safe_address(address):
        return shown
    return Html(f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer nofollow">{shown}</a>')


def safe_address(address: str) -> bool:
    """Whether an address from outside may be followed: http or https, with a host, without anything unusual."""
    if not _ADDRESS.fullmatch(address) or clean(address, 3000) != address:
        return False
    try:
        return bool(urlsplit(address).hostname)
    except ValueError:
        return False


def tag(name: str, *content: Html, kind: str = "", **attributes: str) -> Html:
    """An element; `kind` is its class, and attribute values are escaped here."""
    given = ({"class": kind} if kind else {}) | attributes
    written = "".join(f' {key.replace("_", "-")}="{escape(value)}"' for key, value in given.items())
    return Html(f"<{name}{written}>{''.join(content)}</{name}>")


def join(parts: Iterable[Html], between: str = "") -> Html:
    """Pieces one after the other."""
    return Html(escape(between).join(parts))


def table(head: Sequence[str], rows: Iterable[Sequence[Html]], *, kind: str = "") -> Html:
    """A table that scrolls sideways where it does not fit; the cells of the column `i` have the class `c{i}`."""
    titles = join(tag("th", text(title), kind=f"c{i}") for i, title in enumerate(head))
    body = join(tag("tr", *(tag("td", cell, kind=f"c{i}") for i, cell in enumerate(row))) for row in rows)
    inner = tag("table", tag("thead", tag("tr", titles)), tag("tbody", body), kind=f"sm-table {kind}".strip())
    return tag("div", inner, kind="sm-scroll")


def bar(share: float | None, low: float | None, high: float | None, expected: float | None, *, above: bool) -> Html:
    """A share from 0 to 100% as a mark on a line, the expected band behind it; the words beside it say the same."""
    pieces = []
    if low is not None and high is not None:
        pieces.append(
            tag("span", kind="sm-band", style=f"left:{100 * low:.1f}%;width:{max(0.0, 100 * (high - low)):.1f}%")
        )
    if expected is not None:
        pieces.append(tag("span", kind="sm-usual", style=f"left:{100 * expected:.1f}%"))
    if share is not None:
        kind = "sm-mark sm-above" if above else "sm-mark"
        pieces.append(tag("span", kind=kind, style=f"left:{100 * share:.1f}%"))
    return tag("div", *pieces, kind="sm-bar", aria_hidden="true")
