"""The README's feature table is generated: it may not drift from the registry."""

from pathlib import Path

from fraud_features.definitions.registry import PAYMENT_FEATURES

README = Path(__file__).parents[1] / "README.md"


class TestReadme:
    def test_the_feature_table_is_current(self):
        text = README.read_text(encoding="utf-8")
        begin, end = "<!-- features -->\n", "<!-- /features -->"
        assert text.split(begin)[1].split(end)[0] == PAYMENT_FEATURES.docs_table()
