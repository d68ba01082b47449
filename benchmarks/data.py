"""Where the data sets lie that do not come with the repository."""

from __future__ import annotations

from pathlib import Path

from monitor.errors import InputError

_PLACES = ("data", "../data", "../shared/data")
WHERE_DATA_IS = f"by default the first of {', '.join(_PLACES)} that is there"


def find_data(wanted: str) -> Path:
    """The folder of data sets that holds the one wanted.

    Raises:
        InputError: There is none.
    """
    for place in map(Path, _PLACES):
        if (place / wanted).is_dir():
            return place
    raise InputError(
        f"There is no folder {wanted}/ in {', '.join(_PLACES)}.", "Name the folder of the data sets with --data."
    )
