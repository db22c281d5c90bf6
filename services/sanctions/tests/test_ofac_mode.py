class TestOfacMode:
    async def test_the_score_is_that_of_the_search_page(self, http):
        query = {"schema": "Person", "properties": {"name": ["Zoltarin Krandalof"]}}
        body = {"queries": {"q": query}}
        usual = await http.post("/match/default", json=body)
        ofac = await http.post("/match/default", params={"ofac_mode": True}, json=body)
        best = ofac.json()["responses"]["q"]["results"][0]
        assert best["id"] == usual.json()["responses"]["q"]["results"][0]["id"]
        assert best["score"] == 0.99
