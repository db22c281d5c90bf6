import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from fraud_engines.rules.ruleset import RulesetError, load
from fraud_features.definitions.registry import PAYMENT_FEATURES

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def rules(*rows: str, head: str = "name: test\nversion: 3") -> bytes:
    return f"{head}\nrules:\n{''.join(f'  - {row}{chr(10)}' for row in rows)}".encode()


def row(when="amount_minor > 100", **overrides):
    fields = {
        "id": "R-001",
        "version": 7,
        "state": "live",
        "effect": "FLAG",
        "severity": "low",
        "reason": "odd",
        "when": f'"{when}"',
        **overrides,
    }
    return "{" + ", ".join(f"{name}: {value}" for name, value in fields.items()) + "}"


def problems(body: bytes):
    with pytest.raises(RulesetError) as caught:
        load(body, PAYMENT_FEATURES)
    return dict(caught.value.problems)


class TestTheShippedRuleset:
    def test_has_enough_rules_of_every_state(self, ruleset):
        states = [rule.state for rule in ruleset.rules]
        assert states.count("live") >= 28
        assert {"shadow", "draft"} <= set(states)

    def test_blocks_only_on_lists_scripts_and_emulators(self, ruleset):
        blocks = {r.ref for r in ruleset.rules if r.effect == "BLOCK"}
        lists = {f"R-{n:03}@1" for n in range(1, 7)} | {"R-007@2"}
        assert blocks == lists | {"R-012@1", "R-013@1", "R-030@1"}


class TestVersions:
    def test_name_the_content_of_the_file(self):
        body = rules(row())
        loaded = load(body, PAYMENT_FEATURES)
        assert loaded.content_hash == hashlib.sha256(body).hexdigest()
        assert loaded.version == f"test@3+{loaded.content_hash[:8]}"
        assert loaded.rules[0].ref == "R-001@7"

    def test_change_with_any_change(self):
        one, two = (
            load(rules(row()), PAYMENT_FEATURES),
            load(rules(row(severity="high")), PAYMENT_FEATURES),
        )
        assert one.version != two.version


class TestARulesetIsRefused:
    def test_with_every_wrong_rule_and_why(self):
        found = problems(
            rules(
                row("acount_count_1h > 3"),
                row("speed_kmh > 3", id="R-002"),
                row("amount_minor > 3", id="R-003"),
                row("amount_minor + 3", id="R-004"),
                row("in_nowhere(account_id)", id="R-005"),
            )
        )
        assert set(found) == {"R-001", "R-002", "R-004", "R-005"}
        assert "acount_count_1h" in found["R-001"]
        assert "written 5.0" in found["R-002"]

    def test_when_drafts_do_not_compile_either(self):
        assert set(problems(rules(row("nope", state="draft")))) == {"R-001"}

    def test_when_an_id_is_used_twice(self):
        assert "twice" in problems(rules(row(), row()))["R-001"]

    @pytest.mark.parametrize(
        ("change", "place"),
        [
            ({"id": "14"}, "rules.0.id"),
            ({"state": "on"}, "rules.0.state"),
            ({"effect": "ALLOW"}, "rules.0.effect"),
            ({"version": 0}, "rules.0.version"),
            ({"colour": "red"}, "rules.0.colour"),
            ({"snoozed_until": "2026-01-01T00:00:00"}, "rules.0.snoozed_until"),
        ],
    )
    def test_when_a_field_is_not_as_documented(self, change, place):
        assert place in problems(rules(row(**change)))

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"name: test",
            b"\xff",
            b"a: [",
            b"name: a\nname: b",
            b"a: &x 1\nb: *x",
            b"!!python/object/apply:os.system ['true']",
            b"[" * 5000,
        ],
    )
    def test_when_it_is_no_ruleset_at_all(self, body):
        assert problems(body)

    @pytest.mark.parametrize(
        "reason", ["'{nope}'", "'{amount_minor:x}'", "'{account_id}'", "'{'", "'{}'"]
    )
    def test_when_a_reason_shows_what_it_may_not(self, reason):
        assert "reason" in problems(rules(row(reason=reason)))["R-001"]


class TestReasons:
    def test_show_the_payments_values(self):
        text = "'{amount_minor} and {speed_kmh}, {is_pos}, {mcc_risk_group}'"
        rule = load(rules(row(reason=text)), PAYMENT_FEATURES).rules[0]
        values = {"amount_minor": 4250, "speed_kmh": 1234.567, "is_pos": True}
        assert rule.reason(values) == "4250 and 1235, true, unknown"


class TestSnoozing:
    def test_keeps_a_live_rule_from_acting_until_it_ends(self):
        until = (NOW + timedelta(hours=1)).isoformat()
        rule = load(rules(row(snoozed_until=f"'{until}'")), PAYMENT_FEATURES).rules[0]
        assert not rule.acts(NOW)
        assert rule.acts(NOW + timedelta(hours=1))

    def test_accepts_a_yaml_timestamp(self):
        rule = load(
            rules(row(snoozed_until="2026-03-02T13:00:00Z")), PAYMENT_FEATURES
        ).rules[0]
        assert rule.row.snoozed_until == NOW + timedelta(hours=1)


class TestListEntries:
    @staticmethod
    def ruleset(entries: str, when: str) -> bytes:
        head = (
            f"name: test\nversion: 3\nlists:\n  some: {{description: d, "
            f"entries: [{entries}]}}"
        )
        return rules(row(when), head=head)

    @pytest.mark.parametrize(
        ("entry", "field", "written"),
        [
            ("IRN", "merchant_country", "IR"),
            ("'364'", "location_country", "IR"),
            ('"Iran, Islamic Republic of"', "customer_country", "IR"),
            ("DE89 3704 0044 0532 0130 00", "account_id", "DE89370400440532013000"),
            (
                "de89370400440532013000",
                "counterparty_account",
                "DE89370400440532013000",
            ),
            ("'411111'", "card_bin", "411111"),
            ("'41111111'", "card_bin_8", "41111111"),
            ("eur", "currency", "EUR"),
            ("card-1", "card_token", "card-1"),
        ],
    )
    def test_entry_in_another_form_matches(self, entry, field, written):
        loaded = load(self.ruleset(entry, f"in_some({field})"), PAYMENT_FEATURES)
        activation = loaded.language.activation({field: written})
        assert loaded.rules[0].expression.truth(activation) is True

    @pytest.mark.parametrize(
        ("entry", "field"),
        [
            ("'41111111'", "card_bin"),
            ("'411111'", "card_bin_8"),
            ("'4111'", "card_bin"),
            ("Atlantis", "merchant_country"),
            ("XYZ", "currency"),
            ("'54110'", "mcc"),
            ("203.0.113.7", "ip"),
        ],
    )
    def test_entry_that_no_field_can_equal_is_refused(self, entry, field):
        found = problems(self.ruleset(entry, f"in_some({field})"))
        assert found == {"lists.some.entries.0": f"line 4: can never equal {field}"}

    def test_list_of_both_lengths_asked_about_both_matches(self):
        when = "in_some(card_bin) || in_some(card_bin_8)"
        loaded = load(self.ruleset("'400000', '41111111'", when), PAYMENT_FEATURES)
        expression = loaded.rules[0].expression
        for values in ({"card_bin": "400000"}, {"card_bin_8": "41111111"}):
            assert expression.truth(loaded.language.activation(values)) is True

    def test_card_number_in_list_is_refused_and_not_repeated(self):
        found = problems(self.ruleset("4111-1111-1111-1111", "in_some(card_token)"))
        assert list(found) == ["lists.some.entries.0"]
        assert "4111" not in str(found)
