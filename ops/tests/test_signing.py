import pytest

from fraud_ops.signing import signing_key
from fraud_scoring.artifacts.keys import Signer, generate_keys
from fraud_scoring.errors import SigningKeyMissing


class TestSigningKey:
    def test_signing_key_in_the_environment_is_used_and_nothing_written(
        self, monkeypatch, tmp_path
    ):
        keys = generate_keys()
        monkeypatch.setenv("FRAUD_SIGNING_KEY", keys.private_pem)
        assert signing_key(tmp_path).public_pem == Signer(keys.private_pem).public_pem
        assert not list(tmp_path.iterdir())

    def test_signing_key_on_a_developers_machine_is_made_once(
        self, monkeypatch, tmp_path
    ):
        monkeypatch.delenv("FRAUD_SIGNING_KEY", raising=False)
        monkeypatch.delenv("FRAUD_ENV", raising=False)
        first = signing_key(tmp_path).public_pem
        assert signing_key(tmp_path).public_pem == first

    def test_signing_key_in_production_is_never_made_up(self, monkeypatch, tmp_path):
        monkeypatch.delenv("FRAUD_SIGNING_KEY", raising=False)
        monkeypatch.setenv("FRAUD_ENV", "production")
        with pytest.raises(SigningKeyMissing, match="FRAUD_SIGNING_KEY"):
            signing_key(tmp_path)
