"""A complete `.env`, and what an upgrade leaves alone."""

import json
import stat
from pathlib import Path

import pytest

from fraud_ops.deploy.env_file import CLIENTS, complete, env_command
from fraud_ops.deploy.variables import entries, read_by_compose
from fraud_scoring.artifacts.keys import Signer, Verifier
from fraud_shared.web.keys import key_hash
from fraud_shared.web.weakness import weakness

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = (ROOT / ".env.example").read_text()


def values(text: str) -> dict[str, str]:
    return {e.name: e.value for e in entries(text) if not e.optional}


class TestNewFile:
    def test_every_required_variable_has_a_value(self):
        made = complete(EXAMPLE)
        assert all(values(made.text).values())
        assert set(made.added) == set(values(EXAMPLE))

    def test_secrets_are_strong_and_all_different(self):
        named = values(complete(EXAMPLE).text)
        chosen = {
            n: v for n, v in named.items() if n.endswith(("KEY", "SECRET", "PEPPER"))
        }
        assert {n: weakness(v) for n, v in chosen.items()} == dict.fromkeys(chosen)
        assert len(set(chosen.values())) == len(chosen)

    def test_signing_keys_belong_together(self):
        named = values(complete(EXAMPLE).text)
        signer = Signer(named["FRAUD_SIGNING_KEY"])
        Verifier(named["FRAUD_SIGNING_PUBLIC_KEY"])
        assert (
            signer.public_pem.strip().replace("\n", "\\n")
            == (named["FRAUD_SIGNING_PUBLIC_KEY"])
        )

    def test_shown_api_keys_are_those_that_are_let_in(self):
        made = complete(EXAMPLE)
        named = values(made.text)
        listed = json.loads(named["FRAUD_API_KEYS"].strip("'"))
        pepper = named["FRAUD_KEY_PEPPER"]
        assert {e["client"]: e["hash"] for e in listed} == {
            client: key_hash(pepper, key) for client, key in made.keys.items()
        }
        assert set(made.keys) == set(CLIENTS)
        assert not any(key in made.text for key in made.keys.values())

    def test_what_compose_requires_is_there(self):
        text = (ROOT / "docker-compose.yml").read_text()
        required = {n for n in read_by_compose(ROOT) if f"${{{n}:?" in text}
        assert required <= set(values(complete(EXAMPLE).text))


class TestPresentFile:
    def test_a_complete_one_stays_byte_for_byte(self):
        first = complete(EXAMPLE)
        assert complete(EXAMPLE, first.text).text == first.text

    def test_an_upgrade_adds_only_what_is_new(self):
        first = complete(EXAMPLE).text
        older = "".join(
            line
            for line in first.splitlines(keepends=True)
            if not line.startswith("GRAFANA_PASSWORD=")
        )
        made = complete(EXAMPLE, older)
        assert made.added == ("GRAFANA_PASSWORD",)
        assert made.text.startswith(older)
        assert made.keys == {}

    def test_the_command_writes_what_only_its_owner_reads(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        (tmp_path / ".env.example").write_text(EXAMPLE)
        env_command(tmp_path)
        assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
        assert "key of shop (shown once)" in capsys.readouterr().out
        env_command(tmp_path)
        assert "shown once" not in capsys.readouterr().out
