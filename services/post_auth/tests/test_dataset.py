import asyncio
from datetime import timedelta
from pathlib import Path

import fsspec
import polars as pl
import pytest

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_post_auth import exporter
from fraud_post_auth.dataset import (
    DatasetDamaged,
    DatasetMissing,
    DatasetStore,
    Features,
    frame,
)
from fraud_post_auth.outcomes import silence_weight
from fraud_shared.mesh.metrics import REGISTRY
from fraud_shared.testing.factories import NOON

DAY = timedelta(days=1)


def read(world, version) -> pl.DataFrame:
    root = world.var_dir / "datasets" / version.version
    return pl.concat([pl.read_parquet(root / part.path) for part in version.parts])


class TestContent:
    async def test_rows_hold_features_as_served_and_the_settled_label(
        self, world, decided, labelled, resolved
    ):
        async with world.service() as service:
            await service.handle([decided(n, values=(n + 0.5, None)) for n in range(4)])
            await service.handle([labelled(0), resolved(1), labelled(2, "legitimate")])
            version = await service.exporter.export(NOON + 4 * DAY)
            table = read(world, version).sort("transaction_id")
            assert table["transaction_id"].to_list() == [f"tx-{n}" for n in range(4)]
            assert table["label"].to_list() == [1, 0, 0, 0]
            silent = silence_weight(4 * DAY, 30 * DAY)
            assert table["weight"].to_list() == [1.0, 0.5, 1.0, silent]
            assert table["label_source"].to_list()[3] == "presumed"
            assert table["f_first"].to_list() == [0.5, 1.5, 2.5, 3.5]
            assert table["f_second"].to_list() == [None] * 4
            assert (version.rows, version.fraud) == (4, 1)
            assert version.feature_hash == "0" * 64

    async def test_silence_matures_in_event_time(self, world, decided):
        async with world.service() as service:
            await service.handle([decided(1), decided(2, occurred_at=NOON + 29 * DAY)])
            # The wall clock is a year ahead; the newest event is 29 days old.
            table = read(world, await service.exporter.export())
            assert table["label_source"].to_list() == ["presumed"]
            await service.handle([decided(3, occurred_at=NOON + 30 * DAY)])
            table = read(world, await service.exporter.export())
            assert table["transaction_id"].to_list() == ["tx-1", "tx-2"]
            assert table["label_source"].to_list() == ["maturity", "presumed"]

    async def test_later_reports_are_not_looked_at(self, world, decided, labelled):
        async with world.service() as service:
            await service.handle([decided(1), labelled(1, at=NOON + 90 * DAY)])
            before = read(world, await service.exporter.export(NOON + 60 * DAY))
            after = read(world, await service.exporter.export(NOON + 91 * DAY))
            assert (before["label"].item(), after["label"].item()) == (0, 1)

    async def test_other_feature_sets_are_counted_not_mixed_in(self, world, decided):
        odd = decided(2)
        odd.data["features"]["hash"] = "f" * 64
        async with world.service() as service:
            await service.handle([decided(1), odd, decided(3, values=(1.0, 2.0, 3.0))])
            version = await service.exporter.export(NOON + 30 * DAY)
            assert version.rows == 1
            assert version.other_features == {"f" * 64: 1, "0" * 64: 1}

    async def test_pages_join_without_loss_or_repetition(
        self, world, decided, labelled, monkeypatch
    ):
        monkeypatch.setattr(exporter, "PAGE", 3)
        async with world.service() as service:
            days = [NOON + (n % 4) * DAY for n in range(20)]
            await service.handle(
                [decided(n, occurred_at=d) for n, d in enumerate(days)]
            )
            await service.handle([labelled(n) for n in range(0, 20, 3)])
            version = await service.exporter.export(NOON + 60 * DAY)
            table = read(world, version)
            assert table["transaction_id"].n_unique() == len(table) == 20
            assert table["label"].sum() == version.fraud == 7
            assert {Path(part.path).parent.name for part in version.parts} == {
                f"day=2026-03-0{n}" for n in range(2, 6)
            }

    def test_bank_features_fit_beside_the_columns(self):
        bank = Features(
            PAYMENT_FEATURES.name,
            PAYMENT_FEATURES.version,
            PAYMENT_FEATURES.hash,
            PAYMENT_FEATURES.names,
        )
        assert len(frame([], bank).columns) == 22 + len(PAYMENT_FEATURES.names)


class TestReading:
    async def test_altered_or_missing_part_is_named_and_not_read(self, world, decided):
        async with world.service() as service:
            await service.handle([decided(1), decided(2, occurred_at=NOON - DAY)])
            version = await service.exporter.export(NOON + 30 * DAY)
            store = DatasetStore(str(world.var_dir / "datasets"))
            assert store.find() == store.find(version.version) == version
            assert store.problems(version) == []
            assert store.read(version).height == 2
            first, second = (
                world.var_dir / "datasets" / version.version / part.path
                for part in version.parts
            )
            first.write_bytes(first.read_bytes() + b"x")
            second.unlink()
            assert len(store.problems(version)) == 2
            with pytest.raises(DatasetDamaged, match="part-00000"):
                store.read(version)

    async def test_unknown_version_is_missing(self, world):
        store = DatasetStore(str(world.var_dir / "datasets"))
        with pytest.raises(DatasetMissing, match="no dataset version newest"):
            store.find()


class TestDrift:
    async def test_export_shows_what_moved_in_the_last_week(self, world, decided):
        first, second = "f_first", "f_second"
        async with world.service() as service:
            old = [
                decided(n, values=(float(n % 7), 1.0), occurred_at=NOON + n * DAY / 12)
                for n in range(260)
            ]
            new = [
                decided(
                    260 + n, values=(900.0, 1.0), occurred_at=NOON + (22 + n / 36) * DAY
                )
                for n in range(250)
            ]
            await service.handle([*old, *new])
            await service.exporter.export()
        moved, same = (
            REGISTRY.get_sample_value("fraud_post_auth_psi", {"column": column})
            for column in (first, second)
        )
        assert moved > 1.0
        assert same < 0.01
        now = REGISTRY.get_sample_value(
            "fraud_post_auth_payments_per_day", {"stretch": "now"}
        )
        assert now == pytest.approx(36, rel=0.1)


class TestVersions:
    async def test_same_content_is_the_same_version(self, world, decided):
        async with world.service() as service:
            await service.handle([decided(1)])
            as_of = NOON + 30 * DAY
            first, second = await asyncio.gather(
                service.exporter.export(as_of), service.exporter.export(as_of)
            )
            assert first == second
            assert await service.exporter.versions() == [first]

    @pytest.mark.parametrize("moved", [0, 1, 2])
    async def test_half_written_version_does_not_exist(
        self, world, decided, monkeypatch, moved
    ):
        async with world.service() as service:
            await service.handle([decided(1), decided(2, occurred_at=NOON - DAY)])
            fs, root = fsspec.core.url_to_fs(str(world.var_dir / "datasets"))
            move, left = fs.mv, moved

            def until_full(source, target):
                nonlocal left
                if not left:
                    raise OSError("no space left")
                left -= 1
                move(source, target)

            with monkeypatch.context() as patch:
                patch.setattr(fs, "mv", until_full)
                with pytest.raises(OSError, match="no space"):
                    await service.exporter.export(NOON + 30 * DAY)
            assert await service.exporter.versions() == []
            version = await service.exporter.export(NOON + 30 * DAY)
            assert await service.exporter.versions() == [version]
            assert read(world, version).height == 2
            assert fs.ls(f"{root}/.writing") == []

    async def test_nothing_is_exported_before_the_first_event(self, world):
        async with world.service() as service:
            assert await service.exporter.export() is None

    async def test_a_day_of_event_time_makes_one_due(self, world, decided):
        async with world.service() as service:
            await service.handle([decided(1)])
            first = await service.exporter.export_if_due(None)
            assert first.as_of == NOON.replace(hour=0)
            assert await service.exporter.export_if_due(None) is None
            await service.handle([decided(2, occurred_at=NOON + DAY)])
            second = await service.exporter.export_if_due(None)
            assert second.as_of == NOON.replace(hour=0) + DAY

    async def test_an_interval_counts_wall_time(self, world, decided):
        hour = timedelta(hours=1)
        async with world.service() as service:
            await service.handle([decided(1)])
            assert await service.exporter.export_if_due(hour) is not None
            assert await service.exporter.export_if_due(hour) is None
            world.clock.advance(hour)
            await service.handle([decided(2, occurred_at=NOON + DAY)])
            assert await service.exporter.export_if_due(hour) is not None
