"""Reasons of a hit, in words a reviewer reads."""

from collections.abc import Sequence

from fraud_sanctions.matching.alignment import Alignment
from fraud_sanctions.matching.pairing import TokenMatch
from fraud_sanctions.names.analyse import Name

MOST_REASONS = 12
_HOW = {
    "exact": "same",
    "spelling": "alike",
    "consonants": "alike by consonants",
    "together": "written together on the list",
    "apart": "written apart on the list",
    "initial": "initial",
    "whole": "same letters, other spaces",
    "acronym": "abbreviation",
}


def explain(
    alignment: Alignment, query: Name, listed: Name, facts: Sequence[str]
) -> tuple[str, ...]:
    """Which word met which and how, what was left over, and what else agrees or not."""
    if alignment.identical:
        found = ["same name"]
    else:
        found = [_meeting(meeting, query, listed) for meeting in alignment.meetings]
    left = _left(query.words, [i for m in alignment.meetings for i in m.query])
    missing = _left(listed.words, [i for m in alignment.meetings for i in m.listed])
    if left:
        found.append(f"not on the list: {left}")
    if missing:
        found.append(f"only on the list: {missing}")
    if alignment.numbers_differ:
        found.append("number differs")
    if alignment.crossed:
        found.append("own name and father's name exchanged")
    return tuple(text[:250] for text in [*found, *facts][:MOST_REASONS])


def _meeting(meeting: TokenMatch, query: Name, listed: Name) -> str:
    ours = " ".join(query.words[i] for i in meeting.query)
    theirs = " ".join(listed.words[i] for i in meeting.listed)
    how = _HOW[meeting.how]
    rare = ", rare" if meeting.bits > 10 else ", common" if meeting.bits < 6 else ""
    alike = "" if meeting.how == "exact" else f" {meeting.similarity:.2f}"
    return f"{ours} = {theirs}: {how}{alike}{rare}".replace("~", "")


def _left(words: Sequence[str], met: Sequence[int]) -> str:
    return " ".join(w for i, w in enumerate(words) if i not in met).replace("~", "")
