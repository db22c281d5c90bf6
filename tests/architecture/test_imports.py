"""Import rules that import-linter cannot say: allow-lists, and lists that stay complete."""

import ast
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "shared" / "fraud_shared" / "fraud_shared" / "contracts"
# Module names that promise a pure core, wherever they appear.
PURE_NAMES = {"alignment", "engine", "policy", "ruleset"}


def imported(file: Path) -> Iterator[str]:
    """Full names of the modules that a file imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in {file.name}"
            yield node.module or ""


def within(module: str, packages: Sequence[str]) -> bool:
    """Whether a module is one of `packages` or inside one."""
    return any(module == one or module.startswith(f"{one}.") for one in packages)


class TestContracts:
    def test_messages_import_pydantic_and_the_standard_library_only(self):
        foreign = {
            (file.name, module)
            for file in CONTRACTS.glob("*.py")
            for module in imported(file)
            if module.partition(".")[0] not in sys.stdlib_module_names
            and module.partition(".")[0] not in ("pydantic", "pydantic_core")
            and not module.startswith("fraud_shared.contracts")
        }
        assert foreign == set()


class TestPureCores:
    def test_every_core_by_name_is_under_the_contract(self):
        config = tomllib.loads((ROOT / "pyproject.toml").read_text())
        contracts = config["tool"]["importlinter"]["contracts"]
        (pure,) = (c for c in contracts if c["id"] == "pure")
        packages = [*ROOT.glob("services/*/fraud_*"), *ROOT.glob("shared/*/fraud_*")]
        cores = {
            ".".join(file.relative_to(package.parent).with_suffix("").parts)
            for package in packages
            for name in PURE_NAMES
            for file in package.rglob(f"{name}.py")
        }
        assert "fraud_engines.rules.engine" in cores
        # A package under the contract brings its modules with it.
        under = tuple(f"{module}." for module in pure["source_modules"])
        assert {core for core in cores if not f"{core}.".startswith(under)} == set()


class TestOperating:
    # What trains, and what reads foreign models: both behind the extra.
    TRAINING = ("fraud_ops.train", "fraud_ops.retrain", "fraud_ops.models.importing")

    def test_every_other_module_of_the_command_is_under_the_contract(self):
        config = tomllib.loads((ROOT / "pyproject.toml").read_text())
        contracts = config["tool"]["importlinter"]["contracts"]
        (contract,) = (c for c in contracts if c["id"] == "operating")
        held = contract["source_modules"]
        modules = {
            ".".join(file.relative_to(ROOT / "ops").with_suffix("").parts)
            for file in (ROOT / "ops" / "fraud_ops").rglob("*.py")
            if file.name != "__init__.py"
        }
        assert {
            name for name in modules if not within(name, (*held, *self.TRAINING))
        } == set()
        assert [name for name in held if within(name, self.TRAINING)] == []
