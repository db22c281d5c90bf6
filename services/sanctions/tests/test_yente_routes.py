"""What clients of yente ask besides matches."""

import pytest


class TestEntities:
    @pytest.mark.parametrize("nested", ["", "?nested=true", "?nested=false"])
    async def test_entity_of_a_match_is_found_again(self, http, nested):
        match = await http.post(
            "/match/default",
            json={
                "queries": {
                    "q": {
                        "schema": "Person",
                        "properties": {"name": ["Zoltarin Krandalov"]},
                    }
                }
            },
        )
        (best, *_) = match.json()["responses"]["q"]["results"]
        found = (await http.get(f"/entities/{best['id']}{nested}")).json()
        assert found["id"] == best["id"]
        assert found["schema"] == best["schema"]
        assert found["properties"] == best["properties"]

    async def test_unknown_entity_is_not_found(self, http):
        assert (await http.get("/entities/nobody")).status_code == 404


class TestSearch:
    async def test_likest_entity_comes_first(self, http):
        found = (await http.get("/search/default?q=Zoltarin+Krandalov&limit=1")).json()
        (first,) = found["results"]
        assert "Zoltarin" in first["caption"]
        assert found["total"]["value"] >= 1

    async def test_unknown_list_is_not_found(self, http):
        assert (await http.get("/search/unheard?q=x")).status_code == 404

    async def test_text_without_letters_is_refused(self, http):
        assert (await http.get("/search/default?q=--")).status_code == 422


async def test_catalogue_names_every_list(http):
    found = (await http.get("/catalog")).json()
    *lists, whole = found["datasets"]
    assert whole["name"] == "default"
    assert whole["children"] == [one["name"] for one in lists] == found["current"]


async def test_algorithms_name_the_default(http):
    found = (await http.get("/algorithms")).json()
    assert found["default"] in {one["name"] for one in found["algorithms"]}
