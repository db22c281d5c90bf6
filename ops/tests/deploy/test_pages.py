"""Generated pages of the documentation."""

from pathlib import Path

from fraud_ops.deploy.pages import api_page, configuration_page, decisions_page

ROOT = Path(__file__).resolve().parents[3]


def test_each_variable_is_a_row_below_its_section():
    page = configuration_page(
        "#--- Secrets\n# A key.\nFRAUD_KEY=\n#--- rules\n# A | port.\n#FRAUD_PORT=1\n"
    )
    assert "## Secrets\n\n| variable | default | meaning |" in page
    assert "| `FRAUD_KEY` | required | A key. |" in page
    assert "| `FRAUD_PORT` | `1` | A \\| port. |" in page


def test_each_decision_is_listed_with_its_title():
    page = decisions_page(ROOT)
    assert "[0004](0004-one-lock-installed-by-pip.md) | One lock file" in page


def test_each_route_of_the_gateway_is_a_row():
    page = api_page(ROOT)
    assert "| POST | `/v1/score` |" in page
    assert "| GET | `/v1/decisions/{decision_id}` |" in page
