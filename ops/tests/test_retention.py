"""The table of retention names everything that is kept, and the documents show it."""

import importlib
from datetime import timedelta

import pytest

from fraud_features.store.redis.lua_codegen import KINDS
from fraud_features.store.schema import PROFILE_TTL, REPLY_TTL, RISK_RETENTION
from fraud_ops.catalogues import retention_page, with_retention_settings
from fraud_ops.deploy.variables import fields_of
from fraud_shared.state.retaining import rules_of
from fraud_shared.state.retention import RETENTIONS
from fraud_shared.state.retention_declared import DECLARED

STORES = ("orchestrator", "action", "post_auth", "sanctions", "rules", "decision")
HEADER = "#--- How long things are kept; written by `fraud schemas`\n"


def tables_of(service: str):
    return importlib.import_module(f"fraud_{service}.tables").metadata.tables


class TestTable:
    @pytest.mark.parametrize("service", STORES)
    def test_names_every_table_of_every_service(self, service):
        rules = rules_of(service)
        named = {name for rule in rules for name in (rule.table, *rule.with_it)}
        named |= {d.what for d in DECLARED if d.place == f"{service}, SQL"}
        assert named == set(tables_of(service))

    @pytest.mark.parametrize("service", STORES)
    def test_columns_and_guards_are_of_the_tables(self, service):
        for rule in rules_of(service):
            table = tables_of(service)[rule.table]
            assert rule.column is None or rule.column in table.c, rule.what
            if rule.where is not None:
                assert str(rule.where(table)), rule.what
            keys = {column.name for column in table.primary_key}
            for name in rule.with_it:
                assert keys <= set(tables_of(service)[name].c.keys()), rule.what

    @pytest.mark.parametrize("service", STORES)
    def test_settings_have_its_defaults(self, service):
        fields = fields_of(service)
        for rule in rules_of(service):
            default = fields[f"FRAUD_{service}_{rule.setting}".upper()].default
            if not isinstance(default, timedelta):
                default = timedelta(days=default)
            assert default == rule.default, rule.what

    def test_redis_periods_are_those_of_the_online_store(self):
        kinds = {name: kind.retention for name, kind in KINDS.items()}
        others = [kinds[name] for name in ("device", "merchant", "terminal")]
        assert set(kinds) == {
            *("account", "card", "device", "ip"),
            *("merchant", "terminal", "counterparty"),
        }
        assert set(others) == {kinds["counterparty"]}
        lengths = {
            "e: accounts, profile and logs": kinds["account"],
            "e: cards": kinds["card"],
            "e: devices, merchants, terminals, counterparties": others[0],
            "e: addresses (IP)": kinds["ip"],
            "i: stand-in counts": PROFILE_TTL,
            "r: labelled frauds": RISK_RETENTION,
            "t: replies": REPLY_TTL,
        }
        said = {d.what: d.period for d in DECLARED if d.place == "Redis"}
        for what, length in lengths.items():
            assert said[what] == f"{length // 86_400_000_000} days", what

    def test_decisions_outlast_the_longest_window_of_the_online_store(self):
        (rule,) = (rule for rule in RETENTIONS if rule.what == "decisions")
        assert rule.least >= timedelta(microseconds=RISK_RETENTION)


class TestDocuments:
    def test_page_has_a_row_for_everything(self):
        page = retention_page()
        for rule in RETENTIONS:
            assert f"| {rule.what} |" in page
        for declared in DECLARED:
            assert f"| {declared.what} | {declared.period} |" in page

    def test_example_gets_every_setting_without_a_place_of_its_own(self):
        own = "# Days.\n#FRAUD_SANCTIONS_PARTY_RETENTION_DAYS=90\n\n"
        text = with_retention_settings(f"{own}{HEADER}STALE=1\n\n#--- Tests\nend\n")
        assert "STALE" not in text
        assert text.endswith("\n\n#--- Tests\nend\n")
        assert text.count("PARTY_RETENTION_DAYS") == 1
        assert "#FRAUD_ORCHESTRATOR_RETAIN_DECISIONS=P1826D\n" in text
        assert with_retention_settings(text) == text
