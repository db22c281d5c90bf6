"""What can be set from outside."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import ClassVar, Literal, Self

from pydantic import Field, IPvAnyNetwork, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from fraud_action.channel_rules import (
    CODE_FIELDS,
    SMS_FIELDS,
    MailServer,
    checked_secret,
    fields_of,
)
from fraud_action.notifications import Channel, Kind, Queue
from fraud_shared.state.retaining import kept_for
from fraud_shared.web.secrets import SecretMissing
from fraud_shared.web.settings import ServiceSettings

_THIS_MACHINE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@kept_for("action")
class Settings(ServiceSettings):
    """Settings of the action service, prefix `FRAUD_ACTION_`; durations are ISO 8601 or
    seconds."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_ACTION_")

    required_secrets: ClassVar[tuple[str, ...]] = (
        "token_key",
        "otp_key",
        "webhook_secret",
    )

    port: int = 8006
    internal_port: int = 9006
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    redis_url: str = Field(default="", validation_alias="REDIS_URL")
    amqp_url: str = Field(default="", validation_alias="AMQP_URL")

    # One-time passwords. The previous key only finishes challenges begun under it.
    otp_key: SecretStr = SecretStr("")
    otp_previous_key: SecretStr = SecretStr("")
    otp_scheme: Literal["hotp", "totp"] = "hotp"
    otp_digits: int = Field(default=6, ge=6, le=8)
    otp_period_s: int = Field(default=60, ge=15, le=300)
    otp_attempts: int = Field(default=5, ge=1, le=5)
    otp_ttl: timedelta = timedelta(minutes=5)
    # Codes leave by one channel: another copy would be another chance to read it.
    otp_channel: Channel = "webhook"
    otp_text: str = (
        "{code} is your code for {amount}. It is valid for {minutes} minutes. "
        "Never tell it to anybody."
    )
    # How often a customer may have the code sent again, and how soon.
    otp_resends: int = Field(default=3, ge=0, le=10)
    otp_resend_pause: timedelta = timedelta(seconds=30)
    otp_webhook_url: str = ""
    # Development only: serves codes at /v1/challenges/{id}/development-code.
    otp_echo: bool = False

    hold_ttl: timedelta = timedelta(days=3)
    block_ttl: timedelta = timedelta(days=7)
    # A case that is open for longer is overdue.
    case_sla: timedelta = timedelta(days=1)

    # Alerts leave by each of these; without a URL, not by webhook.
    alert_channels: tuple[Channel, ...] = ("webhook",)
    webhook_url: str = ""
    webhook_secret: SecretStr = SecretStr("")
    # Signs besides, until every receiver knows the new one.
    webhook_previous_secret: SecretStr = SecretStr("")
    # Where the alerts of the gateway's test mode go, with a secret of their own: whoever
    # tries something out needs not know that of what is meant.
    test_webhook_url: str = ""
    test_webhook_secret: SecretStr = SecretStr("")
    # Of all channels. The lease of a message is longer.
    webhook_timeout_s: float = Field(default=5.0, gt=0, le=20)
    webhook_attempts: int = Field(default=12, ge=1)
    delivery_lasting: timedelta = timedelta(days=3)

    # E-mail: a password may be in the URL.
    smtp_url: SecretStr = SecretStr("")
    email_from: str = ""
    alert_email_to: tuple[str, ...] = ()

    # Text messages, by a provider's HTTP interface.
    sms_url: str = ""
    sms_authorization: SecretStr = SecretStr("")
    sms_format: Literal["json", "form"] = "json"
    sms_fields: tuple[str, ...] = ("to={to}", "text={text}")
    alert_sms_to: tuple[str, ...] = ()

    # Where the addresses of customers are asked for: the mesh holds none.
    contacts_url: str = ""
    contacts_authorization: SecretStr = SecretStr("")

    # Destinations may lie in these, although they are not public.
    private_networks: tuple[IPvAnyNetwork, ...] = ()

    sweep_every_s: float = 1.0
    reconcile_every_s: float = 30.0

    @model_validator(mode="after")
    def _fit_for_production(self) -> Self:
        if self.production and self.otp_echo:
            raise ValueError("FRAUD_ACTION_OTP_ECHO is refused in production")
        if self.production and not self.redis_url:
            raise ValueError("REDIS_URL is required in production")
        return self

    @model_validator(mode="after")
    def _channels_complete(self) -> Self:
        needed = set(self._needed("otp", self.otp_channel))
        for channel in self.alert_channels:
            needed.update(self._needed("alert", channel))
        if self.test_webhook_url:
            needed.add("test_webhook_secret")
        for name in sorted(needed):
            value = getattr(self, name)
            secret = isinstance(value, SecretStr)
            if not (value.get_secret_value() if secret else value):
                where = " in production" if name == "otp_webhook_url" else ""
                raise ValueError(f"{self.variable(name)} is required{where}")
        if not {"code", "amount"} <= fields_of(self.otp_text) <= CODE_FIELDS:
            raise ValueError(
                "FRAUD_ACTION_OTP_TEXT names {code} and {amount}, and at most {minutes}"
            )
        if not all("=" in one for one in self.sms_fields):
            raise ValueError("FRAUD_ACTION_SMS_FIELDS are not name=value")
        if not fields_of("".join(self.sms_fields)) <= SMS_FIELDS:
            raise ValueError("FRAUD_ACTION_SMS_FIELDS name only {to}, {text} and {id}")
        try:
            self.mail_server()
        except ValueError as error:
            raise ValueError(f"FRAUD_ACTION_SMTP_URL {error}") from None
        if self.contacts_url and "{account_id}" not in self.contacts_url:
            raise ValueError("FRAUD_ACTION_CONTACTS_URL names {account_id}")
        return self

    def _needed(self, kind: Kind, channel: Channel) -> tuple[str, ...]:
        """The fields that a channel cannot do without."""
        if channel == "webhook":
            return ("otp_webhook_url",) if kind == "otp" and self.production else ()
        whom = "contacts_url" if kind == "otp" else f"alert_{channel}_to"
        own = ("smtp_url", "email_from") if channel == "email" else ("sms_url",)
        return (*own, whom)

    def otp_keys(self) -> list[bytes]:
        """Server keys for one-time passwords, newest first."""
        keys = [self.secret("FRAUD_ACTION_OTP_KEY", self.otp_key)]
        previous = self.otp_previous_key.get_secret_value()
        return [key.encode() for key in (*keys, previous) if key]

    def queues(self) -> tuple[Queue, ...]:
        """By which channels each kind of message leaves."""
        wanted: list[Queue] = [("otp", self.otp_channel)]
        wanted += [("alert", channel) for channel in dict.fromkeys(self.alert_channels)]
        urls = {"alert": self.webhook_url, "otp": self.otp_webhook_url}
        return tuple(
            (kind, channel)
            for kind, channel in wanted
            if channel != "webhook" or urls[kind]
        )

    def signing_secrets(self) -> tuple[str, ...]:
        """The keys that sign webhooks, newest first. Raises SecretMissing for one that is
        no Standard Webhooks secret."""
        name = "FRAUD_ACTION_WEBHOOK_SECRET"
        given = {name: self.secret(name, self.webhook_secret)}
        previous = self.webhook_previous_secret.get_secret_value()
        if previous:
            given["FRAUD_ACTION_WEBHOOK_PREVIOUS_SECRET"] = previous
        for variable, secret in given.items():
            _check_secret(variable, secret)
        return tuple(given.values())

    def test_signing_secret(self) -> str:
        """The key that signs the alerts of test mode. Raises as `signing_secrets`."""
        secret = self.test_webhook_secret.get_secret_value()
        _check_secret("FRAUD_ACTION_TEST_WEBHOOK_SECRET", secret)
        return secret

    def mail_server(self) -> MailServer | None:
        """Where e-mail is handed over, if anywhere. Raises ValueError."""
        url = self.smtp_url.get_secret_value()
        return MailServer.parse(url, encrypted=self.production) if url else None

    def reachable_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Networks that destinations may lie in besides public ones: in development also
        this machine."""
        own = () if self.production else _THIS_MACHINE
        return (*self.private_networks, *own)


def _check_secret(variable: str, secret: str) -> None:
    try:
        checked_secret(secret)
    except ValueError as error:
        raise SecretMissing(f"{variable} {error}") from None
