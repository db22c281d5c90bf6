"""Which services a change concerns, so that CI builds no image that stays the same."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from fraud_ops.deploy.call_graph import DEPLOYED
from fraud_ops.running import CommandError

# Changes here reach no image.
NOWHERE = ("docs/", "lab/", "tests/", ".github/", ".ci/")
TRAIN = "train"


def changed_services(paths: Iterable[str]) -> list[str]:
    """The images to build for changed files: those of the services whose folders they are
    in. Whatever lies elsewhere (shared code, locks, the Dockerfile) may be in any image."""
    found: set[str] = set()
    for path in paths:
        folder, _, rest = path.partition("/")
        service = rest.partition("/")[0]
        if path.startswith(NOWHERE) or ("/" not in path and path.endswith(".md")):
            continue
        if folder == "ops":
            found.add(TRAIN)
        elif folder == "services" and service in DEPLOYED:
            # Training imports every service.
            found |= {service, TRAIN}
        else:
            return [*DEPLOYED, TRAIN]
    return [name for name in (*DEPLOYED, TRAIN) if name in found]


def changed_command(base: str, root: Path = Path()) -> None:
    """Print the images to build since `base`, as a JSON list. Raises CommandError where git
    does not know it."""
    done = subprocess.run(
        ["git", "diff", "--name-only", f"{base}...HEAD"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CommandError(f"git cannot compare with {base}: {done.stderr.strip()}")
    print(json.dumps(changed_services(done.stdout.splitlines())))  # noqa: T201
