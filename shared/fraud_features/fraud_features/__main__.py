"""`python -m fraud_features`: rewrite the README's feature table, print the registry."""

import sys
from pathlib import Path

from fraud_features.definitions.registry import PAYMENT_FEATURES

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- features -->\n", "<!-- /features -->"


def main() -> None:
    """Bring the table up to date where the source tree is at hand."""
    if README.exists():
        text = README.read_text(encoding="utf-8")
        head, rest = text.split(BEGIN)
        tail = rest.split(END)[1]
        README.write_text(
            f"{head}{BEGIN}{PAYMENT_FEATURES.docs_table()}{END}{tail}", encoding="utf-8"
        )
    sys.stdout.write(PAYMENT_FEATURES.to_json())


if __name__ == "__main__":
    main()
