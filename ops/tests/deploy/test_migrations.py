"""Two releases share a database while replicas are replaced: what a migration may do."""

from pathlib import Path

import pytest

from fraud_ops.deploy.migrations import migration_problems, problems

ROOT = Path(__file__).resolve().parents[3]


def upgrade(*lines: str, head: str = "") -> str:
    body = "\n".join(f"    {line}" for line in lines)
    return f"{head}\ndef upgrade():\n{body}\n"


def test_migrations_of_the_repository_expand_only():
    assert migration_problems(ROOT) == []


@pytest.mark.parametrize(
    "step",
    [
        'op.create_table("t", sa.Column("a", sa.Integer, nullable=False))',
        'op.add_column("t", sa.Column("a", sa.Integer))',
        'op.add_column("t", sa.Column("a", sa.Integer, nullable=False, server_default="0"))',
        'op.create_index("i", "t", ["a"])',
        'batch.alter_column("a", existing_type=sa.String(32), type_=sa.String(128))',
        'batch.alter_column("a", nullable=True)',
        'op.execute("UPDATE t SET a = 1")',
    ],
)
def test_what_adds_may_be_done_at_once(step: str):
    assert problems(upgrade(step)) == []


@pytest.mark.parametrize(
    "step",
    [
        'op.drop_column("t", "a")',
        'op.drop_table("t")',
        'op.rename_table("t", "u")',
        'batch.alter_column("a", new_column_name="b")',
        'batch.alter_column("a", existing_type=sa.String(128), type_=sa.String(32))',
        'batch.alter_column("a", nullable=False)',
        'op.add_column("t", sa.Column("a", sa.Integer, nullable=False))',
        'op.execute("ALTER TABLE t DROP COLUMN a")',
    ],
)
class TestTakingAway:
    def test_at_once_is_found(self, step: str):
        [found] = problems(upgrade(step))
        assert "CONTRACT_AFTER" in found

    def test_after_a_named_release_is_allowed(self, step: str):
        assert problems(upgrade(step, head='CONTRACT_AFTER = "0.3"')) == []

    def test_after_something_else_is_refused(self, step: str):
        assert problems(upgrade(step, head='CONTRACT_AFTER = "soon"')) == [
            "'soon' is no release"
        ]


def test_downgrades_may_take_away():
    assert problems('def downgrade():\n    op.drop_table("t")\n') == []
