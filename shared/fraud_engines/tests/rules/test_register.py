"""Lists and snoozes that people edit: what they are compared with, and what outweighs what."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from fraud_engines.rules.engine import evaluate
from fraud_engines.rules.register import Register
from fraud_engines.rules.ruleset import load
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_shared.contracts.entries import Marker, entry_value, network_text
from fraud_shared.testing.factories import make_transaction

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_ids = count(1)


def marker(on, kind, value, **more):
    fields = {"expires_at": None, "ended": False} | more
    return Marker(
        marker_id=f"e-{next(_ids)}",
        on=on,
        kind=kind,
        value=entry_value(kind, value),
        **fields,
    )


def rows(*rules):
    found = ["name: t", "version: 1", "rules:"]
    for number, rule in enumerate(rules, 1):
        found.append(
            f"- {{id: R-{number:03}, version: 1, severity: high, reason: odd, {rule}}}"
        )
    return "\n".join(found).encode()


HARD = "state: live, effect: BLOCK, tier: hard, when: is_ecommerce"
BLOCK = "state: live, effect: BLOCK, when: is_ecommerce"
FLAG = "state: live, effect: FLAG, when: is_ecommerce"
NEVER = "state: live, effect: FLAG, when: is_atm"


@pytest.fixture
def run(make_features):
    def evaluated(rules, *markers, now=NOW, vector=None, **payment):
        ruleset = load(rows(*rules), PAYMENT_FEATURES)
        ruleset.register.apply(markers, 7)
        given = make_features(**(vector or {}))
        return evaluate(ruleset, make_transaction(**payment), given, now)

    return evaluated


DENY = marker("deny", "account", "acc-1")
ALLOW = marker("allow", "account", "acc-1")
WATCH = marker("watch", "account", "acc-1")


class TestPriority:
    @pytest.mark.parametrize(
        ("rules", "markers", "flag", "overridden"),
        [
            ([HARD, BLOCK, FLAG], [ALLOW], "BLOCK", 3),
            ([BLOCK, FLAG], [ALLOW], "ALLOW", 3),
            ([BLOCK, FLAG], [], "BLOCK", 0),
            ([FLAG], [], "FLAG", 0),
            ([FLAG], [ALLOW], "ALLOW", 2),
            ([NEVER], [DENY], "BLOCK", 0),
            ([NEVER], [DENY, ALLOW], "BLOCK", 1),
            ([NEVER], [WATCH], "FLAG", 0),
            ([NEVER], [WATCH, ALLOW], "ALLOW", 2),
            ([NEVER], [ALLOW], "ALLOW", 1),
            ([NEVER], [], "ALLOW", 0),
        ],
    )
    def test_is_hard_block_then_allow_then_block_then_flag(
        self, run, rules, markers, flag, overridden
    ):
        result = run(rules, *markers)
        assert result.rules_flag == flag
        assert len(result.overridden) == overridden

    def test_only_what_stands_is_a_hit(self, run):
        result = run([HARD, BLOCK, FLAG], ALLOW)
        assert [hit.rule for hit in result.hits] == ["R-001@1"]
        names = [hit.rule.partition("@")[0] for hit in result.overridden]
        assert names == ["R-002", "R-003", "L-ALLOW-ACCOUNT"]

    def test_a_failing_hard_rule_is_not_outweighed(self, run):
        failing = "10 / account_count_5m > 1"
        rule = f"state: live, effect: BLOCK, tier: hard, when: {failing}"
        result = run([rule], ALLOW, vector={"account_count_5m": 0})
        assert result.rules_flag == "FLAG"


class TestFailingRules:
    @pytest.mark.parametrize(
        ("rule", "flag"),
        [
            ("state: live, effect: FLAG", "FLAG"),
            ("state: live, effect: BLOCK", "FLAG"),
            ("state: live, effect: BLOCK, on_error: BLOCK", "BLOCK"),
            ("state: shadow, effect: BLOCK, on_error: BLOCK", "ALLOW"),
        ],
    )
    def test_make_the_result_what_on_error_says(self, run, rule, flag):
        rule = f"{rule}, when: 10 / account_count_5m > 1"
        result = run([rule], vector={"account_count_5m": 0})
        assert result.rules_flag == flag
        (hit,) = (*result.hits, *result.shadow)
        assert hit.kind == "error"
        assert result.errors == (("R-001@1",) if "live" in rule else ())

    def test_never_say_more_than_high_without_on_error(self, make_features):
        rule = "state: live, effect: BLOCK, when: 10 / account_count_5m > 1"
        body = rows(rule).replace(b"severity: high", b"severity: critical")
        ruleset = load(body, PAYMENT_FEATURES)
        result = evaluate(
            ruleset, make_transaction(), make_features(account_count_5m=0), NOW
        )
        assert [hit.severity for hit in result.hits] == ["high"]


class TestEveryKind:
    @pytest.mark.parametrize(
        ("kind", "value", "payment"),
        [
            ("account", "DE89 3704 0044 0532 0130 00", {"account_id": "DE89370400440532013000"}),
            ("card_token", "card-9", {"card": {"token": "card-9"}}),
            ("device", "dev-9", {"device": {"device_id": "dev-9"}}),
            ("ip", "ip_0123", {"device": {"ip": "ip_0123"}}),
            ("ip", "198.51.100.7/24", {"device": {"networks": ["198.51.100.0/24"]}}),
            ("merchant", "mer-9", {"merchant": {"merchant_id": "mer-9"}}),
            ("terminal", "ter-9", {"merchant": {"terminal_id": "ter-9"}}),
            ("country", "Brazil", {"merchant": {"country": "BR"}}),
            ("country", "BRA", {"location": {"country": "BR"}}),
            ("country", "BR", {"counterparty": {"country": "BR"}}),
            ("bin", "411111", {"card": {"bin": "41111122"}}),
            ("bin", "41111122", {"card": {"bin": "41111122"}}),
            ("email_domain", "x@Bücher.example", {"account_id": "a@xn--bcher-kva.example"}),
            ("email_domain", "mail.example.", {"features": {"P_emaildomain": "Mail.example"}}),
            ("counterparty", "acc-9", {"counterparty": {"account": "acc-9"}}),
        ],
    )  # fmt: skip
    def test_is_compared_with_its_entity(self, run, kind, value, payment):
        entry = marker("deny", kind, value)
        assert run([NEVER], entry, **payment).rules_flag == "BLOCK"
        assert run([NEVER], entry).rules_flag == "ALLOW"

    def test_allowing_a_country_asks_for_all_countries(self, run):
        allow = marker("allow", "country", "FR")
        assert run([FLAG], allow).rules_flag == "ALLOW"
        other = {"counterparty": {"country": "BR"}}
        assert run([FLAG], allow, **other).rules_flag == "FLAG"


class TestForms:
    @pytest.mark.parametrize(
        ("text", "written"),
        [
            ("198.51.100.7/24", "198.51.100.0/24"),
            ("::ffff:198.51.100.7/120", "198.51.100.0/24"),
            ("2001:DB8:0:0::1/48", "2001:db8::/48"),
        ],
    )
    def test_of_a_network_are_one(self, text, written):
        assert network_text(text) == written

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            ("ip", "0.0.0.0/0"),
            ("ip", "::/4"),
            ("ip", "nowhere"),
            ("country", "Atlantis"),
            ("bin", "4111"),
            ("bin", "41111٢"),
            ("email_domain", "localhost"),
            ("card_token", "4111 1111 1111 1111"),
            ("account", "   "),
        ],
    )
    def test_that_no_payment_can_have_are_refused(self, kind, value):
        with pytest.raises(ValueError, match=r"\w") as caught:
            entry_value(kind, value)
        assert value.strip() == "" or value not in str(caught.value)


class TestTime:
    def test_an_entry_ends_when_it_expires(self, run):
        entry = marker("deny", "account", "acc-1", expires_at=NOW)
        before = NOW - timedelta(seconds=1)
        assert run([NEVER], entry, now=before).rules_flag == "BLOCK"
        assert run([NEVER], entry, now=NOW).rules_flag == "ALLOW"

    def test_an_entry_that_was_taken_off_no_longer_counts(self, run):
        entry = marker("deny", "account", "acc-1")
        ended = entry.model_copy(update={"ended": True})
        assert run([NEVER], entry, ended).rules_flag == "ALLOW"

    def test_what_expired_takes_no_room(self):
        register = Register()
        register.apply(
            [DENY, marker("watch", "bin", "411111", expires_at=NOW)], revision=3
        )
        register.expire(NOW)
        assert (len(register), register.revision) == (1, 3)

    def test_the_revision_is_in_the_result(self, run):
        assert run([NEVER], DENY).entries == 7


class TestSnoozes:
    SNOOZE = marker("R-001", "account", "acc-1", expires_at=NOW + timedelta(hours=1))

    def test_keep_one_rule_from_acting_on_one_entity(self, run):
        result = run([FLAG, FLAG], self.SNOOZE)
        assert [hit.rule for hit in result.hits] == ["R-002@1"]
        assert [hit.rule for hit in result.shadow] == ["R-001@1"]
        assert len(run([FLAG], self.SNOOZE, account_id="acc-2").hits) == 1

    def test_end_by_themselves(self, run):
        later = NOW + timedelta(hours=1)
        assert len(run([FLAG], self.SNOOZE, now=later).hits) == 1

    def test_do_not_hold_for_a_hard_rule(self, run):
        assert run([HARD], self.SNOOZE).rules_flag == "BLOCK"


class TestRulesThatAsk:
    @pytest.mark.parametrize(
        ("when", "entry", "payment"),
        [
            ("in_watch_account(account_id)", WATCH, {}),
            (
                "in_watch_ip(ip)",
                marker("watch", "ip", "198.51.100.0/24"),
                {"device": {"networks": ["198.51.100.0/24"]}},
            ),
        ],
    )
    def test_see_the_lists_as_they_are(self, run, when, entry, payment):
        rule = f"state: live, effect: BLOCK, when: {when}"
        assert run([rule], entry, **payment).rules_flag == "BLOCK"
        assert run([rule], **payment).rules_flag == "ALLOW"
