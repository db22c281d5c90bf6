"""What the simulated world must hold to be worth learning from."""

import math
from collections import defaultdict
from datetime import timedelta
from statistics import median

import pytest

from fraud_ops.simulate import SimulationConfig, transactions
from fraud_ops.simulate.atlas import UNITS_PER_EUR
from fraud_shared.contracts.iso import CURRENCY_EXPONENT

CONFIG = SimulationConfig(seed=21, payments=40_000, fraud_rate=0.01)


@pytest.fixture(scope="module")
def payments():
    return transactions(CONFIG).payments


def test_no_token_and_no_id_can_be_taken_for_a_card_number(payments):
    tokens = {e.payment["card"]["token"] for e in payments if "card" in e.payment}
    tokens |= {
        e.payment["device"]["device_id"].partition("-")[2]
        for e in payments
        if "device" in e.payment
    }
    assert len(tokens) > 500
    assert not [token for token in tokens if any(c.isdigit() for c in token)]
    assert CONFIG.fingerprint.isalpha()


def of(payments, scenario):
    return [event for event in payments if event.scenario == scenario]


def euros(event):
    currency = event.payment["currency"]
    units = UNITS_PER_EUR[currency] * 10 ** CURRENCY_EXPONENT[currency]
    return event.payment["amount_minor"] / units


def distance_km(a, b):
    lat1, lon1, lat2, lon2 = map(math.radians, (*a, *b))
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 12_742 * math.asin(math.sqrt(half))


def fastest_kmh(payments):
    """The top speed between payments at terminals more than 100 km apart."""
    last, top = {}, defaultdict(float)
    for event in payments:
        body = event.payment
        if body["channel"] not in ("pos", "atm"):
            continue
        place = (body["location"]["lat"], body["location"]["lon"])
        if body["account_id"] in last:
            then, where = last[body["account_id"]]
            hours = max((event.occurred_at - then) / timedelta(hours=1), 0.05)
            km = distance_km(where, place)
            if km > 100:
                account = body["account_id"]
                top[account] = max(top[account], km / hours)
        last[body["account_id"]] = (event.occurred_at, place)
    return top


class TestHonestPeople:
    def test_nobody_travels_faster_than_an_airliner(self, payments):
        honest = [event for event in payments if not event.fraud]
        assert max(fastest_kmh(honest).values()) < 900

    def test_people_do_travel_abroad(self, payments):
        abroad = [
            event
            for event in payments
            if event.situation == "travel"
            and event.payment.get("location", {}).get("country")
            not in (None, event.payment["customer"]["country"])
        ]
        assert len(abroad) > 0.01 * len(payments)

    def test_nights_are_quiet(self, payments):
        night = sum(event.occurred_at.hour in (1, 2, 3) for event in payments)
        assert night < 0.04 * len(payments)

    def test_shops_are_busier_before_christmas(self, payments):
        def shopping(day_from, day_to):
            return sum(
                (day_from <= (event.occurred_at.month, event.occurred_at.day) <= day_to)
                and event.payment["kind"] == "card_payment"
                for event in payments
            )

        assert shopping((12, 8), (12, 21)) > 1.2 * shopping((11, 3), (11, 16))

    def test_a_new_phone_mostly_comes_with_two_factors(self, payments):
        fresh = [e.payment["session"] for e in payments if e.situation == "new_device"]
        assert len(fresh) > 50
        assert all(session["is_new_device"] for session in fresh)
        assert sum(session["two_factor"] for session in fresh) > 0.6 * len(fresh)

    def test_households_share_addresses(self, payments):
        owners = defaultdict(set)
        for event in payments:
            address = event.payment.get("device", {}).get("ip", "")
            if address.startswith("198.18."):
                owners[address].add(event.payment["account_id"])
        assert max(map(len, owners.values())) in (2, 3, 4)
        assert min(map(len, owners.values())) == 1

    def test_companies_send_runs_of_transfers(self, payments):
        sent = defaultdict(list)
        for event in payments:
            if event.situation == "business_run":
                sent[event.payment["account_id"]].append(event.occurred_at)
        runs = [
            later - sooner <= timedelta(minutes=30)
            for times in sent.values()
            for sooner, later in zip(times, times[4:], strict=False)
        ]
        assert sum(runs) > 20

    def test_large_honest_amounts_overlap_with_fraud(self, payments):
        fraud = median(euros(e) for e in of(payments, "large_amount"))
        honest = [e for e in payments if not e.fraud and euros(e) >= fraud]
        assert len(honest) > len(of(payments, "large_amount"))


class TestFraud:
    def test_large_amounts_are_large(self, payments):
        usual = median(euros(event) for event in payments if not event.fraud)
        assert median(euros(e) for e in of(payments, "large_amount")) > 8 * usual

    def test_a_compromised_terminal_hits_many_cards_for_days(self, payments):
        hit = defaultdict(list)
        for event in of(payments, "compromised_terminal"):
            hit[event.payment["merchant"]["terminal_id"]].append(event)
        busiest = max(hit.values(), key=len)
        assert len({e.payment["card"]["token"] for e in busiest}) >= 8
        length = busiest[-1].occurred_at - busiest[0].occurred_at
        assert length > timedelta(days=2)

    def test_stolen_cards_are_impossibly_fast_now_and_then(self, payments):
        victims = {
            e.payment["account_id"] for e in of(payments, "stolen_card_spending_jump")
        }
        speeds = fastest_kmh(payments)
        assert any(speeds.get(victim, 0.0) > 1_000 for victim in victims)

    def test_card_testing_is_a_burst_of_tiny_amounts_then_a_big_one(self, payments):
        tests = of(payments, "card_testing")
        amounts = [euros(event) for event in tests]
        assert sum(amount < 10 for amount in amounts) > 0.6 * len(tests)
        assert sum(amount > 50 for amount in amounts) > 0.1 * len(tests)
        assert all(e.payment["channel"] == "ecommerce" for e in tests)

    def test_a_taken_over_account_logs_in_unlike_its_owner(self, payments):
        taken = [e.payment["session"] for e in of(payments, "account_takeover")]
        failed = [session["failed_logins_1h"] > 0 for session in taken]
        assert sum(failed) > 0.4 * len(taken)
        assert sum(s["is_new_device"] for s in taken) > 0.6 * len(taken)
        assert not all(failed)

    def test_a_mule_is_paid_by_many_and_pays_out(self, payments):
        ring = [e.payment for e in of(payments, "mule_fan_in_out")]
        senders = defaultdict(set)
        for body in ring:
            senders[body["counterparty"]["account"]].add(body["account_id"])
        mule = max(senders, key=lambda account: len(senders[account]))
        assert len(senders[mule]) >= 3
        assert any(body["account_id"] == mule for body in ring)

    def test_a_listed_name_is_mangled_but_kept_recognisable(self, payments):
        listed = {name.lower() for name in CONFIG.listed_names}
        used = [
            e.payment["counterparty"]["name"]
            for e in of(payments, "sanctioned_counterparty")
        ]
        assert used
        assert all(name.lower() not in listed for name in used)

    def test_a_stolen_card_is_replaced(self, payments):
        stolen = of(payments, "stolen_card_spending_jump")
        tokens = {e.payment["card"]["token"] for e in stolen}
        last_use = {}
        for event in payments:
            token = event.payment.get("card", {}).get("token")
            if token in tokens:
                last_use[token] = event.occurred_at
        end = CONFIG.start + timedelta(days=CONFIG.days - 10)
        assert sum(at < end for at in last_use.values()) > 0.6 * len(last_use)
