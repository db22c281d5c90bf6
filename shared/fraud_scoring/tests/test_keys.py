import pytest

from fraud_scoring.artifacts.keys import (
    Signer,
    Verifier,
    development_keys,
    generate_keys,
)
from fraud_scoring.errors import SignatureInvalid, SigningKeyMissing


class TestSignatures:
    def test_a_signature_verifies_with_the_public_half(self):
        keys = generate_keys()
        signature = Signer(keys.private_pem).sign("purpose", b"message")
        Verifier(keys.public_pem).verify("purpose", b"message", signature)

    @pytest.mark.parametrize(
        ("purpose", "message"), [("purpose", b"other"), ("other", b"message")]
    )
    def test_another_message_or_purpose_is_refused(self, purpose, message):
        keys = generate_keys()
        signature = Signer(keys.private_pem).sign("purpose", b"message")
        with pytest.raises(SignatureInvalid):
            Verifier(keys.public_pem).verify(purpose, message, signature)

    def test_another_key_is_refused(self):
        signature = Signer(generate_keys().private_pem).sign("p", b"m")
        with pytest.raises(SignatureInvalid):
            Verifier(generate_keys().public_pem).verify("p", b"m", signature)

    @pytest.mark.parametrize("junk", ["", "not base64 !", "AAAA", "é"])
    def test_junk_is_refused(self, junk):
        with pytest.raises(SignatureInvalid):
            Verifier(generate_keys().public_pem).verify("p", b"m", junk)

    def test_two_trusted_keys_allow_a_change_of_key(self):
        old, new = generate_keys(), generate_keys()
        both = Verifier(old.public_pem + new.public_pem)
        for keys in (old, new):
            both.verify("p", b"m", Signer(keys.private_pem).sign("p", b"m"))

    def test_a_key_on_one_line_is_read(self):
        keys = generate_keys()
        signer = Signer(keys.private_pem.replace("\n", "\\n"))
        assert signer.public_pem == keys.public_pem


class TestMissingKeys:
    def test_no_private_key(self):
        with pytest.raises(SigningKeyMissing, match="FRAUD_SIGNING_KEY"):
            Signer.from_environment({})

    def test_no_public_key(self):
        with pytest.raises(SignatureInvalid, match="FRAUD_SIGNING_PUBLIC_KEY"):
            Verifier("")


class TestDevelopmentKeys:
    def test_are_made_once_and_private(self, tmp_path):
        first = development_keys(tmp_path / "var")
        assert development_keys(tmp_path / "var") == first
        assert (tmp_path / "var" / "signing.pem").stat().st_mode & 0o077 == 0
        assert (tmp_path / "var" / "signing.pub.pem").read_text() == first.public_pem
