"""What programs post, read: one article or an array of them, each an item for the line or an item with a fault."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from monitor.errors import InputError
from monitor.ingest.items import Item
from monitor.ingest.json_texts import decode_json

_parts: Final = msgspec.json.Decoder(list[msgspec.Raw])
_object: Final = msgspec.json.Decoder(dict[str, object])


def read_pushed(body: bytes) -> Sequence[Item]:
    r"""The items of a request's body.

    An item's position is its own `id`, or a fingerprint of its bytes, so that a request that is sent again delivers the
    same items and not further ones.

    >>> [item.fields for item in read_pushed(b'[{"title": "Rates rise"}, 7]')]
    [{'title': 'Rates rise'}, None]

    Raises:
        InputError: It is neither a JSON object nor an array.
    """
    text = body.strip()
    if text.startswith(b"{"):
        item = _item(text)
        if item.fields is None:
            raise InputError(f"The body is no JSON object: {item.fault}.", "Send one article, or an array of articles.")
        return [item]
    try:
        parts = decode_json(text, _parts)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"The body is no JSON array: {error}.", "Send one article, or an array of articles."
        ) from error
    return [_item(bytes(part)) for part in parts]


def _item(original: bytes) -> Item:
    digest = hashlib.blake2b(original, digest_size=16).hexdigest()
    try:
        fields = decode_json(original, _object)
    except (ValueError, RecursionError) as error:
        return Item(digest, None, original, f"it is not a JSON object ({error})")
    own = fields.get("id")
    return Item(own if isinstance(own, str) and 0 < len(own) <= 200 else digest, fields, original)
