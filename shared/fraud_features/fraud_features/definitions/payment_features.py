"""The bank's features: one row each, in the order of the vector.

name, type, source, expression, unit, description. Names in an expression are facts of the
payment (`facts.Facts`), integers of the online store (`schema.SLOTS`), functions of
`maths`, or features above. Every aggregate includes the current payment unless the
description says "before".
"""

from typing import Literal

PAYMENT_FEATURES_VERSION = "2"
# What a value cannot be beyond. No part of the definitions: it says when one is wrong.
BANK_LIMITS: dict[str, tuple[float, float]] = {
    "hour_of_day": (0, 23),
    "day_of_week": (0, 6),
    "mcc_risk_group": (0, 3),
}

Row = tuple[
    str,
    Literal["int", "float", "bool"],
    Literal["transaction", "velocity", "profile", "risk", "request"],
    str,
    str,
    str,
]

# One line a feature reads as the table it is.
# fmt: off
_TRANSACTION: tuple[Row, ...] = (
    ("amount_ref_minor", "int", "transaction", "amount", "EUR cents", "amount in the reference currency"),
    ("is_round_amount", "bool", "transaction", "round_amount", "", "a whole multiple of ten units of its currency"),
    ("hour_of_day", "int", "transaction", "hour", "hour, UTC", "0 to 23"),
    ("day_of_week", "int", "transaction", "weekday", "day, UTC", "0 is Monday"),
    ("is_weekend", "bool", "transaction", "weekday >= 5", "", "Saturday or Sunday, UTC"),
    ("is_night", "bool", "transaction", "hour <= 6", "", "00:00 to 06:59 UTC"),
    ("is_card_payment", "bool", "transaction", "kind == 'card_payment'", "", "kind of payment"),
    ("is_transfer", "bool", "transaction", "kind == 'transfer'", "", "kind of payment"),
    ("is_withdrawal", "bool", "transaction", "kind == 'withdrawal'", "", "kind of payment"),
    ("is_refund", "bool", "transaction", "kind == 'refund'", "", "kind of payment"),
    ("is_account_verification", "bool", "transaction", "kind == 'account_verification'", "", "kind of payment"),
    ("is_payout", "bool", "transaction", "kind == 'payout'", "", "kind of payment"),
    ("is_pos", "bool", "transaction", "channel == 'pos'", "", "channel"),
    ("is_ecommerce", "bool", "transaction", "channel == 'ecommerce'", "", "channel"),
    ("is_atm", "bool", "transaction", "channel == 'atm'", "", "channel"),
    ("is_mobile", "bool", "transaction", "channel == 'mobile'", "", "channel"),
    ("is_online_banking", "bool", "transaction", "channel == 'online_banking'", "", "channel"),
    ("is_magstripe", "bool", "transaction", "entry_mode and entry_mode == 'magstripe'", "", "card entry mode"),
    ("is_manual_entry", "bool", "transaction", "entry_mode and entry_mode == 'manual'", "", "card entry mode"),
    ("mcc_risk_group", "int", "transaction", "mcc_group", "group", "0 ordinary to 3 as good as cash, by merchant category"),
    ("cross_border", "bool", "transaction", "differs(country, customer_country)", "", "made outside the customer's country"),
    ("counterparty_cross_border", "bool", "transaction", "differs(counterparty_country, customer_country)", "", "the receiver's country is not the customer's"),
    ("failed_logins_1h", "int", "transaction", "failed_logins", "logins", "failed logins in the last hour"),
    ("seconds_since_login", "int", "transaction", "login_seconds", "s", "since the login behind the payment"),
    ("is_new_device", "bool", "transaction", "new_device", "", "the channel has not seen this device before"),
    ("days_since_password_change", "int", "transaction", "password_days", "days", "since the last change of password"),
    ("two_factor", "bool", "transaction", "second_factor", "", "the session passed a second factor"),
    ("is_emulator", "bool", "transaction", "emulator", "", "the device is an emulator"),
    ("is_rooted", "bool", "transaction", "rooted", "", "the device is rooted or jailbroken"),
    ("is_merchant_initiated", "bool", "transaction", "initiator and initiator == 'merchant'", "", "the merchant sets it off, on file"),
    ("is_agent_initiated", "bool", "transaction", "initiator and initiator == 'agent'", "", "software sets it off for the customer"),
    ("is_recurring", "bool", "transaction", "recurring", "", "part of a recurring series"),
    ("three_ds_authenticated", "bool", "transaction", "three_ds_status and three_ds_status == 'Y'", "", "3-D Secure authenticated the payer"),
    ("three_ds_frictionless", "bool", "transaction", "three_ds_flow and three_ds_flow == 'frictionless'", "", "3-D Secure without a challenge"),
    ("liability_shift", "bool", "transaction", "liability_shifted", "", "the issuer bears a fraud"),
    ("avs_mismatch", "bool", "transaction", "avs and avs == 'no_match'", "", "the billing address is not the card's"),
    ("cvc_mismatch", "bool", "transaction", "cvc and cvc == 'no_match'", "", "the security code was wrong"),
    ("payee_mismatch", "bool", "transaction", "payee and payee == 'no_match'", "", "the receiver's name is not that of the account"),
    ("network_token", "bool", "transaction", "tokenised", "", "a network token stands for the card"),
    ("remote_access", "bool", "transaction", "remote_screen", "", "remote-access software on the device"),
    ("call_in_progress", "bool", "transaction", "on_the_phone", "", "the customer is on the telephone"),
    ("beneficiary_age_seconds", "float", "transaction", "at_most(seconds(t, beneficiary_t), 2592000)", "s", "since the payer first used the beneficiary, up to 30 days"),
    ("shipping_elsewhere", "bool", "transaction", "differs(shipping_address, billing_address)", "", "the goods do not go where the bill goes"),
)


def _counts(entity: str, windows: str, what: str) -> tuple[Row, ...]:
    return tuple(
        (
            f"{entity}_count_{w}",
            "int",
            "velocity",
            f"{entity}_n_{w}",
            "payments",
            f"payments {what} in the last {w}",
        )
        for w in windows.split()
    )


def _sums(entity: str, windows: str, what: str) -> tuple[Row, ...]:
    return tuple(
        (
            f"{entity}_sum_{w}",
            "int",
            "velocity",
            f"{entity}_total_{w}",
            "EUR cents",
            f"amount {what} in the last {w}",
        )
        for w in windows.split()
    )


def _means(entity: str, windows: str, what: str) -> tuple[Row, ...]:
    return tuple(
        (
            f"{entity}_mean_{w}",
            "float",
            "velocity",
            f"ratio({entity}_total_{w}, {entity}_n_{w})",
            "EUR cents",
            f"mean amount {what} in the last {w}",
        )
        for w in windows.split()
    )


def _distinct(owner: str, plural: str, windows: str, what: str) -> tuple[Row, ...]:
    return tuple(
        (
            f"{owner}_distinct_{plural}_{w}",
            "int",
            "velocity",
            f"{owner}_distinct_{plural}_in_{w}",
            plural,
            f"different {what} in the last {w}",
        )
        for w in windows.split()
    )


_VELOCITY: tuple[Row, ...] = (
    *_counts("account", "5m 1h 24h 7d 30d", "by the account"),
    *_sums("account", "1h 24h 7d 30d", "paid by the account"),
    *_means("account", "24h 7d 30d", "paid by the account"),
    ("account_max_30d", "int", "velocity", "account_top_30d", "EUR cents", "largest amount paid by the account in the last 30d"),
    *_distinct("account", "merchants", "24h", "merchants paid by the account"),
    *_distinct("account", "countries", "24h", "countries the account paid in"),
    *_distinct(
        "account", "counterparties", "24h 7d", "receivers paid by the account (fan-out)"
    ),
    *_distinct("account", "devices", "7d", "devices used by the account"),
    *_counts("card", "5m 1h 24h 7d", "with the card"),
    *_sums("card", "1h 24h", "paid with the card"),
    ("card_small_amount_count_1h", "int", "velocity", "card_small_n_1h", "payments", "payments of at most 5 euro with the card in the last 1h (card testing)"),
    *_distinct("card", "merchants", "1h", "merchants paid with the card"),
    *_counts("device", "1h 24h", "from the device"),
    *_sums("device", "24h", "paid from the device"),
    *_distinct("device", "accounts", "24h", "accounts paying from the device"),
    *_distinct("device", "cards", "24h", "cards used on the device"),
    *_counts("ip", "5m 1h 24h", "from the address"),
    *_distinct("ip", "accounts", "1h 24h", "accounts paying from the address"),
    *_distinct("ip", "cards", "1h", "cards used from the address"),
    *_counts("merchant", "1h 24h", "to the merchant"),
    *_means("merchant", "7d", "paid to the merchant"),
    ("amount_over_merchant_mean_7d", "float", "velocity", "ratio(amount, merchant_mean_7d)", "ratio", "amount over the merchant's mean in the last 7d"),
    ("merchant_small_amount_count_1h", "int", "velocity", "merchant_small_n_1h", "payments", "card payments of at most 5 euro to the merchant in the last 1h"),
    *_counts("terminal", "24h 7d", "at the terminal"),
    *_means("terminal", "7d", "paid at the terminal"),
    ("amount_over_terminal_mean_7d", "float", "velocity", "ratio(amount, terminal_mean_7d)", "ratio", "amount over the terminal's mean in the last 7d"),
    *_counts("counterparty", "24h 7d", "to the receiver"),
    *_sums("counterparty", "24h", "paid to the receiver"),
    *_distinct(
        "counterparty",
        "accounts",
        "24h 7d",
        "accounts paying the receiver (mule fan-in)",
    ),
    ("account_received_sum_24h", "int", "velocity", "received_total_24h", "EUR cents", "amount the paying account itself received in the last 24h"),
    ("account_out_over_in_24h", "float", "velocity", "ratio(account_total_24h, received_total_24h)", "ratio", "amount paid over amount received by the account in the last 24h (mule pass-through)"),
)

_PROFILE: tuple[Row, ...] = (
    ("history_payments", "int", "profile", "history_payments", "payments", "payments of the account known before this one"),
    ("account_age_seconds", "float", "profile", "at_most(seconds(t, first_t), 2592000)", "s", "since the account was first seen, up to 30 days: beyond, it would only tell the date; unknown for its first payment"),
    ("typical_amount", "float", "profile", "ratio(typical_sum, typical_n)", "EUR cents", "mean amount of the account before this payment"),
    ("amount_over_typical", "float", "profile", "ratio(amount, typical_amount)", "ratio", "amount over the account's mean before this payment"),
    ("amount_zscore", "float", "profile", "zscore(amount, typical_n, typical_sum, squares_hi, squares_lo)", "deviations", "amount against the account's amounts before this payment; unknown below 5 of them"),
    ("amount_over_max_30d", "float", "velocity", "ratio(amount, account_top_30d)", "ratio", "amount over the account's largest in the last 30d; 1 is a new largest"),
    ("sum_24h_over_daily_30d", "float", "velocity", "ratio(account_total_24h, ratio(account_total_30d, 30))", "ratio", "amount of the last 24h over the account's daily mean in the last 30d"),
    ("seconds_since_last_payment", "float", "profile", "seconds(t, last_t)", "s", "since the account's newest payment; unknown when this one is late"),
    ("km_from_last_payment", "float", "profile", "distance_km(lat, lon, last_lat, last_lon)", "km", "great-circle distance from the account's last located payment"),
    ("speed_kmh", "float", "profile", "speed(km_from_last_payment, seconds(t, located_t))", "km/h", "speed needed since the last located payment (impossible travel)"),
    ("first_seen_device", "bool", "profile", "first_seen(account_device_known, history_payments)", "", "the account has not used this device before; unknown without history"),
    ("first_seen_country", "bool", "profile", "first_seen(account_country_known, history_payments)", "", "the account has not paid in this country before; unknown without history"),
    ("first_seen_merchant", "bool", "profile", "first_seen(account_merchant_known, history_payments)", "", "the account has not paid this merchant before; unknown without history"),
    ("first_seen_counterparty", "bool", "profile", "first_seen(account_counterparty_known, history_payments)", "", "the account has not paid this receiver before; unknown without history"),
    ("first_seen_ip", "bool", "profile", "first_seen(account_ip_known, history_payments)", "", "the account has not used this address before; unknown without history"),
    ("hour_unusualness", "float", "profile", "unusual_hour(history_payments, hour_before, hour_same, hour_after)", "share", "share of earlier payments at other times of day; unknown below 10 of them"),
)

_RISK: tuple[Row, ...] = (
    ("terminal_delayed_count_1d", "int", "risk", "minus(terminal_n_8d, terminal_n_7d)", "payments", "payments at the terminal in the day that ended 7d ago"),
    ("terminal_delayed_count_7d", "int", "risk", "minus(terminal_n_14d, terminal_n_7d)", "payments", "payments at the terminal in the 7d that ended 7d ago"),
    ("terminal_delayed_count_30d", "int", "risk", "minus(terminal_n_37d, terminal_n_7d)", "payments", "payments at the terminal in the 30d that ended 7d ago"),
    ("terminal_risk_1d", "float", "risk", "share(terminal_frauds_24h, terminal_n_8d, terminal_n_7d)", "share", "share of those payments labelled fraud, day that ended 7d ago"),
    ("terminal_risk_7d", "float", "risk", "share(terminal_frauds_7d, terminal_n_14d, terminal_n_7d)", "share", "share labelled fraud, 7d that ended 7d ago"),
    ("terminal_risk_30d", "float", "risk", "share(terminal_frauds_30d, terminal_n_37d, terminal_n_7d)", "share", "share labelled fraud, 30d that ended 7d ago"),
    ("merchant_risk_30d", "float", "risk", "share(merchant_frauds_30d, merchant_n_37d, merchant_n_7d)", "share", "share labelled fraud at the merchant, 30d that ended 7d ago"),
    ("device_risk_30d", "float", "risk", "share(device_frauds_30d, device_n_37d, device_n_7d)", "share", "share labelled fraud from the device, 30d that ended 7d ago"),
    ("counterparty_risk_30d", "float", "risk", "share(counterparty_frauds_30d, counterparty_n_37d, counterparty_n_7d)", "share", "share labelled fraud to the receiver, 30d that ended 7d ago"),
)

# fmt: on
PAYMENT_FEATURE_ROWS: tuple[Row, ...] = _TRANSACTION + _VELOCITY + _PROFILE + _RISK
