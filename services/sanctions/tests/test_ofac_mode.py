import pytest

from fraud_sanctions.app import create_app
from fraud_sanctions.settings import Settings
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client


def make_settings(**overrides):
    return Settings(token_key=TEST_TOKEN_KEY, check_every_s=0.0, **overrides)


@pytest.fixture
async def http():
    async with client(create_app(make_settings())) as http:
        yield http


class TestOfacMode:
    async def test_the_score_is_that_of_the_search_page(self, http):
        query = {"schema": "Person", "properties": {"name": ["Zoltarin Krandalof"]}}
        body = {"queries": {"q": query}}
        usual = await http.post("/match/default", json=body)
        ofac = await http.post("/match/default", params={"ofac_mode": True}, json=body)
        best = ofac.json()["responses"]["q"]["results"][0]
        assert best["id"] == usual.json()["responses"]["q"]["results"][0]["id"]
        assert best["score"] == 0.99
