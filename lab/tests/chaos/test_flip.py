"""The judge of `fraud chaos flip` can tell a whole answer from a mixed one."""

import asyncio
import random

import pytest

from fraud_lab.chaos.flip import EDITIONS, LISTS, Answers, Stage, _role, _run

KNOWN = {frozenset((name, edition) for name in LISTS): edition for edition in EDITIONS}


def answer(alpha, beta, hits):
    return {
        "status": "match",
        "lists": [
            {"list": "alpha", "version": alpha},
            {"list": "beta", "version": beta},
        ],
        "hits": [{"role": _role(name, edition)} for name, edition in hits],
    }


class TestTheJudge:
    def test_an_answer_from_one_version_passes(self):
        answers = Answers()
        whole = answer("new", "new", [("alpha", "new"), ("beta", "new")])
        answers.judge(whole, KNOWN)
        assert (answers.mixed, answers.untrue) == (0, 0)
        assert answers.per_edition == {"new": 1}

    def test_versions_that_never_were_together_are_seen(self):
        answers = Answers()
        answers.judge(answer("old", "new", []), KNOWN)
        assert answers.mixed == 1

    @pytest.mark.parametrize(
        "hits",
        [
            [("alpha", "old"), ("beta", "new")],
            [("alpha", "new")],
            [(name, edition) for name in LISTS for edition in EDITIONS],
        ],
    )
    def test_hits_of_another_version_are_seen(self, hits):
        answers = Answers()
        answers.judge(answer("new", "new", hits), KNOWN)
        assert answers.untrue == 1


class TestFlips:
    def test_a_real_service_answers_from_one_version_through_every_flip(self, tmp_path):
        stage = Stage(tmp_path, 20, random.Random(1))
        answers, took = asyncio.run(_run(stage, 6, 40.0))
        assert len(took) == 6
        assert not answers.failed
        assert (answers.mixed, answers.untrue) == (0, 0)
        assert answers.per_edition
