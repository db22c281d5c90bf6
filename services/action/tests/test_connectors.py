"""Channels against a real HTTP receiver and a real SMTP server on this machine."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest
import sqlalchemy as sa
from aiosmtpd.smtp import SMTP
from pydantic import SecretStr, ValidationError

from fraud_action.connectors.addresses import permitted, resolved
from fraud_action.deliveries import CAP
from fraud_action.notifications import DeliveryFailed
from fraud_action.open_senders import open_senders
from fraud_action.settings import Settings
from fraud_action.tables import outgoing
from fraud_client import webhooks
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.web.secrets import SecretMissing

SECRET = "whsec_" + "c2VjcmV0LW9mLTI0LWJ5dGVzLW9yLW1vcmU="
OLDER = "whsec_" + "YW4tb2xkZXItc2VjcmV0LW9mLTI0LWJ5dGVz"


@dataclass
class Received:
    """One request, as it came."""

    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A real HTTP server. `answer`: the status and the rest of the next answers."""

    url: str = ""
    requests: list[Received] = field(default_factory=list)
    answer: Callable[[Received], tuple[int, dict[str, str], bytes]] = lambda request: (
        204,
        {},
        b"",
    )

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
                names = dict(line.split(": ", 1) for line in head[1:] if line)
                headers = {name.lower(): value for name, value in names.items()}
                size = int(headers.get("content-length", 0))
                body = await reader.readexactly(size)
                request = Received(head[0].split()[1], headers, body)
                self.requests.append(request)
                status, extra, reply = self.answer(request)
                lines = [f"{name}: {value}\r\n" for name, value in extra.items()]
                writer.write(
                    f"HTTP/1.1 {status} x\r\n{''.join(lines)}"
                    f"content-length: {len(reply)}\r\n\r\n".encode()
                    + reply
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://localhost:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()
    await server.wait_closed()


class Mailbox:
    """What a real SMTP server was given; `refusal` answers a recipient instead."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.to: list[str] = []
        self.refusal: str | None = None
        self.url = ""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refusal is not None:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        self.to += envelope.rcpt_tos
        return "250 OK"


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(box, hostname="mail.test", loop=loop), "127.0.0.1", 0
    )
    box.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield box
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def running(world, **settings) -> AsyncIterator[Any]:
    """The service with the senders that the settings name."""
    closed: list[Any] = []
    world.senders = open_senders(world.settings(**settings), world.clock.now, closed)
    async with world.service(**settings) as service:
        yield service
    for close in closed:
        await close()


class TestWebhook:
    async def test_arrives_once_in_order_and_signed_after_an_outage(
        self, world, request_for, receiver
    ):
        """As the published client finds, which knows either secret while one is replaced."""
        world.clock = FakeClock(datetime.now(UTC))
        receiver.answer = lambda request: (503, {"retry-after": "1"}, b"")
        settings = {
            "webhook_url": f"{receiver.url}/alerts",
            "webhook_secret": SecretStr(SECRET),
            "webhook_previous_secret": SecretStr(OLDER),
        }
        async with running(world, **settings) as service:
            for n in range(4):
                await service.execute(request_for("alert", decision_id=f"d-{n}"))
            assert await service.courier.round() == 0
            receiver.requests.clear()
            receiver.answer = lambda request: (200, {}, b"thanks")
            # By the clock that the library compares with; well within its tolerance.
            world.clock.advance(CAP / 10)
            await service.courier.drain(("alert", "webhook"))
        found = [
            webhooks.verify(secret, request.headers, request.body)
            for request in receiver.requests
            for secret in (SECRET, OLDER)
        ]
        assert [message["data"]["decision_id"] for message in found[::2]] == [
            f"d-{n}" for n in range(4)
        ]
        assert found[::2] == found[1::2]
        assert found[0]["type"] == "fraud.alert.raised.v1"
        ids = [request.headers["webhook-id"] for request in receiver.requests]
        assert ids == [message["data"]["alert_id"] for message in found[::2]]

    async def test_redirect_is_not_followed(self, world, request_for, receiver):
        location = {"location": f"{receiver.url}/elsewhere"}
        receiver.answer = lambda request: (307, location, b"")
        url = f"{receiver.url}/alerts"
        async with running(world, webhook_url=url) as service:
            await service.execute(request_for("alert"))
            await service.courier.round()
            assert await problems(service) == ["status_307"]
        assert [request.target for request in receiver.requests] == ["/alerts"]

    async def test_private_address_is_refused_unless_it_is_allowed(
        self, world, request_for, receiver, monkeypatch
    ):
        """By a name, too: it is the address that counts."""
        monkeypatch.setattr("fraud_action.settings._THIS_MACHINE", ())
        async with running(world, webhook_url=receiver.url) as service:
            await service.execute(request_for("alert"))
            await service.courier.round()
            assert await problems(service) == ["private_address"]
        assert receiver.requests == []
        allowed = {"webhook_url": receiver.url, "private_networks": ("127.0.0.0/8",)}
        async with running(world, **allowed) as service:
            world.clock.advance(CAP)
            assert await service.courier.round() == 1
        # The name stays what the receiver is asked for.
        assert receiver.requests[0].headers["host"] == receiver.url[len("http://") :]

    async def test_nobody_there_is_a_failure_to_be_tried_again(
        self, world, request_for, unused_tcp_port
    ):
        url = f"http://127.0.0.1:{unused_tcp_port}"
        async with running(world, webhook_url=url) as service:
            await service.execute(request_for("alert"))
            assert await service.courier.round() == 0
            assert await problems(service) == ["unreachable"]

    @pytest.mark.parametrize("secret", ["whsec_c2hvcnQ=", "no base64!", "whsec_"])
    def test_secret_that_is_none_stops_the_start(self, tmp_path, secret):
        settings = Settings(var_dir=tmp_path, webhook_secret=SecretStr(secret))
        settings = settings.model_copy(update={"webhook_url": "http://localhost"})
        with pytest.raises(SecretMissing, match="FRAUD_ACTION_WEBHOOK_SECRET"):
            open_senders(settings, lambda: datetime.now(UTC), [])


class TestAnAlertOfTestMode:
    TRIAL: ClassVar[dict[str, Any]] = {
        "decision_id": "test-1",
        "transaction_id": "tx-1",
        "account_id": "test-alert",
        "tenant": "shop",
        "decision": "DECLINE",
        "amount_minor": 100,
        "currency": "EUR",
    }

    async def test_goes_to_its_own_receiver_with_its_own_secret(self, world, receiver):
        world.clock = FakeClock(datetime.now(UTC))
        settings = {
            "test_webhook_url": f"{receiver.url}/test",
            "test_webhook_secret": SecretStr(OLDER),
        }
        async with world.http(**settings) as http:
            reply = await http.post("/v1/alert-trials", json=self.TRIAL)
            assert reply.json() == {"delivered": True, "problem": None}
            waiting = await http.get("/v1/deliveries?state=pending")
            assert waiting.json()["items"] == []
        (request,) = receiver.requests
        found = webhooks.verify(OLDER, request.headers, request.body)
        assert found["data"]["test"] is True

    async def test_goes_nowhere_without_one(self, world):
        async with world.http() as http:
            reply = await http.post("/v1/alert-trials", json=self.TRIAL)
        assert reply.json()["problem"] == "not_configured"


class TestEmail:
    SETTINGS: ClassVar[dict[str, Any]] = {
        "alert_channels": ("email", "webhook"),
        "email_from": "fraud@bank.test",
        "alert_email_to": ("duty@bank.test", "second@bank.test"),
    }

    async def test_alert_arrives_beside_the_webhook(
        self, world, request_for, receiver, mailbox
    ):
        settings = {
            **self.SETTINGS,
            "smtp_url": SecretStr(mailbox.url),
            "webhook_url": receiver.url,
        }
        async with running(world, **settings) as service:
            await service.execute(request_for("alert"))
            assert await service.courier.round() == 2
        (mail,) = mailbox.mails
        assert mailbox.to == ["duty@bank.test", "second@bank.test"]
        assert mail["Subject"] == "Fraud alert: CHALLENGE of 123.00 EUR"
        assert "risk above band" in mail.get_content()
        assert "acc-1" not in mail.as_string()
        assert mail["Message-ID"].endswith("@bank.test>")
        assert len(receiver.requests) == 1

    @pytest.mark.parametrize(
        ("refusal", "left"), [("550 no such user", []), ("451 later", ["pending"])]
    )
    async def test_answer_of_the_server_says_whether_to_go_on(
        self, world, request_for, mailbox, refusal, left
    ):
        mailbox.refusal = refusal
        settings = {
            **self.SETTINGS,
            "smtp_url": SecretStr(mailbox.url),
            "webhook_attempts": 1,
        }
        async with running(world, **settings) as service:
            await service.execute(request_for("alert"))
            await service.courier.round()
            assert await states(service) == (left or ["failed"])
            assert await problems(service) == [f"smtp_{refusal[:3]}"]

    async def test_production_sends_nothing_without_encryption(
        self, world, request_for, mailbox
    ):
        settings = {
            **self.SETTINGS,
            "smtp_url": SecretStr(mailbox.url),
            "alert_channels": ("email",),
        }
        async with running(world, **settings) as service:
            sender = world.senders["alert", "email"]
            sender._server = type(sender._server).parse(mailbox.url, encrypted=True)
            await service.execute(request_for("alert"))
            assert await service.courier.round() == 0
        assert mailbox.mails == []

    @pytest.mark.parametrize("url", ["http://mail", "smtp://", "smtp://h:x/"])
    def test_password_is_in_no_error_about_the_url(self, tmp_path, url):
        given = url.replace("//", "//user:hunter2@")
        with pytest.raises(ValidationError, match="SMTP_URL") as error:
            Settings(var_dir=tmp_path, **self.SETTINGS, smtp_url=SecretStr(given))
        assert "hunter2" not in str(error.value)


class TestCodes:
    async def test_reach_the_phone_that_the_directory_names(
        self, world, request_for, receiver
    ):
        """Asked for at the moment of sending; the provider's form is a setting."""

        def answer(request: Received) -> tuple[int, dict[str, str], bytes]:
            if request.target.startswith("/contacts/"):
                return 200, {}, json.dumps({"phone": "+491234", "vip": True}).encode()
            return 201, {}, b"{}"

        receiver.answer = answer
        settings = {
            "otp_channel": "sms",
            "sms_url": f"{receiver.url}/messages",
            "sms_format": "form",
            "sms_fields": ("To={to}", "Body={text}", "From=Bank"),
            "sms_authorization": SecretStr("Basic c21z"),
            "contacts_url": f"{receiver.url}/contacts/{{account_id}}",
            "contacts_authorization": SecretStr("Bearer directory"),
        }
        async with running(world, **settings) as service:
            request = request_for(
                "otp_challenge", account_id="acc/1", tenant="shop", currency="JPY"
            )
            await service.execute(request)
            assert await service.courier.round() == 1
        asked, sent = receiver.requests
        assert asked.target == "/contacts/acc%2F1?tenant=shop"
        assert asked.headers["authorization"] == "Bearer directory"
        assert sent.headers["authorization"] == "Basic c21z"
        fields = parse_qs(sent.body.decode())
        assert fields["To"] == ["+491234"]
        assert fields["From"] == ["Bank"]
        assert "is your code for 12300 JPY" in fields["Body"][0]

    async def test_reach_the_mailbox_that_the_directory_names(
        self, world, request_for, receiver, mailbox
    ):
        contact = b'{"email": "customer@home.test"}'
        receiver.answer = lambda request: (200, {}, contact)
        settings = {
            "otp_channel": "email",
            "smtp_url": SecretStr(mailbox.url),
            "email_from": "codes@bank.test",
            "contacts_url": f"{receiver.url}/{{account_id}}",
        }
        async with running(world, **settings) as service:
            reply = await service.execute(request_for("otp_challenge"))
            await service.courier.round()
            code = mailbox.mails[0].get_content()[:6]
            state = await service.challenges.verify(
                reply.results[0].reference, ("*",), code
            )
        assert state.status == "passed"
        assert mailbox.to == ["customer@home.test"]

    @pytest.mark.parametrize(
        ("contact", "problem"),
        [
            (b"{}", "no_contact"),
            (b"no json", "contact_unreadable"),
            (b'{"email": "a@b.test\\nBcc: all@b.test"}', "address_unusable"),
        ],
    )
    async def test_without_a_usable_address_are_not_sent(
        self, world, request_for, receiver, mailbox, contact, problem
    ):
        receiver.answer = lambda request: (200, {}, contact)
        settings = {
            "otp_channel": "email",
            "smtp_url": SecretStr(mailbox.url),
            "email_from": "codes@bank.test",
            "contacts_url": f"{receiver.url}/{{account_id}}",
        }
        async with running(world, **settings) as service:
            await service.execute(request_for("otp_challenge"))
            assert await service.courier.round() == 0
            assert await problems(service) == [problem]
        assert mailbox.mails == []


class TestSettings:
    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ({"otp_channel": "sms"}, "CONTACTS_URL"),
            ({"alert_channels": ("email",)}, "ALERT_EMAIL_TO"),
            ({"alert_channels": ("sms",), "alert_sms_to": ("+49",)}, "SMS_URL"),
            ({"otp_text": "Your code is {code}"}, "OTP_TEXT"),
            ({"otp_text": "{code.__class__} {amount}"}, "OTP_TEXT"),
            ({"sms_fields": ("to={nobody}",)}, "SMS_FIELDS"),
            ({"contacts_url": "https://crm.test/"}, "CONTACTS_URL"),
            ({"env": "production", "redis_url": "redis://x"}, "OTP_WEBHOOK_URL"),
        ],
    )
    def test_channel_that_lacks_something_stops_the_start(self, tmp_path, given, named):
        with pytest.raises(ValidationError, match=f"FRAUD_ACTION_{named}"):
            Settings(var_dir=tmp_path, **given)


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
            "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "fd00::1", "fe80::1", "ff02::1",
            "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::a01:203",
        ],
    )  # fmt: skip
    def test_that_are_not_public_are_refused(self, address):
        assert not permitted(address, ())

    @pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
    def test_that_are_public_are_permitted(self, address):
        assert permitted(address, ())

    def test_in_an_allowed_network_are_permitted(self):
        allowed = Settings(private_networks=("10.1.0.0/16",)).private_networks
        assert permitted("10.1.2.3", allowed)
        assert permitted("::ffff:10.1.2.3", allowed)
        assert not permitted("10.2.2.3", allowed)

    async def test_name_without_an_address_is_a_failure(self):
        with pytest.raises(DeliveryFailed, match="unresolved"):
            await resolved("name.invalid", 80, ())


async def rows(service) -> list[Any]:
    async with service.db.read() as conn:
        return list((await conn.execute(sa.select(outgoing))).mappings())


async def problems(service) -> list[str]:
    return [row["problem"] for row in await rows(service)]


async def states(service) -> list[str]:
    return [row["state"] for row in await rows(service)]
