"""Rules name what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from monitor.surges.rules import SurgeRules


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window_minutes", ()),
        ("window_minutes", (7,)),
        ("window_minutes", (60, 30)),
        ("window_minutes", (60, 2880)),
        ("window_minutes", (0, 60)),
        ("minimum_stories", 0),
        ("minimum_effect", 0.0),
        ("minimum_effect", float("nan")),
        ("false_alerts_per_week", 0.0),
        ("block_minutes", 7),
        ("short_block_minutes", 7),
        ("elevated_p", 1.0),
        ("attention_tolerance", 1.0),
        ("half_life_days", 0.0),
        ("guard_minutes", -1),
        ("overdispersion_cap", 1e-6),
        ("prior_overdispersion", -0.1),
        ("story_limit", 0),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=name):
        SurgeRules(**{name: value})


def test_every_value_changes_the_version_and_equal_rules_share_it() -> None:
    plain = SurgeRules()
    numbers = [name for name in SurgeRules.model_fields if name != "window_minutes"]
    changed = {
        plain.model_copy(update={"window_minutes": (30, 1440)}).version,
        *(plain.model_copy(update={name: _a_little_more(getattr(plain, name))}).version for name in numbers),
    }
    assert len(changed) == len(SurgeRules.model_fields)
    assert plain.version not in changed
    assert SurgeRules().version == plain.version


def _a_little_more(value: float) -> float:
    return value + 1 if isinstance(value, int) else value * (1 + 2**-20)
