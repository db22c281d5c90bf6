"""Makes a picture of every page: two widths, light and dark, in a sheet a page."""

import contextlib
import io
import secrets
import socket
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from PIL import Image
from pydantic import SecretStr

from fraud_console.app import create_app
from fraud_console.gateway_keys import CLIENT, gateway_key
from fraud_console.roles import scopes_of
from fraud_console.settings import Settings
from fraud_console.users import ADMIN
from fraud_lab.screenshots.sample import NOW, sample_gateway
from fraud_ops.running import CommandError

WIDE, NARROW = (1280, 800), (390, 844)
# Of the pictures in a sheet; the pages themselves are made at full size.
SCALE, NARROW_SCALE, GAP = 0.6, 0.6, 12
# Name, title, address; `case` and `decision` are found in the lists.
PAGES = (
    ("live", "Live", "/"), ("decisions", "Decisions", "/decisions"),
    ("decision", "Decision", "decision"), ("cases", "Cases", "/cases"),
    ("case", "Case", "case"), ("entities", "Entities", "/entities"),
    ("entity", "Account", "/entities/account/{account}"),
    ("screening", "Screening", "/screening?name=Omar+Haddad"),
    ("rules", "Rules", "/rules"), ("editor", "Editor", "/rules/edit?version={version}"),
    ("version", "Version of rules", "/rules/{newest}"),
    ("compare", "Compare", "/rules/diff?older={version}&newer={newest}"),
    ("policy", "Policy", "/policy"), ("models", "Models", "/models"),
    ("mesh", "Mesh", "/mesh"), ("activity", "Activity", "/activity"),
    ("style", "Style guide", "/style"), ("sign-in", "Sign in", "/sign-in"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Still:
    """A clock that stands where the sample ends."""

    def now(self) -> Any:
        return NOW

    def monotonic(self) -> float:
        return 0.0


@contextlib.contextmanager
def sample_console() -> Iterator[str]:
    """A console over a gateway in memory; yields its one-time sign-in."""
    key, token = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
    gateway = sample_gateway()
    made = gateway.key(CLIENT + ADMIN, scopes_of(["admin"]))
    gateway.keys[gateway_key(key.encode(), ADMIN, 1)] = gateway.keys.pop(made)
    with tempfile.TemporaryDirectory() as var, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        # Whoever comes before the server has started waits.
        listener.listen(16)
        settings = Settings(
            env="development",
            token_key=SecretStr(secrets.token_urlsafe(32)),
            key=SecretStr(key),
            one_time_token=SecretStr(token),
            database_url="",
            var_dir=Path(var),
            gateway_url="http://gateway",
        )
        app = create_app(settings, clock=_Still(), transport=gateway.transport())
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            port = listener.getsockname()[1]
            yield f"http://127.0.0.1:{port}/sign-in/once?token={token}"
        finally:
            server.should_exit = True
            thread.join(10)


def screenshots_command(sign_in: str, out: Path, browser: str, only: str) -> None:
    """Pictures into `out`. `sign_in`: a one-time sign-in of a console that runs; without
    one, a console over sample data is started. `only`: names of pages with commas."""
    wanted = [name for name in only.split(",") if name]
    pages = [page for page in PAGES if not wanted or page[0] in wanted]
    context = contextlib.nullcontext(sign_in) if sign_in else sample_console()
    with context as url:
        made = take(url, pages, browser)
    out.mkdir(parents=True, exist_ok=True)
    for name, sheet in made.items():
        sheet.save(out / f"{name}.webp", quality=72, method=6)


def take(
    sign_in: str, pages: Sequence[tuple[str, str, str]], browser: str
) -> dict[str, Image.Image]:
    """A sheet of every page. Raises CommandError where Playwright or its browser is not."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise CommandError("install playwright to make screenshots") from None
    found: dict[str, Image.Image] = {}
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(
                executable_path=browser or None, args=["--no-sandbox"]
            )
        except Error as error:
            raise CommandError(f"no browser starts: {error.message[:200]}") from None
        context = chromium.new_context()
        page = context.new_page()
        origin = sign_in.split("/sign-in/", 1)[0]
        page.goto(sign_in)
        addresses = _addresses(page, origin)
        for name, _, address in pages:
            shots = []
            for theme in ("light", "dark"):
                cookie = {"name": "fraud_theme", "value": theme, "url": origin}
                context.add_cookies([cookie])  # type: ignore[list-item]
                for width, height in (WIDE, NARROW):
                    page.set_viewport_size({"width": width, "height": height})
                    where = addresses.get(address, address).format(**addresses)
                    # A stream never ends, so nothing waits for a quiet network.
                    page.goto(origin + where, wait_until="load")
                    page.wait_for_timeout(300)
                    shots.append(Image.open(io.BytesIO(page.screenshot())))
            found[name] = _sheet(shots)
        chromium.close()
    return found


def _addresses(page: Any, origin: str) -> dict[str, str]:
    """Where a case, a decision, an account and two versions are."""
    found = {"account": "acc-1", "version": "1", "newest": "1"}
    for name, address in (
        ("case", "/cases"),
        ("decision", "/decisions?decision=DECLINE"),
    ):
        page.goto(origin + address)
        row = page.locator("a.row").first
        found[name] = row.get_attribute("href") if row.count() else address
    page.goto(origin + found["decision"])
    account = page.locator('a[href^="/entities/account/"]').first
    if account.count():
        found["account"] = account.get_attribute("href").rsplit("/", 1)[1]
    page.goto(origin + "/rules")
    versions = [
        row.get_attribute("href").rsplit("/", 1)[1]
        for row in page.locator('a.row[href^="/rules/"]').all()
    ]
    if versions:
        found |= {"newest": versions[0], "version": versions[-1]}
    return found


def _sheet(shots: Sequence[Image.Image]) -> Image.Image:
    """Wide and narrow beside each other, light above dark."""
    scales = (SCALE, NARROW_SCALE) * 2
    small = [
        shot.convert("RGB").resize(
            (round(shot.width * scale), round(shot.height * scale)),
            Image.Resampling.LANCZOS,
        )
        for shot, scale in zip(shots, scales, strict=True)
    ]
    row = max(small[0].height, small[1].height)
    width = small[0].width + small[1].width + 3 * GAP
    sheet = Image.new("RGB", (width, 2 * row + 3 * GAP), "#7d8794")
    for number, shot in enumerate(small):
        left = GAP if number % 2 == 0 else small[0].width + 2 * GAP
        sheet.paste(shot, (left, GAP + (number // 2) * (row + GAP)))
    return sheet
