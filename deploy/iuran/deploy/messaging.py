"""The ways out of an installation: carriers, where they report deliveries, and webhooks."""

from starlette.routing import BaseRoute

from iuran.core.clock import Clock
from iuran.core.database.pool import Pool
from iuran.core.reminders.events import Channel
from iuran.deploy.installation import installation_cipher
from iuran.deploy.settings import (
    Settings,
    SettingsError,
    SmsProvider,
    WhatsAppProvider,
    demanded,
    variable_of,
)
from iuran.payments.webhooks.addresses import Reach
from iuran.workers.messaging.http import HttpCarrier, Provider
from iuran.workers.messaging.letter import Carrier
from iuran.workers.messaging.providers import SignedWebhook, SmsGateway, WhatsAppCloud
from iuran.workers.messaging.report_routes import ReportServices, report_routes
from iuran.workers.webhooks.calls import WayOut


def new_carriers(settings: Settings) -> dict[Channel, Carrier]:
    """Return who delivers beside e-mail; raises SettingsError for half a provider."""
    providers = {Channel.WHATSAPP: _whatsapp(settings), Channel.SMS: _sms(settings)}
    return {
        channel: HttpCarrier(
            provider=provider,
            timeout_seconds=settings.messages_timeout_seconds,
            lines=settings.messages_at_once,
        )
        for channel, provider in providers.items()
        if provider is not None
    }


def new_reach(settings: Settings) -> Reach:
    """Return where webhooks may go."""
    return Reach.of(settings.webhook_networks, plain_loopback=not settings.is_production)


def new_way_out(settings: Settings) -> WayOut:
    """Return what webhooks are sent with; raises SettingsError when a key is missing."""
    return WayOut(
        cipher=installation_cipher(settings),
        reach=new_reach(settings),
        timeout_seconds=settings.webhook_timeout_seconds,
        at_once=settings.webhooks_at_once,
    )


def message_report_routes(settings: Settings, *, pool: Pool, clock: Clock) -> list[BaseRoute]:
    """Return where the configured providers report deliveries."""
    is_cloud = settings.whatsapp_provider is WhatsAppProvider.CLOUD
    is_gateway = settings.sms_provider is SmsProvider.GATEWAY
    verify_token = settings.whatsapp_verify_token
    return report_routes(
        ReportServices(
            pool=pool,
            clock=clock,
            signed_secrets=_signed_secrets(settings),
            whatsapp_secret=demanded(settings.whatsapp_secret, "whatsapp_secret")
            if is_cloud
            else None,
            whatsapp_verify_token=None if verify_token is None else verify_token.get_secret_value(),
            gateway_secret=demanded(settings.sms_secret, "sms_secret") if is_gateway else None,
            gateway_url=settings.sms_reports_url,
        )
    )


def _signed_secrets(settings: Settings) -> tuple[str, ...]:
    secrets: list[str] = []
    if settings.whatsapp_provider is WhatsAppProvider.WEBHOOK:
        secrets.append(demanded(settings.whatsapp_secret, "whatsapp_secret"))
    if settings.sms_provider is SmsProvider.WEBHOOK:
        secrets.append(demanded(settings.sms_secret, "sms_secret"))
    return tuple(secrets)


def _whatsapp(settings: Settings) -> Provider | None:
    if settings.whatsapp_provider is WhatsAppProvider.WEBHOOK:
        return SignedWebhook(
            url=_demanded_text(settings.whatsapp_url, "whatsapp_url"),
            channel=Channel.WHATSAPP,
            secret=demanded(settings.whatsapp_secret, "whatsapp_secret"),
        )
    if settings.whatsapp_provider is WhatsAppProvider.CLOUD:
        return WhatsAppCloud(
            url=_demanded_text(settings.whatsapp_url, "whatsapp_url"),
            token=demanded(settings.whatsapp_token, "whatsapp_token"),
        )
    return None


def _sms(settings: Settings) -> Provider | None:
    if settings.sms_provider is SmsProvider.WEBHOOK:
        return SignedWebhook(
            url=_demanded_text(settings.sms_url, "sms_url"),
            channel=Channel.SMS,
            secret=demanded(settings.sms_secret, "sms_secret"),
        )
    if settings.sms_provider is SmsProvider.GATEWAY:
        return SmsGateway(
            url=_demanded_text(settings.sms_url, "sms_url"),
            account=_demanded_text(settings.sms_account, "sms_account"),
            secret=demanded(settings.sms_secret, "sms_secret"),
            sender=_demanded_text(settings.sms_sender, "sms_sender"),
            reports_url=settings.sms_reports_url,
        )
    return None


def _demanded_text(value: str, name: str) -> str:
    if not value:
        raise SettingsError(f"{variable_of(name)} is not set: this provider needs it")
    return value
