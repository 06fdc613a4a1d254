"""A mail server on the machine's own address, which keeps what it got and answers what it is told."""

import email
from email import policy

from aiosmtpd.controller import Controller


class _OnAnyPort(Controller):
    """aiosmtpd's, which looks whether its port answers and takes 0 for the port itself."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class MailServer:
    """`answers` are replies to the next mails, such as "451 busy", then it takes them; `mails` what it took, parsed."""

    def __init__(self):
        self.mails: list[email.message.EmailMessage] = []
        self.recipients: list[str] = []
        self.answers: list[str] = []
        self.refused: set[str] = set()
        self._controller = _OnAnyPort(self, hostname="127.0.0.1", port=0, ready_timeout=60)

    @property
    def port(self) -> int:
        return self._controller.port

    def __enter__(self):
        self._controller.start()
        return self

    def __exit__(self, *_):
        self._controller.stop()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 there is nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.answers:
            return self.answers.pop(0)
        self.mails.append(email.message_from_bytes(envelope.content, policy=policy.default))
        self.recipients += envelope.rcpt_tos
        return "250 OK"
