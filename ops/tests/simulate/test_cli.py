import orjson

from fraud_ops.simulate import SimulationConfig, summary
from fraud_ops.simulate.cli import simulate_command
from fraud_shared.contracts.label import LabelReport
from fraud_shared.contracts.transaction import TransactionIn


class TestFiles:
    def test_payments_and_labels_are_json_lines(self, tmp_path):
        out, labels = tmp_path / "payments.jsonl", tmp_path / "labels.jsonl"
        simulate_command(2_000, 9, 60, out, labels, False)
        bodies = out.read_bytes().splitlines()
        assert len(bodies) == 2_000
        for line in bodies:
            TransactionIn.model_validate_json(line)
        reports = labels.read_bytes().splitlines()
        assert reports
        for line in reports:
            LabelReport.model_validate_json(line)

    def test_without_a_file_payments_go_to_standard_output(self, capfdbinary):
        simulate_command(100, 9, 30, None, None, False)
        lines = capfdbinary.readouterr().out.splitlines()
        assert len(lines) == 100
        assert orjson.loads(lines[0])["transaction_id"].endswith("-000000001")

    def test_a_summary_alone_writes_no_payments(self, capfd):
        simulate_command(600, 9, 30, None, None, True)
        captured = capfd.readouterr()
        assert captured.out == ""
        assert "card_testing" in captured.err


class TestSummary:
    def test_rows_cover_all_payments(self):
        rows = summary(SimulationConfig(seed=2, payments=3_000))
        assert sum(row.payments for row in rows) == 3_000
        assert abs(sum(row.share for row in rows) - 1) < 1e-9
        fraud = [row for row in rows if row.kind == "fraud"]
        assert len(fraud) == 7
        assert all(row.median_delay_days is not None for row in fraud)
