"""Property tests whose examples take long: few of them at every run, all of them where CI looks thoroughly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import pytest
from hypothesis import settings

THOROUGH: Final = 400
"""Examples of a cheap property in the profile "thorough", in which a costly one runs in full."""

Test = TypeVar("Test", bound=Callable[..., None])


def costly(examples: int) -> Callable[[Test], Test]:
    """Runs so many examples in the profile "thorough", and in others the same part of them as theirs of its own.

    Args:
        examples: At least 1.
    """
    profile = settings.get_profile(settings.get_current_profile_name())
    here = max(1, examples * profile.max_examples // THOROUGH)

    def limited(test: Test) -> Test:
        marked: Test = pytest.mark.costly(settings(max_examples=here)(test))
        return marked

    return limited
