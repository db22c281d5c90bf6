"""The committed Redis scripts are what a store sends, line for line."""

from importlib.resources import files

import pytest
from redis.exceptions import NoScriptError

from fraud_features.store.observation import LabelEffect
from fraud_features.store.port import OnlineStoreUnavailable
from fraud_features.store.redis.lua_text import readable
from fraud_features.store.redis.script import scripts
from fraud_features.store.redis.store import RedisOnlineStore
from fraud_features.store.schema import DistinctSpec
from fraud_features.testing import START, payment

GENERATED = files("fraud_features.store.redis").joinpath("generated")


class Recorder:
    """A connection to a server that knows no script: keeps what is sent to it to run."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    async def call(self, *command):
        if command[0] == "EVALSHA":
            raise NoScriptError("no matching script")
        assert command[0] == "EVAL"
        self.ran.append(command[1])
        raise OSError("recorded")

    async def close(self) -> None:
        pass


class TestCommittedScripts:
    def test_every_script_has_a_file_with_its_exact_text(self):
        committed = {
            path.name.removesuffix(".lua"): path.read_text("utf-8")
            for path in GENERATED.iterdir()
        }
        assert committed == scripts()

    @pytest.mark.parametrize(
        ("name", "call"),
        [
            ("observe", lambda store: store.observe(payment(0))),
            ("peek", lambda store: store.peek(payment(0))),
            (
                "label",
                lambda store: store.apply_label(
                    LabelEffect("tx", "fraud", START, terminal_id="ter")
                ),
            ),
            ("stand_in", lambda store: store.note_stand_in("acc", 1, full=False)),
            ("reset", lambda store: store.reset()),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    async def test_call_on_a_store_runs_the_committed_text(self, name, call):
        store = RedisOnlineStore("redis://127.0.0.1:1/0")
        await store.line.close()
        store.line = Recorder()
        with pytest.raises(OnlineStoreUnavailable):
            await call(store)
        assert store.line.ran == [GENERATED.joinpath(f"{name}.lua").read_text("utf-8")]


class TestReadable:
    def test_blocks_are_indented_and_nothing_else_changes(self):
        raw = (
            "if a then\n"
            "local s = 'do end' -- if\n"
            "for i = 1, 2 do\nf(i,\n'x')\nend\n"
            "elseif b then x = {1,\n2}\nelse\ny()\nend"
        )
        found = readable("script.py", raw).splitlines()
        assert "fraud_features/store/redis/script.py" in found[0]
        assert [line.strip() for line in found[1:]] == raw.splitlines()
        assert [len(line) - len(line.lstrip()) for line in found[1:]] == [
            *(0, 2, 2, 4, 6, 2),
            *(0, 4, 0, 2, 0),
        ]

    @pytest.mark.parametrize("name", scripts())
    def test_every_script_closes_what_it_opens(self, name):
        text = scripts()[name]
        marked = readable("script.py", text + "marker()")
        assert marked.splitlines()[-1] == "marker()"


class TestDistinctWindows:
    def test_third_window_is_refused_where_it_is_defined(self):
        with pytest.raises(ValueError, match="ip_card: at most 2 windows"):
            DistinctSpec("ip", "card", "cards", ("1h", "24h", "7d"), 10)

    @pytest.mark.parametrize("windows", [(), ("1h",), ("1h", "24h")])
    def test_windows_that_executors_fill_are_accepted(self, windows):
        assert DistinctSpec("ip", "card", "cards", windows, 10).windows == windows
