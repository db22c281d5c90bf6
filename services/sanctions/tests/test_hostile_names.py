"""Names that somebody wrote to break things."""

import time

import hypothesis
import pytest
from hypothesis import strategies as st

FIXTURE = hypothesis.HealthCheck.function_scoped_fixture


def ask(name):
    return {"parties": [{"role": "customer", "name": name}]}


HOSTILE = (
    "", " ", "\u200b" * 50, "🙂🙂🙂", "\x00", "Zoltarin\x00Krandalov", "a" * 10_000, "ا" * 256,
    "\u202eZoltarin Krandalov", "عبد الله بن محمد", "Zоltаrin Krаndаlоv", "Z\u0301" * 128,
    "á" * 256, "' OR 1=1 --", "<script>alert(1)</script>", "٣٣٣ ٤٤٤", "a b " * 64, "💣 Krandalov",
    "\ud7ff\ufffd", "Ⅷ Ⅸ ﷺ", "ﷺ" * 200, "한" * 250, "漢" * 256, "II " * 85, "กิ" * 128, "(" * 200,
    "/ " * 128, "a.k.a. " * 36, "-" * 100, "z" * 256, "aaaa " * 51, "ᚠᛇᚻ᛫ᛒᛦᚦ", "\u00ad".join("Krandalov"),
)  # fmt: skip
MOST_CPU_S = 0.5


class TestHostileNames:
    @pytest.mark.parametrize("name", HOSTILE)
    async def test_an_answer_or_a_clear_error_in_bounded_time(self, http, name):
        query = {"schema": "Person", "properties": {"name": [name]}}
        spent = []
        # The least of three: a collection of the whole process's garbage may fall into one.
        for _ in range(3):
            started = time.process_time()
            screened = await http.post("/screen", json=ask(name))
            matched = await http.post("/match/default", json={"queries": {"q": query}})
            spent.append(time.process_time() - started)
            if spent[-1] < MOST_CPU_S:
                break
        assert min(spent) < MOST_CPU_S
        assert screened.status_code in (200, 422)
        assert matched.status_code in (200, 422)
        if screened.status_code == 422:
            problem = screened.json()
            assert problem["type"]
            assert len(name) < 20 or name not in screened.text

    async def test_half_a_surrogate_pair_is_refused(self, http):
        body = b'{"parties": [{"role": "x", "name": "\\ud800 Krandalov"}]}'
        assert (await http.post("/screen", content=body)).status_code in (400, 422)

    @hypothesis.settings(
        max_examples=60, deadline=None, suppress_health_check=[FIXTURE]
    )
    @hypothesis.given(name=st.text(max_size=400))
    async def test_any_text_has_an_answer(self, http, name):
        reply = await http.post("/screen", json=ask(name))
        assert reply.status_code in (200, 422)
