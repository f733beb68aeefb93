"""What can go wrong, in the user's words. Problems *of a design* are values (``model.report``), not errors."""

from __future__ import annotations


class RdlError(Exception):
    """Input that cannot be used. The message names file, place, thing, limit and remedy."""


class UnitError(RdlError):
    """A length that cannot be read."""


NAME_SHOWN = 400
"""Characters of a file's name that a message shows, the last ones."""


class InputError(RdlError):
    """A file that cannot be used, with the place in it.

    Args:
        message: what is wrong and what to do.
        source: the file.
        line: counted from 1, where the format has lines.
    """

    def __init__(self, message: str, source: str | None = None, line: int | None = None) -> None:
        self.reason = "".join(sign if sign.isprintable() else " " for sign in message)
        """The message without file and line."""
        if source is not None:
            name = source if len(source) <= NAME_SHOWN else "..." + source[-NAME_SHOWN:]
            message = f"{name}:{line}: {message}" if line is not None else f"{name}: {message}"
        # one line on any terminal, whatever the file held
        super().__init__("".join(sign if sign.isprintable() else " " for sign in message))


class ModelError(RdlError):
    """A value that cannot exist, such as a bump outside its die."""
