"""`.env.example` cannot fall behind the code."""

import shutil
from pathlib import Path

import pytest

from fraud_ops.deploy.variables import entries, example_problems, fields_of

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = (ROOT / ".env.example").read_text()


@pytest.fixture
def found(tmp_path: Path):
    """What is wrong once `.env.example` has another text."""
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    for name in ("shared", "services", "ops", "lab"):
        (tmp_path / name).symlink_to(ROOT / name)

    def with_text(text: str) -> list[str]:
        (tmp_path / ".env.example").write_text(text)
        return example_problems(tmp_path)

    return with_text


def test_the_file_is_complete(found):
    assert found(EXAMPLE) == []


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "FRAUD_ORCHESTRATOR_WALL_MS",  # a settings field
            "DATABASE_URL",  # a field with a name of its own
            "FRAUD_RULES_URL",  # an address
            "OTEL_TRACES_SAMPLER_ARG",  # read by the mesh kit
            "FRAUD_SIGNING_KEY",  # read by training
            "POSTGRES_PASSWORD",  # read by compose
            "TEST_AMQP_URL",  # read by the test kit
        ],
    )
    def test_each_is_listed(self, name: str, found):
        lines = EXAMPLE.splitlines()
        (at,) = (
            n for n, line in enumerate(lines) if line.strip("#").startswith(f"{name}=")
        )
        without = "\n".join(lines[: at - 1] + lines[at + 1 :])
        assert found(without) == [f"{name} is missing"]

    def test_none_is_listed_that_nothing_reads(self, found):
        text = f"{EXAMPLE}# Nobody knows.\n#FRAUD_RULES_SPEED=9\n"
        assert found(text) == ["FRAUD_RULES_SPEED: nothing reads it"]

    def test_none_is_listed_twice(self, found):
        text = f"{EXAMPLE}# Again.\n#FRAUD_ENV=development\n"
        assert found(text) == ["FRAUD_ENV is there twice"]


class TestComments:
    def test_each_name_has_one(self, found):
        text = EXAMPLE.replace("# Log lines at this level and above.\n", "")
        problem = "one comment line is expected above it, not 0"
        assert found(text) == [f"FRAUD_LOG_LEVEL: {problem}"]


class TestDefaults:
    @pytest.mark.parametrize(
        ("right", "wrong"),
        [
            ("#FRAUD_RULES_PORT=8001", "#FRAUD_RULES_PORT=8002"),
            ("#FRAUD_ACTION_OTP_TTL=PT5M", "#FRAUD_ACTION_OTP_TTL=PT6M"),
            ('#FRAUD_XGBOOST_ALIASES=["champion"]', '#FRAUD_XGBOOST_ALIASES=["other"]'),
            ("#FRAUD_ACTION_OTP_ECHO=false", "#FRAUD_ACTION_OTP_ECHO=true"),
            ("#FRAUD_RULES_PORT=8001", "#FRAUD_RULES_PORT=many"),
        ],
    )
    def test_they_are_those_of_the_code(self, right: str, wrong: str, found):
        assert right in EXAMPLE
        name, _, value = wrong.strip("#").partition("=")
        problem = f"{name}: the default is not {value!r}"
        assert found(EXAMPLE.replace(right, wrong)) == [problem]


class TestReading:
    def test_a_sentence_is_not_a_variable(self):
        text = "# Longest wait=forever\n#A_NAME=1\nB_NAME=\n"
        assert [(e.name, e.optional, e.comments) for e in entries(text)] == [
            ("A_NAME", True, 1),
            ("B_NAME", False, 0),
        ]

    def test_fields_have_the_names_that_the_settings_read(self):
        names = set(fields_of("rules"))
        assert {"FRAUD_ENV", "FRAUD_RULES_PORT", "FRAUD_RULES_RULESET"} <= names
