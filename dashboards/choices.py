"""What a reader chose on a page: kept in its address, and for the session while other pages are looked at.

Streamlit forgets a widget once another page is shown. Here a choice has a name: it is the widget's key, and under it
the choice stands in the address, so that a page that is loaded anew or sent to somebody shows the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st


def recall(*names: str) -> None:
    """To be called where a page begins, not where it renews itself: what its address says is what is chosen.

    An address that says nothing of a choice is given what was chosen earlier in the session where the page is opened;
    going back to such an address changes nothing, or nobody could get back beyond it. Renewals do not look at the
    address, for theirs may be of before the latest choice.
    """
    opened = not any(name in st.session_state for name in names)
    # An address may be written by hand: what is empty chooses nothing, and what stands there twice is chosen once.
    asked = {name: list(dict.fromkeys(filter(None, st.query_params.get_all(name)))) for name in names}
    given = {name: values for name, values in asked.items() if values}
    for name, values in given.items():
        st.session_state[_kept(name)] = values
    if opened:  # at once: each change of the address is a step to go back by
        earlier = {name: chosen(name) or [] for name in names if name not in given}
        st.query_params.update({name: values for name, values in earlier.items() if values})


def chosen(name: str) -> list[str] | None:
    """What is chosen, possibly nothing; None where nobody has chosen yet."""
    found: list[str] | None = st.session_state.get(_kept(name))
    return found


def offer(name: str, value: object) -> None:
    """Puts a value into the widget of that name, which is drawn next."""
    if name not in st.session_state or st.session_state[name] != value:
        st.session_state[name] = value


def keep(name: str, *undone: str) -> None:
    """What the widget of that name calls when its reader has chosen; the choices `undone` are made anew by the page."""
    value = st.session_state[name]
    given = value if isinstance(value, list) else [] if value in (None, False, "") else [str(value)]
    st.session_state[_kept(name)] = given
    _address(name, given)
    for other in undone:
        st.session_state.pop(_kept(other), None)
        st.session_state.pop(other, None)
        _address(other, [])


def _kept(name: str) -> str:
    return f"kept-{name}"


def _address(name: str, values: Sequence[str]) -> None:
    if st.query_params.get_all(name) == list(values):
        return
    if values:
        st.query_params[name] = values
    else:
        del st.query_params[name]
