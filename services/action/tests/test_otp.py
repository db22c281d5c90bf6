from datetime import UTC, datetime, timedelta

import pytest

from fraud_action.otp import Keyring, OtpFormat, UnknownKey, code_at, matches

# base32 of "12345678901234567890", the secret of both RFCs' test vectors.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOTP = OtpFormat("hotp", 6, 30)
TOTP = OtpFormat("totp", 8, 30)


class TestCodes:
    def test_hotp_is_that_of_rfc_4226(self):
        assert code_at(HOTP, RFC_SECRET, EPOCH) == "755224"

    def test_totp_is_that_of_rfc_6238(self):
        assert code_at(TOTP, RFC_SECRET, EPOCH + timedelta(seconds=59)) == "94287082"

    def test_hotp_code_is_right_whenever_it_comes(self):
        assert matches(HOTP, RFC_SECRET, "755224", EPOCH + timedelta(days=1))
        assert not matches(HOTP, RFC_SECRET, "755225", EPOCH)

    def test_totp_code_is_right_for_its_step_and_its_neighbours(self):
        sent = EPOCH + timedelta(seconds=59)
        assert matches(TOTP, RFC_SECRET, "94287082", sent + timedelta(seconds=30))
        assert not matches(TOTP, RFC_SECRET, "94287082", sent + timedelta(seconds=61))


class TestSecrets:
    def test_each_challenge_has_its_own(self):
        keys = Keyring([b"k" * 32])
        one, two = (keys.secret(keys.current, f"otp-{n}") for n in (1, 2))
        assert one != two
        assert keys.secret(keys.current, "otp-1") == one

    def test_old_key_still_serves_what_it_began(self):
        old = Keyring([b"old" * 12])
        rotated = Keyring([b"new" * 12, b"old" * 12])
        assert rotated.current != old.current
        assert rotated.secret(old.current, "otp-1") == old.secret(old.current, "otp-1")

    def test_forgotten_key_is_an_error(self):
        old = Keyring([b"old" * 12])
        with pytest.raises(UnknownKey):
            Keyring([b"new" * 12]).secret(old.current, "otp-1")
