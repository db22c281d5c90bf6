from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from fraud_ops.simulate.mangle import mangle
from fraud_ops.simulate.sanctioned_names import (
    SANCTIONED_NAMES,
    read_listed_names,
    shipped_names,
)


class TestMangling:
    def test_a_name_never_stays_as_it_was(self):
        rng = np.random.default_rng(4)
        for name in SANCTIONED_NAMES * 50:
            assert mangle(rng, name) != name

    def test_disguises_of_a_name_vary(self):
        rng = np.random.default_rng(5)
        seen = [mangle(rng, "Varkesh Damirov Oltanyan") for _ in range(300)]
        assert any("," in name for name in seen)
        assert any("." in name for name in seen)
        assert any(name[0] in "ВДО" for name in seen)
        assert any(len(name) != len("Varkesh Damirov Oltanyan") for name in seen)

    def test_short_names_survive(self):
        rng = np.random.default_rng(6)
        assert all(mangle(rng, "Li") for _ in range(100))


class TestLists:
    def test_names_are_read_from_plain_csv(self, tmp_path):
        path = tmp_path / "list.csv"
        path.write_text("id,name\n1,Zorvan Teklis\n2,\n3,Zorvan Teklis\n4,Ömer Quay\n")
        assert read_listed_names(path) == ("Zorvan Teklis", "Ömer Quay")

    @pytest.mark.parametrize("text", ["id,label\n1,x\n", "id,name\n1,\n", ""])
    def test_a_list_without_names_is_refused(self, tmp_path, text):
        path = tmp_path / "list.csv"
        path.write_text(text)
        with pytest.raises(ValueError, match=r"list\.csv"):
            read_listed_names(path)

    def test_ships_are_not_paid(self, tmp_path):
        path = tmp_path / "list.csv"
        path.write_text(
            "id,name,type\n1,MV Halcyon Drift,vessel\n2,Zorvan Teklis,person\n"
        )
        assert read_listed_names(path) == ("Zorvan Teklis",)

    def test_the_screening_service_knows_the_shipped_names(self):
        names = shipped_names()
        folder = Path(find_spec("fraud_sanctions").origin).parent / "lists" / "samples"
        listed = "".join(p.read_text("utf-8") for p in folder.glob("*.csv"))
        assert len(names) > 20
        assert all(name in listed for name in names)

    def test_without_a_shipped_list_the_sample_is_used(self, tmp_path):
        assert shipped_names(tmp_path) == SANCTIONED_NAMES
