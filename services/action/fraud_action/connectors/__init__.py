"""How notifications leave: signed webhooks, e-mail, text messages; each a `Sender`."""
