"""Names that a text format of words between blanks can hold, and a refusal of the others."""

from __future__ import annotations

from kicad_rdl.errors import InputError


def word(name: str, what: str, form: str, forbidden: str = "") -> str:
    """The name itself.

    Args:
        name: a name of a bump, ball, net or die.
        what: what bears it, for the message.
        form: the format, for the message.
        forbidden: characters beside the blank that the format cannot hold.

    Raises:
        InputError: the name is empty, ``-`` (which means none), or holds a blank or forbidden character.
    """
    bad = next((sign for sign in name if sign.isspace() or sign in forbidden), None)
    if bad is not None:
        shown = "a blank" if bad.isspace() else f'"{bad}"'
        raise InputError(f'{what} "{name}": {form} cannot hold a name with {shown}; rename it, or write CSV instead')
    if name in ("", "-"):
        raise InputError(f'{what} "{name}": {form} takes that as no name; rename it, or write CSV instead')
    return name
