"""Which names does a pattern mean? ``*`` and ``?`` only: net names are full of square brackets."""

from __future__ import annotations


def matches(name: str, pattern: str) -> bool:
    """Whether the name is the pattern, ``*`` standing for any text and ``?`` for one character.

    Greedy with a single point of return, so that the time is at most the product of the two lengths; a regular
    expression with many stars can take for ever.
    """
    at = star = resume = 0
    starred = False
    here = 0
    while here < len(name):
        if at < len(pattern) and pattern[at] == "*":
            starred, star, resume = True, at, here
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", name[here]):
            at += 1
            here += 1
        elif starred:
            resume += 1
            at, here = star + 1, resume
        else:
            return False
    return pattern[at:].strip("*") == ""
