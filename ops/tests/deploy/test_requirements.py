"""What an image of a service installs from outside."""

import re
import runpy
from pathlib import Path

import pytest

from fraud_ops.training_extra import LIBRARIES
from fraud_shared.mesh.addresses import SERVICES

ROOT = Path(__file__).resolve().parents[3]
MADE = runpy.run_path(str(ROOT / "deploy" / "requirements.py"))
LOCK = (ROOT / "requirements.lock").read_text().splitlines()


def outside(service: str) -> list[str]:
    """The requirements of an image."""
    found: list[str] = MADE["closure"](ROOT, service)[0]
    return found


def test_images_score_with_the_library_of_training_without_its_gpu_code():
    [training] = [line for line in LOCK if line.startswith("xgboost==")]
    found = [line for line in outside("xgboost") if line.startswith("xgboost")]
    assert found == [training.replace("xgboost==", "xgboost-cpu==")]


@pytest.mark.parametrize("service", SERVICES)
def test_only_one_service_has_it(service: str):
    found = [line for line in outside(service) if line.startswith("xgboost")]
    assert bool(found) == (service == "xgboost")


@pytest.mark.parametrize(
    ("extra", "client"),
    [("s3", "s3fs"), ("abfs", "adlfs"), ("mlflow", "mlflow-skinny")],
)
def test_a_store_s_client_is_there_when_chosen(extra: str, client: str):
    without = MADE["main"](["xgboost", ""]).splitlines()
    chosen = MADE["main"](["xgboost", f"fraud-scoring[{extra}]"]).splitlines()
    [added] = set(chosen) - set(without)
    assert added.startswith(client)
    assert without == MADE["main"](["xgboost"]).splitlines()


def names(requirements: list[str]) -> set[str]:
    """The distributions of some requirements."""
    return {MADE["NAME"].match(line)[0] for line in requirements}


class TestCommand:
    def test_command_alone_has_nothing_that_trains_tests_or_measures(self):
        found, own = MADE["closure"](ROOT, "ops")
        absent = {"torch", "scikit-learn", "onnx", "joblib", "numba", "matplotlib"}
        assert (
            names(found) & (absent | {"pytest", "hypothesis", "testcontainers"})
            == set()
        )
        assert ROOT / "ops" in own
        assert ROOT / "lab" not in own

    def test_command_s_extra_adds_exactly_the_libraries_that_are_looked_for(self):
        alone = names(MADE["closure"](ROOT, "ops")[0])
        training = names(MADE["closure"](ROOT, "ops", ["fraud-ops[train]"])[0])
        assert training - alone == set(LIBRARIES.values())

    def test_laboratory_as_part_of_an_installation_is_refused(self):
        for service, extras in (("lab", []), ("ops", ["fraud-lab"])):
            with pytest.raises(MADE["LaboratoryRefused"]):
                MADE["closure"](ROOT, service, extras)


class TestHashes:
    """`make lock-images` writes the lock that these look at."""

    @pytest.mark.parametrize("service", SERVICES)
    def test_every_package_of_an_image_has_hashes(self, service: str):
        blocks = MADE["hashed"](ROOT, outside(service))
        assert all("--hash=sha256:" in block for block in blocks)
        plain = MADE["_plain"]
        locked = {plain(MADE["NAME"].match(block)[0]) for block in blocks}
        assert {plain(name) for name in names(outside(service))} <= locked

    @pytest.mark.parametrize("service", SERVICES)
    def test_versions_are_those_of_the_workspace(self, service: str):
        flavour = {v: k for k, v in MADE["IMAGE_FLAVOURS"].items()}
        for block in MADE["hashed"](ROOT, outside(service)):
            name, version = re.match(r"([\w.-]+)==([\w.]+)", block).groups()
            workspace = f"{flavour.get(name, name)}=={version}".lower()
            assert workspace in {line.lower().replace("_", "-") for line in LOCK} | {
                line.lower() for line in LOCK
            }

    def test_packages_of_other_services_are_left_out(self):
        rules = "\n".join(MADE["hashed"](ROOT, outside("rules")))
        assert "cel-expr-python==" in rules
        assert "protobuf==" in rules
        assert "numpy==" not in rules
        assert "polars==" not in rules
