"""The senders that the settings name."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from fraud_action.connectors.contacts import (
    ContactDirectory,
    FixedRecipients,
    Recipients,
)
from fraud_action.connectors.http import Destination
from fraud_action.connectors.sms import SmsSender
from fraud_action.connectors.smtp import EmailSender
from fraud_action.connectors.webhook import WebhookSender
from fraud_action.notifications import Channel, Kind, Sender, Senders
from fraud_action.settings import Settings

_CONTACT = {"email": "email", "sms": "phone"}


def open_senders(
    settings: Settings,
    now: Callable[[], datetime],
    owned: list[Callable[[], Awaitable[None]]],
) -> Senders:
    """One sender for each queue. What has to be closed is added to `owned`."""
    made = _Opening(settings, now, owned)
    return {queue: made.sender(*queue) for queue in settings.queues()}


def open_trial_sender(
    settings: Settings,
    now: Callable[[], datetime],
    owned: list[Callable[[], Awaitable[None]]],
) -> Sender | None:
    """Who sends the alerts of test mode; None where no receiver is named."""
    if not settings.test_webhook_url:
        return None
    destination = Destination(settings.reachable_networks(), settings.webhook_timeout_s)
    owned.append(destination.close)
    secrets = (settings.test_signing_secret(),)
    return WebhookSender(destination, settings.test_webhook_url, secrets, now)


class _Opening:
    def __init__(
        self,
        settings: Settings,
        now: Callable[[], datetime],
        owned: list[Callable[[], Awaitable[None]]],
    ) -> None:
        self._settings = settings
        self._now = now
        self._owned = owned
        self._allowed = settings.reachable_networks()

    def sender(self, kind: Kind, channel: Channel) -> Sender:
        match channel:
            case "webhook":
                return self._webhook(kind)
            case "email":
                return self._email(self._recipients(kind, channel))
            case "sms":
                return self._sms(self._recipients(kind, channel))

    def _destination(self) -> Destination:
        made = Destination(self._allowed, self._settings.webhook_timeout_s)
        self._owned.append(made.close)
        return made

    def _webhook(self, kind: Kind) -> Sender:
        settings = self._settings
        url = settings.webhook_url if kind == "alert" else settings.otp_webhook_url
        secrets = settings.signing_secrets()
        return WebhookSender(self._destination(), url, secrets, self._now)

    def _recipients(self, kind: Kind, channel: Channel) -> Recipients:
        settings = self._settings
        if kind == "otp":
            return ContactDirectory(
                self._destination(),
                settings.contacts_url,
                settings.contacts_authorization.get_secret_value(),
                _CONTACT[channel],
            )
        if channel == "email":
            return FixedRecipients(settings.alert_email_to)
        return FixedRecipients(settings.alert_sms_to)

    def _email(self, recipients: Recipients) -> Sender:
        settings = self._settings
        server = settings.mail_server()
        assert server is not None  # the settings of this channel were checked
        return EmailSender(
            server,
            settings.email_from,
            recipients,
            allowed=self._allowed,
            timeout_s=settings.webhook_timeout_s,
        )

    def _sms(self, recipients: Recipients) -> Sender:
        settings = self._settings
        return SmsSender(
            self._destination(),
            settings.sms_url,
            recipients,
            fields=dict(one.split("=", 1) for one in settings.sms_fields),
            form=settings.sms_format,
            authorization=settings.sms_authorization.get_secret_value(),
        )
