"""E-mail by SMTP: `smtps://` is TLS from the first byte, `smtp://` STARTTLS."""

import asyncio
import socket
from contextlib import closing
from email.message import EmailMessage
from email.policy import SMTP as WIRE

import aiosmtplib

from fraud_action.channel_rules import MailServer
from fraud_action.connectors.addresses import Network, resolved
from fraud_action.connectors.contacts import Recipients
from fraud_action.notifications import DeliveryFailed, Notification


class EmailSender:
    """One message to all recipients, by a connection of its own."""

    def __init__(
        self,
        server: MailServer,
        sender: str,
        recipients: Recipients,
        *,
        allowed: tuple[Network, ...],
        timeout_s: float,
    ) -> None:
        self._server = server
        self._from = sender
        self._recipients = recipients
        self._allowed = allowed
        self._timeout_s = timeout_s

    async def send(self, message: Notification) -> None:
        """Deliver once; raises DeliveryFailed."""
        to = await self._recipients.of(message)
        try:
            mail = self._mail(message, to)
        except ValueError:
            # A line break in an address, say: no header can hold it.
            raise DeliveryFailed("address_unusable", refused=True) from None
        server = self._server
        address = await resolved(server.host, server.port, self._allowed)
        try:
            await self._transmit(address, mail, to)
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refusal.code for refusal in error.recipients]
            raise _failure(min(codes, default=550)) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _failure(error.code) from None
        except (aiosmtplib.SMTPTimeoutError, TimeoutError):
            raise DeliveryFailed("timeout") from None
        except (aiosmtplib.SMTPException, OSError):
            raise DeliveryFailed("unreachable") from None

    async def _transmit(
        self, address: str, mail: EmailMessage, to: tuple[str, ...]
    ) -> None:
        server = self._server
        sock = await _connected(address, server.port)
        with closing(sock):
            client = aiosmtplib.SMTP(
                hostname=server.host,
                sock=sock,
                use_tls=server.tls,
                start_tls=False if server.tls else (True if server.encrypted else None),
                username=server.user or None,
                password=server.password or None,
                timeout=self._timeout_s,
            )
            async with client:
                await client.send_message(mail, sender=self._from, recipients=list(to))

    def _mail(self, message: Notification, to: tuple[str, ...]) -> EmailMessage:
        mail = EmailMessage(policy=WIRE)
        mail["From"] = self._from
        mail["To"] = ", ".join(to)
        mail["Subject"] = message.subject
        mail["Date"] = message.at
        # The same for a repeat, so that mail systems recognise it.
        mail["Message-ID"] = f"<{message.id}@{self._from.rpartition('@')[2]}>"
        # Answers of absence are of no use (RFC 3834).
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        return mail


async def _connected(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _failure(code: int) -> DeliveryFailed:
    """5yz is final for this message (RFC 5321); but 530 to 535 are about the sign-in."""
    refused = 500 <= code < 600 and not 530 <= code <= 538
    return DeliveryFailed(f"smtp_{code}", refused=refused)
