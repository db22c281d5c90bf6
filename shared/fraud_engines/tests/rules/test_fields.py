from fraud_engines.rules.fields import PAYMENT_FIELDS, WITNESS, Reader, declared, flat
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_shared.testing.factories import make_transaction


class TestDeclaredFields:
    def test_are_every_feature_with_its_type(self):
        fields = declared(PAYMENT_FEATURES)
        assert set(PAYMENT_FEATURES.names) <= set(fields)
        assert fields["account_count_24h"] == "int"
        assert fields["speed_kmh"] == "double"
        assert fields["is_emulator"] == "bool"

    def test_are_every_field_of_the_payment(self):
        assert set(flat(make_transaction())) == set(PAYMENT_FIELDS)


class TestReading:
    def test_gives_features_their_declared_types(self, make_features):
        reader = Reader(
            PAYMENT_FEATURES, {"account_count_24h", "speed_kmh", "is_emulator"}
        )
        known, _ = reader.read(
            make_transaction(), make_features(speed_kmh=2.0, is_emulator=1.0).values
        )
        assert known == {
            "account_count_24h": 1,
            "speed_kmh": 2.0,
            "is_emulator": True,
        }
        assert [type(known[name]) for name in sorted(known)] == [int, bool, float]

    def test_reads_nothing_that_no_rule_uses(self, make_features):
        reader = Reader(PAYMENT_FEATURES, {"kind", "card_bin"})
        known, _ = reader.read(make_transaction(), make_features().values)
        assert known == {"kind": "card_payment", "card_bin": "400000"}

    def test_cuts_long_bins_to_six_digits(self):
        payment = make_transaction(card={"bin": "40000012"})
        assert flat(payment)["card_bin"] == "400000"
        assert flat(payment)["card_bin_8"] == "40000012"
        assert flat(make_transaction())["card_bin_8"] is None

    def test_leaves_out_what_the_payment_does_not_have(self, make_features):
        reader = Reader(PAYMENT_FEATURES, {"device_id", "mcc", "is_rooted"})
        payment = make_transaction(device=None, merchant=None)
        known, lost = reader.read(payment, make_features(is_rooted=None).values)
        assert known == {}
        assert lost == frozenset()


class TestFeaturesWithoutValue:
    USES = frozenset({"device_count_1h", "terminal_risk_7d", "speed_kmh", "is_rooted"})

    def test_are_not_applicable_while_the_store_answers(self, make_features):
        gone = dict.fromkeys(self.USES, None)
        _, lost = Reader(PAYMENT_FEATURES, self.USES).read(
            make_transaction(), make_features(**gone).values
        )
        assert lost == frozenset()

    def test_are_lost_when_not_even_the_accounts_velocity_is_known(self, make_features):
        gone = dict.fromkeys(self.USES | {WITNESS}, None)
        _, lost = Reader(PAYMENT_FEATURES, self.USES).read(
            make_transaction(), make_features(**gone).values
        )
        assert lost == self.USES - {"is_rooted"}


class TestFieldsOfAcceptance:
    def test_give_what_the_payment_brings(self):
        payment = make_transaction(
            authentication={
                "three_ds": {"status": "N", "eci": "07"},
                "exemption": {"asked": "low_value"},
                "cvc": "no_match",
            },
            initiator={"party": "merchant", "series_id": "sub-1"},
            counterparty={"account": "c-1", "first_used_at": "2026-02-20T12:00:00Z"},
            contact={"email": f"email_{'0' * 32}", "email_domain": "example.com"},
            segment="business",
        )
        found = flat(payment)
        assert (found["three_ds_status"], found["three_ds_eci"]) == ("N", "07")
        assert (found["exemption_asked"], found["exemption_granted"]) == (
            "low_value",
            None,
        )
        assert found["cvc_result"] == "no_match"
        assert found["series_id"] == "sub-1"
        assert found["beneficiary_days"] == 10
        assert found["email_domain"] == "example.com"
        assert found["segment"] == "business"

    def test_are_absent_where_the_payment_has_none(self):
        found = flat(make_transaction(counterparty={"account": "c-1"}))
        assert found["three_ds_status"] is None
        assert found["beneficiary_days"] is None
        assert found["email"] is None
