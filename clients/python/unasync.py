"""Writes `fraud_client/sync` from `fraud_client/aio`: the same code without `await`.

python unasync.py [--check]
"""

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent / "fraud_client"
WORDS = (
    (r"\basync def\b", "def"),
    (r"\bawait asyncio\.sleep\b", "time.sleep"),
    (r"^import asyncio\n", ""),
    (r"\bawait ", ""),
    (r"\basync (for|with)\b", r"\1"),
    (r"\bAsyncIterator\b", "Iterator"),
    (r"\bAwaitable\[(Page\[Item\])\]", r"\1"),
    (r"\bAwaitable, ", ""),
    (r"\bhttpx\.AsyncBaseTransport\b", "httpx.BaseTransport"),
    (r"\bhttpx\.AsyncClient\b", "httpx.Client"),
    (r"\baclose\b", "close"),
    (r"__aenter__", "__enter__"),
    (r"__aexit__", "__exit__"),
    (r"\bfraud_client\.aio\b", "fraud_client.sync"),
    (r"\bAsync([A-Z]\w+)", r"\1"),
)
LOOP = "        for item in page.items:\n            yield item\n"
HEAD = "# Generated from fraud_client/aio by unasync.py.\n"


def written() -> dict[Path, str]:
    """The files of `sync`, by path."""
    found = {}
    for source in sorted((HERE / "aio").glob("*.py")):
        text = source.read_text()
        for word, instead in WORDS:
            text = re.sub(word, instead, text, flags=re.MULTILINE)
        text = text.replace(LOOP, "        yield from page.items\n").replace(
            "The asynchronous client. `fraud_client.sync` is generated from this package.",
            "The synchronous client.",
        )
        found[HERE / "sync" / source.name] = formatted(HEAD + text)
    return found


def formatted(text: str) -> str:
    """As `ruff` would have it."""
    ruff = [sys.executable, "-m", "ruff"]
    for arguments in (["check", "--fix", "--select", "I", "-"], ["format", "-"]):
        done = subprocess.run(
            [*ruff, *arguments, "--stdin-filename", str(HERE / "sync" / "client.py")],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        text = done.stdout
    return text


def main() -> int:
    """Write, or with `--check` only compare: 1 when files differ."""
    different = {
        path: text
        for path, text in written().items()
        if not path.exists() or path.read_text() != text
    }
    if "--check" in sys.argv[1:]:
        return int(bool(different))
    for path, text in different.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
