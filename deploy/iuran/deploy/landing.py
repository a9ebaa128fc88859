"""The page at `/`: what runs here and where to look."""

import base64
import hashlib
from html import escape
from importlib.metadata import version
from importlib.resources import files
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from iuran.deploy.settings import Settings
from iuran.deploy.tokens import uses_demo_issuer


def landing_route(settings: Settings) -> Route:
    """Return the page; it is made once, from the settings."""
    style = _text("landing.css")
    page = Template(_text("landing.html")).substitute(
        style=style,
        environment=escape(settings.environment.value),
        places="\n".join(_row(*place) for place in _places(settings)),
        version=escape(version("iuran")),
    )
    headers = {
        "Content-Security-Policy": _policy(style),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }

    async def landing(_request: Request) -> Response:
        return HTMLResponse(page, headers=headers)

    return Route("/", landing, methods=["GET"])


def _places(settings: Settings) -> list[tuple[str, bool, str]]:
    """Return path, whether a browser can open it, and what is there."""
    first, *others = (f"{mount}/transfer-va" for mount in settings.snap_mounts)
    also = f"; also under {', '.join(others)}" if others else ""
    graphiql = [
        ("/graphiql", True, "Ask in the browser, with the screens of a membership app to try"),
        ("/graphql/reference", True, "Every type and field, explained and searchable"),
    ]
    issuer = [("/.well-known/jwks.json", True, "Keys of the demonstration's tokens")]
    return [
        *(graphiql if settings.serves_graphiql else []),
        ("/graphql", False, "For frontends: questions and changes (POST), events (WebSocket)"),
        ("/graphql/stream", False, "The same events as server-sent events"),
        *(issuer if uses_demo_issuer(settings) else []),
        (first, False, f"For banks: SNAP BI, signed{also}"),
        (settings.retail_mount, False, "For minimarkets and aggregators: their own messages"),
        ("/readyz", True, "Whether requests can be served"),
        ("/healthz", True, "Whether the process lives"),
        ("/metrics", True, "Figures for Prometheus"),
    ]


def _row(path: str, can_be_opened: bool, meaning: str) -> str:  # noqa: FBT001 - a row of _places
    shown = escape(path)
    place = f'<a href="{shown}">{shown}</a>' if can_be_opened else shown
    return f"<dt>{place}</dt><dd>{escape(meaning)}</dd>"


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def _text(name: str) -> str:
    return files("iuran.deploy").joinpath("static", name).read_text(encoding="utf-8")
