"""The way out for e-mail, which only workers take."""

from iuran.deploy.settings import Settings
from iuran.workers.mail import SmtpMailer


def new_mailer(settings: Settings) -> SmtpMailer:
    """Return the way to the SMTP server."""
    password = settings.smtp_password
    return SmtpMailer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.mail_sender,
        sender_name=settings.mail_sender_name,
        tls=settings.smtp_tls,
        username=settings.smtp_user,
        password=None if password is None else password.get_secret_value(),
        timeout_seconds=settings.smtp_timeout_seconds,
        lines=settings.smtp_lines,
    )
