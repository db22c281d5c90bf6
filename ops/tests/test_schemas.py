"""Generated files: complete, stable, and compared."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from fraud_ops import schemas
from fraud_ops.catalogues import problems_page, reasons_page
from fraud_ops.schemas import schemas_command
from fraud_shared.contracts.degraded import DegradedCode
from fraud_shared.contracts.reasons import ReasonCode
from fraud_shared.mesh.addresses import SERVICES
from fraud_shared.testing.factories import make_transaction_in

# A place on the machine that generated them has no place in the files.
CHECKOUT = str(Path(__file__).parents[2])


@pytest.fixture(scope="module")
def files() -> dict[Path, str]:
    return schemas.generated()


@pytest.fixture
def root(tmp_path: Path, files: dict[Path, str]) -> Path:
    """A repository that is up to date, with one README that wants a table."""
    readme = tmp_path / "services/rules/README.md"
    readme.parent.mkdir(parents=True)
    readme.write_text("# a\n<!-- settings:begin -->\nold\n<!-- settings:end -->\nb\n")
    example = "# Where it listens.\n#FRAUD_RULES_PORT=8001\n"
    (tmp_path / ".env.example").write_text(example)
    schemas.schemas_command(False, tmp_path, files)
    return tmp_path


class TestFiles:
    def test_cover_every_contract_and_service(self, files: dict[Path, str]) -> None:
        names = {path.name for path in files if path.parts[0] == "deploy"}
        assert names == {f"{service}.json" for service in SERVICES}
        schema = {p.stem for p in files if p.is_relative_to(schemas.SCHEMA_FOLDER)}
        assert {"TransactionIn", "Decision", "CloudEvent", "LabelReport"} <= schema
        assert len(schema) == 21

    def test_hold_documents_of_their_kind(self, files: dict[Path, str]) -> None:
        for path, text in files.items():
            if path.suffix == ".md":
                assert text.startswith("# "), path
                assert CHECKOUT not in text, path
                continue
            if path.suffix != ".json":
                assert CHECKOUT not in text, path
                continue
            document = json.loads(text)
            kind = "openapi" if path.parts[0] == "deploy" else "$schema"
            assert kind in document, path
            assert CHECKOUT not in text, path

    def test_describe_what_is_accepted(self, files: dict[Path, str]) -> None:
        text = files[schemas.SCHEMA_FOLDER / "TransactionIn.json"]
        schema = json.loads(text)
        assert schema["additionalProperties"] is False
        assert set(json.loads(make_transaction_in().model_dump_json())) <= set(
            schema["properties"]
        )

    def test_operations_have_names_of_their_own(self, files: dict[Path, str]) -> None:
        for service in SERVICES:
            paths = json.loads(files[schemas.OPENAPI_FOLDER / f"{service}.json"])[
                "paths"
            ]
            ids = [
                operation["operationId"]
                for methods in paths.values()
                for operation in methods.values()
            ]
            assert len(ids) == len(set(ids)), service

    @pytest.mark.slow
    def test_do_not_depend_on_the_hash_seed(self, files: dict[Path, str]) -> None:
        script = (
            "from fraud_ops import schemas; import sys;"
            "sys.stdout.write(''.join(schemas.generated().values()))"
        )
        other = subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": "7", "REDIS_URL": "redis://127.0.0.1:1"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert other.stdout == "".join(files.values())


class TestCheck:
    def test_passes_on_what_was_just_written(
        self, root: Path, files: dict[Path, str]
    ) -> None:
        schemas.schemas_command(True, root, files)

    @pytest.mark.parametrize("fault", ["edited", "missing", "stale", "table"])
    def test_names_what_differs_and_changes_nothing(
        self,
        root: Path,
        files: dict[Path, str],
        fault: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        path = root / schemas.SCHEMA_FOLDER / "Signal.json"
        if fault == "missing":
            path.unlink()
        elif fault == "stale":
            path = path.with_name("Gone.json")
            path.write_text("{}")
        elif fault == "table":
            path = root / "services/rules/README.md"
            path.write_text(path.read_text().replace("8001", "1"))
        else:
            path.write_text("{}")
        with pytest.raises(typer.Exit) as exit_:
            schemas.schemas_command(True, root, files)
        assert exit_.value.exit_code == 1
        assert str(path.relative_to(root)) in capsys.readouterr().out
        before = path.read_text() if path.exists() else None
        schemas.schemas_command(False, root, files)
        after = path.read_text() if path.exists() else None
        assert before != after
        schemas.schemas_command(True, root, files)


class TestTables:
    def test_stand_between_the_markers_only(self, root: Path) -> None:
        text = (root / "services/rules/README.md").read_text()
        assert text.startswith("# a\n<!-- settings:begin -->\n| variable |")
        assert text.endswith("<!-- settings:end -->\nb\n")
        assert "old" not in text
        assert "| `FRAUD_RULES_PORT` | integer | `8001` | Where it listens. |" in text
        assert "| `FRAUD_TOKEN_KEY` | secret |  |  |" in text
        assert "`fraud_engines/rules/rulesets/default.yaml`" in text

    def test_are_not_forced_on_a_readme_without_markers(self, tmp_path: Path) -> None:
        path = tmp_path / "services/action/README.md"
        path.parent.mkdir(parents=True)
        path.write_text("# action\n")
        assert schemas.tables(tmp_path) == {}

    def test_commands_of_each_distribution_stand_in_its_own_readme(
        self, tmp_path: Path
    ) -> None:
        for folder in ("ops", "lab"):
            path = tmp_path / folder / "README.md"
            path.parent.mkdir()
            path.write_text("<!-- commands:begin -->\n<!-- commands:end -->\n")
        found = {path.parts[0]: text for path, text in schemas.tables(tmp_path).items()}
        assert "| `fraud keys new` | Make an API key;" in found["ops"]
        assert "| `fraud models compare` | Champion and" in found["lab"]
        assert "`fraud models compare`" not in found["ops"]

    @pytest.mark.parametrize("service", SERVICES)
    def test_exist_for_every_service(self, service: str) -> None:
        table = schemas._settings_table(service, {"FRAUD_ENV": "where it runs"})
        assert table.count("where it runs") == 1
        assert CHECKOUT not in table


class TestCatalogues:
    def test_reasons_page_names_every_code_with_its_text(self):
        page = reasons_page()
        for code in (*ReasonCode, *DegradedCode):
            assert f"| `{code}` | {code.text} |" in page

    def test_problems_page_names_every_type_with_its_status(self, files):
        page = files[Path("docs/problems.md")]
        assert page == problems_page()
        assert "| `deadline-too-short` | 400 |" in page
        assert "| `overloaded` | 503 |" in page

    def test_committed_catalogue_that_lacks_a_code_fails_the_check(self, tmp_path):
        path = Path("docs/reasons.md")
        (tmp_path / "docs").mkdir()
        short = "\n".join(reasons_page().splitlines()[:-1]) + "\n"
        (tmp_path / path).write_text(short)
        with pytest.raises(typer.Exit):
            schemas_command(True, tmp_path, {path: reasons_page()})
