"""The Dockerfile, as far as it can be tried without building an image."""

import json
import os
import re
import runpy
import stat
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fraud_ops.deploy.linters import COMMANDS, lint

ROOT = Path(__file__).resolve().parents[3]
DOCKERFILE = (ROOT / "deploy" / "docker" / "Dockerfile").read_text()
PROBE = ROOT / "deploy" / "docker" / "probe.py"


def instruction(name: str) -> str:
    """What the last `name` of the Dockerfile says."""
    return re.findall(rf"^{name} (.*)$", DOCKERFILE, re.MULTILINE)[-1]


class TestDockerfile:
    def test_the_base_is_pinned_to_a_patch(self):
        (base,) = re.findall(r"^ARG PYTHON=(\S+)$", DOCKERFILE, re.MULTILINE)
        assert re.fullmatch(r"python:3\.11\.\d+-slim-[a-z]+@sha256:[0-9a-f]{64}", base)
        stages = {
            name or "last": source
            for source, name in re.findall(
                r"^FROM (\S+)(?: AS (\S+))?$", DOCKERFILE, re.MULTILINE
            )
        }
        assert set(stages.values()) <= {"${PYTHON}", *stages}
        # Nothing that builds or tests is below an image that runs.
        assert stages["last"] == stages["train"] == "base"
        assert stages["base"] == "${PYTHON}"

    def test_it_does_not_run_as_root(self):
        assert instruction("USER") == "10001:10001"

    def test_each_image_says_what_it_is(self):
        for label in ("title", "description", "version", "revision"):
            assert DOCKERFILE.count(f"org.opencontainers.image.{label}=") == 2

    def test_libraries_are_held_to_their_hashes(self):
        assert "--only-binary :all: --require-hashes --no-deps" in DOCKERFILE


class TestEntrypoint:
    @pytest.fixture
    def start(self, tmp_path: Path):
        """Runs the entrypoint with a `python` that says what it was given."""
        python = tmp_path / "python"
        python.write_text('#!/bin/sh\necho "$$ $FRAUD_TOKEN_KEY $@"\n')
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        script = str(ROOT / "deploy" / "docker" / "entrypoint.sh")
        assert json.loads(instruction("ENTRYPOINT")) == ["/opt/entrypoint.sh"]

        def start(*command: str, **variables: str) -> tuple[int, list[str]]:
            process = subprocess.Popen(
                [script, *command],
                env={"PATH": path, "SERVICE": "post_auth", **variables},
                stdout=subprocess.PIPE,
                text=True,
            )
            said, _ = process.communicate(timeout=10)
            return process.pid, said.split()

        return start

    def test_it_becomes_the_service(self, start):
        pid, said = start(FRAUD_TOKEN_KEY="k")
        # The same process id: signals reach the service, not a shell in front of it.
        assert said == [str(pid), "k", "-m", "fraud_post_auth"]

    def test_it_becomes_the_command_it_is_given(self, start):
        assert start("echo", "train", "--if-empty")[1] == ["train", "--if-empty"]

    def test_mounted_secrets_become_variables(self, start, tmp_path: Path):
        (tmp_path / "FRAUD_TOKEN_KEY").write_text("mounted")
        assert start(FRAUD_SECRETS=str(tmp_path))[1][1] == "mounted"

    def test_a_variable_wins_over_a_mounted_secret(self, start, tmp_path: Path):
        (tmp_path / "FRAUD_TOKEN_KEY").write_text("mounted")
        said = start(FRAUD_SECRETS=str(tmp_path), FRAUD_TOKEN_KEY="given")[1]
        assert said[1] == "given"


class TestLinters:
    @pytest.mark.parametrize("name", COMMANDS)
    def test_the_repository_passes(self, name: str):
        assert lint(name, ROOT) == []

    @pytest.mark.parametrize(
        ("name", "file", "text"),
        [
            ("hadolint", "deploy/docker/Dockerfile", "FROM python:latest\n"),
            ("hadolint", "deploy/docker/Dockerfile", "FROM python:3.11\nCMD python\n"),
            ("yamllint", "a.yaml", "a: 1\na: 2\n"),
            ("compose schema", "docker-compose.yml", "services: {a: {imag: b}}\n"),
        ],
    )
    def test_mistakes_are_found(self, name: str, file: str, text: str, tmp_path: Path):
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        assert lint(name, tmp_path) != []


class TestProbe:
    @pytest.fixture
    def answering(self, monkeypatch: pytest.MonkeyPatch):
        """A server that answers /livez, and nothing else, with success."""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if self.path == "/livez" else 503)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("SERVICE", "rules")
        monkeypatch.setenv("FRAUD_RULES_PORT", str(server.server_port))
        yield runpy.run_path(str(PROBE))["main"]
        server.shutdown()
        thread.join()
        server.server_close()

    def test_success_is_success(self, answering):
        answering("/livez")

    def test_anything_else_is_failure(self, answering):
        with pytest.raises(SystemExit, match="/readyz: HTTP Error 503"):
            answering("/readyz")

    def test_silence_is_failure(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("SERVICE", "rules")
        monkeypatch.setenv("FRAUD_RULES_PORT", "9")
        with pytest.raises(SystemExit, match="refused"):
            runpy.run_path(str(PROBE))["main"]("/livez")
