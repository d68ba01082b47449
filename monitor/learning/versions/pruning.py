"""Which model versions nobody needs any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from monitor.learning.versions.version import AliasChange, ModelVersion, reign


def needed(bearers: Collection[str], changes: Iterable[AliasChange]) -> set[str]:
    """The ids that must stay: who bears an alias, and every champion that rollbacks can still lead to.

    Args:
        bearers: Ids that bear an alias now, of any grade.
        changes: Of all aliases of all grades, oldest first.
    """
    by_grade: dict[str, list[AliasChange]] = {}
    for change in changes:
        if change.alias == "champion":
            by_grade.setdefault(change.grade, []).append(change)
    return {*bearers, *(version_id for own in by_grade.values() for version_id in reign(own))}


def surplus(versions: Sequence[ModelVersion], needed: Collection[str], keep: int) -> list[ModelVersion]:
    """The versions that may go: of each grade all but the needed ones and the newest of the others.

    Args:
        versions: Newest first.
        needed: Ids that stay whatever their age.
        keep: How many of the others stay, of each grade; at least 1, since a job that has just added a version has not
            given it an alias yet.

    Raises:
        ValueError: `keep` is less than 1.
    """
    if keep < 1:
        raise ValueError(f"keep is {keep}; at least 1.")
    kept: dict[str, int] = {}
    going = []
    for version in versions:
        if version.id in needed:
            continue
        kept[version.grade] = kept.get(version.grade, 0) + 1
        if kept[version.grade] > keep:
            going.append(version)
    return going
