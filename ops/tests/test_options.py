"""An option that several commands take is worded once."""

from collections import defaultdict
from collections.abc import Iterator
from typing import get_args

import click
from typer.main import get_command

from fraud_ops import options
from fraud_ops.cli import complete

# The same word for another thing: a file here, a folder there.
HOMONYMS = {
    *("--bundle", "--from", "--ruleset"),
    *("--history-days", "--lists", "--name", "--out", "--data", "--version", "--days"),
    *(
        "--url",
        "--runs",
        "--policy",
        "--most",
        "--only",
        "--rows",
        "--http",
        "--seconds",
    ),
}


def taken(command: click.Command) -> Iterator[click.Option]:
    """The options of a command and of all below it."""
    for below in getattr(command, "commands", {}).values():
        yield from taken(below)
    # Those made from the gateway's document are worded there.
    made_from = getattr(command.callback, "__module__", "")
    if not made_from.startswith("fraud_ops.gateway"):
        yield from (p for p in command.params if p.param_type_name == "option")


def test_option_that_several_commands_take_is_worded_in_the_one_module():
    texts = defaultdict(list)
    for option in taken(get_command(complete())):
        texts[option.opts[0]].append(option.help)
    shared = {
        name: set(found)
        for name, found in texts.items()
        if len(found) > 1 and name not in {"--help", *HOMONYMS}
    }
    worded = {
        info.help
        for one in vars(options).values()
        for info in get_args(one)
        if hasattr(info, "help")
    }
    assert "--seed" in shared
    # Worded where it is taken, it is worded alike.
    assert {
        name: found
        for name, found in shared.items()
        if found - worded and len(found) > 1
    } == {}
