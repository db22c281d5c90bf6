"""Print every third-party requirement of the workspace: the input of `make lock`."""

import sys
import tomllib
from pathlib import Path


def requirements(root: Path) -> list[str]:
    """Requirements of all distributions with all extras, and of the tools, sorted."""
    lines = (root / "requirements.in").read_text().splitlines()
    found = {line for line in lines if line and not line.startswith("#")}
    for path in root.glob("*/*/pyproject.toml"), root.glob("ops/pyproject.toml"):
        for file in path:
            project = tomllib.loads(file.read_text())["project"]
            extras = project.get("optional-dependencies", {}).values()
            for group in (project["dependencies"], *extras):
                found.update(group)
    return sorted(r for r in found if not r.startswith("fraud-"))


if __name__ == "__main__":
    sys.stdout.write("\n".join(requirements(Path(__file__).parent.parent)) + "\n")
