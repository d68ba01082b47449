"""XML from strangers, before any parser sees it."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ingest.sources.xml_texts import ends_well, root_of, safe_xml

PIECES = st.sampled_from(
    ["<?xml version='1.0'?>", "<!DOCTYPE rss ", "[", "]", ">", "<!ENTITY a 'b'>", "<!-- don't -->", "<!--", '"', "'",
     "<rss>", "</rss>", "<?x?>", " ", "\x00", "\x0b", "&nbsp;", "&a;", "<", "x", "\ud800"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=40))
def test_any_text_becomes_a_document_without_declarations_before_its_first_element(text: str) -> None:
    safe = safe_xml(text.encode("utf-8", "surrogatepass"))
    assert safe[:1] not in {" ", "\t", "\r", "\n"}
    assert not safe.startswith(("<?xml version", "<!DOCTYPE"))
    assert not any(ord(character) < 32 and character not in "\t\n\r" for character in safe)
    assert isinstance(ends_well(safe), bool)
    if root := root_of(safe):
        assert safe.lower().startswith("<")
        assert root in safe.lower()


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE rss>",
        '<!doctype rss PUBLIC "-//Paper//DTD > 0.91//EN" "http://paper.example/rss.dtd">',
        "<!DOCTYPE rss [<!ENTITY a 'x>]'><!-- don't stop > ]> here --><!ELEMENT rss ANY>]>",
        '<!DOCTYPE rss SYSTEM "file:///etc/passwd" [ <!ENTITY % b SYSTEM "http://10.0.0.1/x"> %b; ] >',
    ],
)
def test_a_document_type_goes_with_all_that_it_declares(doctype: str) -> None:
    before = "<?xml version='1.0'?>\n<!-- a <feed> of ours -->\n<?xml-stylesheet href='http://10.0.0.1/x.xsl'?>"
    assert safe_xml(f"{before}{doctype}\n<rss>&a;&b;</rss>".encode()) == "<rss>&a;&b;</rss>"


def test_a_document_type_that_never_ends_leaves_nothing() -> None:
    assert safe_xml(b"<!DOCTYPE rss [" + b"<!ENTITY a 'b'>" * 20_000 + b"<rss/>") == ""
    assert safe_xml(b"<!DOCTYPE " * 100_000) == ""


def test_what_was_printed_before_the_document_is_dropped() -> None:
    assert safe_xml(b"<b>Warning</b>: x in y\n<?xml version='1.0'?><rss/>") == "<rss/>"


def test_names_of_html_are_characters_and_those_of_xml_stay() -> None:
    assert (
        safe_xml(b"<a>&nbsp;&mdash;&lt;&amp;lt;&made-up;&unknown;</a>") == "<a>\xa0—&lt;&amp;lt;&made-up;&unknown;</a>"
    )


def test_an_endless_tag_loses_its_attributes() -> None:
    many = b"<rss " + b" ".join(b'a%d="1"' % number for number in range(9_000)) + b">"
    assert safe_xml(many + b"<channel/></rss>") == "<rss><channel/></rss>"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("<rss><channel/></rss>", True), ("<rdf:RDF><x/></rdf:RDF >\n<!-- cached -->", True), ("<feed/>", True),
        ("<rss><channel/>", False), ("<rss><channel/></rs", False), ("<feed><entry/>", False), ("", False),
    ],
)  # fmt: skip
def test_a_document_that_was_cut_is_told_from_a_whole_one(text: str, whole: bool) -> None:
    assert ends_well(text) is whole


def test_comments_that_never_end_in_a_document_type_are_looked_at_in_bounds() -> None:
    before = process_time()
    assert safe_xml(b"<!DOCTYPE rss [" + b"<!--" * 24_000) == ""
    assert process_time() - before < 2, "with the square of their number they would take ten seconds"


@pytest.mark.parametrize(
    ("said", "safe"),
    [
        ("<a>AT&T sued</a>", "<a>AT&amp;T sued</a>"),
        ("<a>x?id=7&copy=1&lang=en</a>", "<a>x?id=7&amp;copy=1&amp;lang=en</a>"),
        ("<a>R&D &amp; &#38; &#x26; &lt;</a>", "<a>R&amp;D &amp; &#38; &#x26; &lt;</a>"),
        ("<a><![CDATA[x?id=7&copy=1 & <b>]]>&</a>", "<a><![CDATA[x?id=7&copy=1 & <b>]]>&amp;</a>"),
        ("<a><![CDATA[R&D", "<a><![CDATA[R&D"),
    ],
)
def test_a_bare_ampersand_is_one(said: str, safe: str) -> None:
    assert safe_xml(said.encode()) == safe


def test_a_document_that_something_long_follows_is_whole_and_one_cut_behind_a_quoted_end_is_not() -> None:
    assert ends_well("<rss><channel><item/></channel></rss>" + "<!-- cached -->" * 500)
    assert not ends_well("<rss><channel><item>in </rss> it says</item><item><title>Mill" + " closes" * 500)
