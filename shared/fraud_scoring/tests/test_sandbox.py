import os

import pytest

from fraud_scoring.errors import DegenerateScores, GoldenMismatch, SandboxFailed
from fraud_scoring.serving.sandbox import Bounds, SandboxedCheck
from fraud_scoring.testing import (
    LINEAR,
    NOW,
    hostile,
    linear_draft,
    linear_request,
    memory_registry,
    release,
)


def artifact(**options):
    return memory_registry().publish(linear_draft(**options), now=NOW)


@pytest.fixture(scope="module")
def good():
    return artifact()


class TestVerdicts:
    def test_a_good_model_passes(self, good):
        SandboxedCheck(LINEAR, Bounds())(good)

    @pytest.mark.parametrize(
        ("options", "refusal"),
        [
            ({"weights": (-0.5, -1.0, 0.25)}, DegenerateScores),
            ({"golden_raw": (0.1, 0.2, 0.3, 0.4)}, GoldenMismatch),
        ],
    )
    def test_the_child_s_reason_is_the_parent_s(self, options, refusal):
        with pytest.raises(refusal):
            SandboxedCheck(LINEAR, Bounds())(artifact(**options))

    def test_an_engine_that_cannot_be_found_fails(self, good):
        nowhere = hostile._engine("SPY")
        object.__setattr__(nowhere, "home", "no_such_module:ENGINE")
        with pytest.raises(SandboxFailed, match="ModuleNotFoundError"):
            SandboxedCheck(nowhere, Bounds())(good)


class TestBounds:
    @pytest.mark.parametrize(
        ("engine", "seconds", "why"),
        [
            (hostile.HANG, 3.0, "no verdict in"),
            (hostile.SPIN, 4.0, "no verdict in|signal"),
            (hostile.EAT, 60.0, "MiB|signal"),
            (hostile.CRASH, 60.0, "signal 11"),
            (hostile.LEAVE, 60.0, "status 7"),
            (hostile.SHOUT, 4.0, "no verdict in|signal|status"),
        ],
        ids=["hangs", "spins", "eats memory", "crashes", "leaves", "shouts"],
    )
    def test_a_model_harms_only_the_child(self, good, engine, seconds, why):
        with pytest.raises(SandboxFailed, match=why):
            SandboxedCheck(engine, Bounds(memory_mb=512, seconds=seconds))(good)

    def test_the_child_sees_no_secrets(self, good, monkeypatch):
        monkeypatch.setenv("FRAUD_SIGNING_KEY", "secret")
        SandboxedCheck(hostile.SPY, Bounds())(good)

    def test_no_descriptor_stays_open(self, good):
        before = len(os.listdir("/proc/self/fd"))
        with pytest.raises(SandboxFailed):
            SandboxedCheck(hostile.LEAVE, Bounds())(good)
        assert len(os.listdir("/proc/self/fd")) == before


class TestService:
    async def test_what_hangs_is_refused_and_the_old_model_serves(self, memory, start):
        """The default trial is the child: nothing is given to the service here."""
        first = release(memory)
        calls = []

        def trial(tried):
            calls.append(tried.ref.version)
            SandboxedCheck(LINEAR, Bounds())(tried)
            if len(calls) > 1:
                SandboxedCheck(hostile.HANG, Bounds(seconds=2.0))(tried)

        async with start(trial=trial) as http:
            release(memory, (0.6, 1.0, -0.25), hours=1)
            refused = (await http.post("/v1/refresh")).json()["results"][0]
            reply = await http.post("/score", json=linear_request(1.0, 2.0, 0.0))
        assert (refused["status"], refused["problem"]) == ("refused", "trial-failed")
        assert reply.json()["model"]["hash"] == first.hash

    async def test_what_passed_is_not_tried_again_after_a_restart(self, memory, start):
        release(memory)
        tried = []
        for _ in range(2):
            async with start(trial=tried.append) as http:
                assert (await http.get("/readyz")).status_code == 200
        assert len(tried) == 1
