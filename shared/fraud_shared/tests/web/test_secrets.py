"""Secrets, settings and the line that says why a service does not start."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from fraud_shared.web import run, secrets
from fraud_shared.web.problems import FraudError
from fraud_shared.web.secrets import SecretMissing
from fraud_shared.web.settings import ServiceSettings

STRONG = "0f6b9d1ce28a4573b8d90e6f1a2c7354"


class Sample(ServiceSettings):
    """Settings of no service."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_SAMPLE_")
    port: int = 1
    share: float = Field(default=0.5, le=1)


class TestProduction:
    @pytest.mark.parametrize("value", ["", "short", STRONG[:31], "s" * 64])
    def test_refuses_to_start_and_names_the_variable(
        self, make_app: Any, value: str
    ) -> None:
        with pytest.raises(FraudError, match="FRAUD_TOKEN_KEY") as refused:
            make_app({"env": "production", "token_key": value})
        assert not value or value not in refused.value.detail

    def test_starts_with_a_strong_one(self, make_app: Any) -> None:
        make_app({"env": "production", "token_key": STRONG})

    def test_writes_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(SecretMissing):
            secrets.resolve("X", "", production=True, var_dir=tmp_path)
        assert list(tmp_path.iterdir()) == []


class TestDevelopment:
    def test_makes_one_that_stays_and_only_the_owner_reads(
        self, tmp_path: Path
    ) -> None:
        var = tmp_path / "var"
        one = secrets.resolve("A", "", production=False, var_dir=var)
        assert len(one) >= 32
        assert secrets.resolve("A", "", production=False, var_dir=var) == one
        assert secrets.resolve("B", "", production=False, var_dir=var) != one
        mode = stat.S_IMODE((var / "secrets.env").stat().st_mode)
        assert mode == 0o600

    def test_prefers_what_was_given(self, tmp_path: Path) -> None:
        given = secrets.resolve("A", "x", production=False, var_dir=tmp_path)
        assert given == "x"

    def test_services_started_together_agree(self, tmp_path: Path) -> None:
        def one(_: int) -> str:
            return secrets.resolve("A", "", production=False, var_dir=tmp_path)

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(one, range(32)))) == 1
        assert len((tmp_path / "secrets.env").read_text().splitlines()) == 1


class TestSettings:
    def test_secrets_do_not_show(self, make_settings: Any) -> None:
        settings = make_settings(token_key=STRONG)
        assert STRONG not in repr(settings)
        assert STRONG not in settings.model_dump_json()

    def test_are_read_from_the_environment(self, monkeypatch: Any) -> None:
        monkeypatch.setenv("FRAUD_ENV", "production")
        monkeypatch.setenv("FRAUD_SAMPLE_PORT", "7")
        settings = Sample()
        assert settings.production
        assert settings.port == 7


class TestRefusalToStart:
    def test_is_one_line_naming_every_variable(
        self, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("FRAUD_ENV", "staging-4539578763621486")
        monkeypatch.setenv("FRAUD_SAMPLE_SHARE", "7")
        with pytest.raises(SystemExit) as exit_:
            run.serve("nowhere:create_app", Sample)
        assert exit_.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("cannot start: ")
        assert "FRAUD_ENV" in line
        assert "FRAUD_SAMPLE_SHARE" in line
        assert "4539578763621486" not in line
