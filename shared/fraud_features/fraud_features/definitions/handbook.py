"""The features of the handbook's payments: cards at terminals, nothing else is known.

The first fourteen are the handbook's own derived inputs (Le Borgne et al., chapter 3), from
the same windows as every other set; where it reads an empty window as risk 0, this set says
unknown.
"""

from fraud_features.definitions.payment_features import Row

HANDBOOK_VERSION = "1"

# fmt: off
_OWN: tuple[Row, ...] = (
    ("is_weekend", "bool", "transaction", "weekday >= 5", "", "Saturday or Sunday"),
    ("is_night", "bool", "transaction", "hour <= 6", "", "00:00 to 06:59"),
    ("account_count_1d", "int", "velocity", "account_n_24h", "payments", "payments with the card in the last 24h"),
    ("account_mean_1d", "float", "velocity", "ratio(account_total_24h, account_n_24h)", "EUR cents", "mean amount with the card in the last 24h"),
    ("account_count_7d", "int", "velocity", "account_n_7d", "payments", "payments with the card in the last 7d"),
    ("account_mean_7d", "float", "velocity", "ratio(account_total_7d, account_n_7d)", "EUR cents", "mean amount with the card in the last 7d"),
    ("account_count_30d", "int", "velocity", "account_n_30d", "payments", "payments with the card in the last 30d"),
    ("account_mean_30d", "float", "velocity", "ratio(account_total_30d, account_n_30d)", "EUR cents", "mean amount with the card in the last 30d"),
    ("terminal_delayed_count_1d", "int", "risk", "minus(terminal_n_8d, terminal_n_7d)", "payments", "payments at the terminal in the day that ended 7d ago"),
    ("terminal_risk_1d", "float", "risk", "share(terminal_frauds_24h, terminal_n_8d, terminal_n_7d)", "share", "share of those labelled fraud"),
    ("terminal_delayed_count_7d", "int", "risk", "minus(terminal_n_14d, terminal_n_7d)", "payments", "payments at the terminal in the 7d that ended 7d ago"),
    ("terminal_risk_7d", "float", "risk", "share(terminal_frauds_7d, terminal_n_14d, terminal_n_7d)", "share", "share of those labelled fraud"),
    ("terminal_delayed_count_30d", "int", "risk", "minus(terminal_n_37d, terminal_n_7d)", "payments", "payments at the terminal in the 30d that ended 7d ago"),
    ("terminal_risk_30d", "float", "risk", "share(terminal_frauds_30d, terminal_n_37d, terminal_n_7d)", "share", "share of those labelled fraud"),
)
_FURTHER: tuple[Row, ...] = (
    ("amount_ref_minor", "int", "transaction", "amount", "EUR cents", "amount in the reference currency"),
    ("hour_of_day", "int", "transaction", "hour", "hour, UTC", "0 to 23"),
    ("day_of_week", "int", "transaction", "weekday", "day, UTC", "0 is Monday"),
    ("history_payments", "int", "profile", "history_payments", "payments", "payments of the card known before this one"),
    ("typical_amount", "float", "profile", "ratio(typical_sum, typical_n)", "EUR cents", "mean amount of the card before this payment"),
    ("amount_over_typical", "float", "profile", "ratio(amount, typical_amount)", "ratio", "amount over the card's mean before this payment"),
    ("amount_zscore", "float", "profile", "zscore(amount, typical_n, typical_sum, squares_hi, squares_lo)", "deviations", "amount against the card's amounts before this payment; unknown below 5 of them"),
    ("mean_7d_over_30d", "float", "velocity", "ratio(account_mean_7d, account_mean_30d)", "ratio", "the card's mean amount of a week over that of a month"),
    ("account_max_7d", "int", "velocity", "account_top_7d", "EUR cents", "largest amount with the card in the last 7d"),
    ("account_max_30d", "int", "velocity", "account_top_30d", "EUR cents", "largest amount with the card in the last 30d"),
    ("max_7d_over_typical", "float", "velocity", "ratio(account_top_7d, typical_amount)", "ratio", "that amount of the week over the card's mean before this payment"),
    ("seconds_since_last_payment", "float", "profile", "seconds(t, last_t)", "s", "since the card's newest payment"),
    ("first_seen_merchant", "bool", "profile", "first_seen(account_merchant_known, history_payments)", "", "the card was not used at this terminal before"),
    ("terminal_count_1d", "int", "velocity", "terminal_n_24h", "payments", "payments at the terminal in the last 24h"),
    ("terminal_count_7d", "int", "velocity", "terminal_n_7d", "payments", "payments at the terminal in the last 7d"),
    ("terminal_mean_7d", "float", "velocity", "ratio(terminal_total_7d, terminal_n_7d)", "EUR cents", "mean amount at the terminal in the last 7d"),
    ("terminal_delayed_frauds_1d", "int", "risk", "terminal_frauds_24h", "payments", "payments labelled fraud in the day that ended 7d ago"),
    ("terminal_delayed_frauds_7d", "int", "risk", "terminal_frauds_7d", "payments", "payments labelled fraud in the 7d that ended 7d ago"),
    ("terminal_delayed_frauds_30d", "int", "risk", "terminal_frauds_30d", "payments", "payments labelled fraud in the 30d that ended 7d ago"),
)

# fmt: on
OWN_INPUTS: tuple[str, ...] = tuple(row[0] for row in _OWN)
HANDBOOK_ROWS: tuple[Row, ...] = _OWN + _FURTHER
