"""The page as HTML. It loads nothing from anywhere, works without its script, and can be read by a screen reader."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from datetime import datetime
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from emulator.core.clock import parse_instant
from emulator.core.journal import Entry
from emulator.portal.advice import advice_for
from emulator.portal.overview import (
    EXPIRED,
    SERVICES,
    WORKS,
    ApplicationView,
    Overview,
    RegistrationView,
    SecretView,
)

_HERE = Path(__file__).parent
_STYLE = (_HERE / "page.css").read_text("utf-8")
_SCRIPT = (_HERE / "page.js").read_text("utf-8")
_FOUR_SQUARES = (
    '<svg aria-hidden="true" width="14" height="14" viewBox="0 0 21 21"><path fill="#f25022" d="M0 0h10v10H0z"/>'
    '<path fill="#7fba00" d="M11 0h10v10H11z"/><path fill="#00a4ef" d="M0 11h10v10H0z"/>'
    '<path fill="#ffb900" d="M11 11h10v10H11z"/></svg>'
)


def _hash_of(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {_hash_of(_STYLE)}; script-src {_hash_of(_SCRIPT)}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""No other page may show this one in a frame, and nothing in it runs or loads but its own script and style."""


def overview_page(overview: Overview) -> str:
    """``GET /``."""
    facts = (
        f"<li>Address <strong>{escape(overview.base_url)}</strong></li>"
        f"<li>Workspace <strong>{escape(overview.workspace_name)}</strong> "
        f"<code>{escape(overview.workspace_id)}</code></li>"
        f"<li>Its clock says <strong>{_instant(overview.now)}</strong></li>"
    )
    body = (
        '<a class="skip" href="#apps">Skip to the contents</a>'
        "<header><h1>Entra ID and Unified.to, on this computer</h1>"
        '<p class="soft">An emulator for rehearsals. Nothing here reaches a real tenant or workspace, '
        f'and this page shows no secret.</p><ul class="facts">{facts}</ul></header>'
        f'<main data-seq="{overview.last_seq}">'
        f"{_applications(overview.applications)}{_registrations(overview)}{_connections(overview)}{_requests(overview)}"
        "</main><footer><p>Every request with its body, the secrets in it included: "
        "<a href='/_emulator/journal'>journal</a>. What the services do differently when asked: "
        "<a href='/_emulator/settings'>settings</a>. Scripted failures: "
        "<a href='/_emulator/faults'>faults</a>.</p></footer>"
        f"<script>{_SCRIPT}</script>"
    )
    return _document("Rehearsal emulator", body)


def signed_in_page(connection: dict[str, object] | None, error: str | None, state: str | None) -> str:
    """``GET /signed-in``: who signed in, or why nobody did and what to do."""
    through = f" through {escape(state)}" if state else ""
    if error is None and connection is not None:
        auth = connection.get("auth")
        auth = auth if isinstance(auth, dict) else {}
        who = auth.get("name") or "Somebody"
        facts = [
            ("Account", ", ".join(auth.get("emails") or ())),
            ("Integration", f"{connection.get('integration_name')} in {connection.get('environment')}"),
            ("Connection", f"{connection.get('id')}"),
        ]
        rows = "".join(f"<dt>{name}</dt><dd>{escape(str(value))}</dd>" for name, value in facts if value)
        inner = (
            f'<span class="badge good">Signed in</span><h1>{escape(str(who))} signed in{through}</h1>'
            "<p>Entra accepted the client id and secret that are registered at Unified.to, "
            f"and Unified.to made a connection.</p><dl>{rows}</dl>"
        )
        title = "Signed in"
    elif error is not None:
        inner = (
            f'<span class="badge bad">Not signed in</span><h1>Nobody signed in{through}</h1>'
            f"<p><strong>Why.</strong> <code>{escape(error)}</code></p>"
            f"<p><strong>What to do.</strong> {escape(advice_for(error))}</p>"
        )
        title = "Not signed in"
    else:
        inner = (
            '<span class="badge quiet">Nothing to show</span><h1>No sign-in here</h1>'
            "<p>This page is where a sign-in ends. Start one from the overview.</p>"
        )
        title = "No sign-in"
    back = '<p><a class="button main" href="/">Back to the overview</a></p>'
    return _document(title, f'<main class="card outcome">{inner}{back}</main>')


def _document(title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )


# -- app registrations -----------------------------------------------------------------------------


def _applications(applications: tuple[ApplicationView, ...]) -> str:
    cards = "".join(_application(application) for application in applications)
    empty = '<p class="card soft">None yet. <code>make up</code> creates one.</p>'
    return (
        '<section aria-labelledby="apps"><h2 id="apps">App registrations</h2>'
        f'<p class="soft">What the Azure portal would list.</p>{cards or empty}</section>'
    )


def _application(application: ApplicationView) -> str:
    uris = ", ".join(f"<code>{escape(uri)}</code>" for uri in application.redirect_uris)
    secrets = "".join(_secret(secret) for secret in application.secrets)
    columns = ("Name", "State", "Starts", "Ends", "Key id, hint", "Used by")
    table = _table(f"Client secrets of {application.name}", columns, secrets, "Client secrets")
    return (
        f'<article class="card"><div class="card-head"><h3>{escape(application.name)}</h3>'
        f"<code>{escape(application.client_id)}</code></div>"
        f'<p class="soft">{escape(application.audience)}{" · redirects to " + uris if uris else ""}</p>'
        f"{table if secrets else '<p>No client secrets.</p>'}</article>"
    )


def _secret(secret: SecretView) -> str:
    kind = "good" if secret.state == WORKS else "bad" if secret.state == EXPIRED else "wait"
    left = f'<br><span class="soft">{_days(secret.days_left)} left</span>' if secret.state != EXPIRED else ""
    used = "<br>".join(escape(place) for place in secret.used_by) or '<span class="soft">nobody</span>'
    return (
        f'<tr><th scope="row">{escape(secret.name)}</th><td>{_badge(secret.state, kind)}</td>'
        f'<td class="when">{_day(secret.start)}</td><td class="when">{_day(secret.end)}{left}</td>'
        f'<td><span class="id">{escape(secret.key_id)}</span><br>'
        f'<span class="soft">begins with {escape(secret.hint)}</span></td><td>{used}</td></tr>'
    )


# -- registrations ---------------------------------------------------------------------------------


def _registrations(overview: Overview) -> str:
    cards = "".join(_environment(overview, environment) for environment in overview.environments)
    return (
        '<section aria-labelledby="registrations"><h2 id="registrations">Registrations at Unified.to</h2>'
        '<p class="soft">Which OAuth client each integration uses. Environments have credentials of their own.</p>'
        f"{cards}</section>"
    )


def _environment(overview: Overview, environment: str) -> str:
    mine = [item for item in overview.registrations if item.environment == environment]
    count = overview.untouched.get(environment, 0)
    rest = f"{_count(count, 'integration')} not set up" if count else ""
    rows = "".join(_registration(overview, item) for item in mine)
    columns = ("Integration", "State", "OAuth client", "Permissions", "Try it")
    table = _table(f"Registrations in {environment}", columns, rows)
    return (
        f'<article class="card"><div class="card-head"><h3>{escape(environment)}</h3>'
        f'<span class="soft">{rest}</span></div>{table if rows else ""}</article>'
    )


def _registration(overview: Overview, item: RegistrationView) -> str:
    state = _badge("ready", "good") if item.problem is None else _badge(item.problem, _kind_of_problem(item))
    client = f"<code>{escape(item.client_id)}</code>" if item.client_id else '<span class="soft">none</span>'
    application = f"{escape(item.application)}<br>" if item.application else ""
    permissions = "<br>".join(escape(name) for name in item.permissions) or '<span class="soft">sign-in only</span>'
    offers_sign_in = item.is_active and bool(item.client_id) and item.environment != "Sandbox"
    return (
        f'<tr><th scope="row">{escape(item.name)}<br><span class="id soft">{escape(item.integration_type)}</span></th>'
        f"<td>{state}</td><td>{application}{client}</td><td>{permissions}</td>"
        f"<td>{_sign_in(overview, item) if offers_sign_in else ''}</td></tr>"
    )


def _kind_of_problem(item: RegistrationView) -> str:
    if not item.is_active:
        return "quiet"
    return "wait" if item.environment == "Sandbox" else "bad"


def _sign_in(overview: Overview, item: RegistrationView) -> str:
    after = f"{overview.base_url}/signed-in"
    query = {
        "env": item.environment,
        "redirect": "1",
        "success_redirect": after,
        "failure_redirect": after,
        "state": f"{item.name} in {item.environment}",
    }
    path = f"/unified/integration/auth/{overview.workspace_id}/{item.integration_type}?{urlencode(query)}"
    label = escape(f"Sign in with Microsoft through {item.name} in {item.environment}")
    identifier = escape(f"sign-in-{item.environment}-{item.integration_type}".replace(" ", "-"))
    return (
        f'<a class="button" id="{identifier}" href="{escape(path)}" aria-label="{label}">'
        f"{_FOUR_SQUARES}Sign in with Microsoft</a>"
    )


# -- connections and requests ----------------------------------------------------------------------


def _connections(overview: Overview) -> str:
    if not overview.connections:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(str(made["auth"].get("name") or "?"))}</th>'
        f"<td>{escape(', '.join(made['auth'].get('emails') or ()))}</td>"
        f"<td>{escape(str(made['integration_name']))} in {escape(str(made['environment']))}</td>"
        f'<td class="when">{_instant(parse_instant(made["created_at"]))}</td></tr>'
        for made in overview.connections
    )
    return (
        '<section aria-labelledby="connections"><h2 id="connections">Who signed in last</h2>'
        f'<div class="card">{_table("Connections", ("Name", "Account", "Through", "When"), rows)}</div></section>'
    )


def _requests(overview: Overview) -> str:
    cards = "".join(
        f'<article class="card"><div class="card-head"><h3>{name}</h3>'
        f'<span class="soft">{_count(overview.request_counts[service], "request")}</span></div>'
        f"{_request_list(overview.requests[service])}</article>"
        for service, name in SERVICES.items()
    )
    return (
        '<section aria-labelledby="requests"><h2 id="requests">Recent requests</h2>'
        f'<p class="soft">Newest first.</p><div class="columns">{cards}</div></section>'
    )


def _request_list(entries: Iterable[Entry]) -> str:
    items = "".join(_request(entry) for entry in entries)
    return f'<ul class="requests">{items}</ul>' if items else '<p class="soft">None yet.</p>'


def _request(entry: Entry) -> str:
    status = entry["status"]
    kind = "bad" if status is None or status >= 400 else "good"
    fault = f' <span class="soft">scripted: {escape(entry["fault"])}</span>' if entry["fault"] else ""
    return (
        f'<li><span class="soft">{escape(entry["method"])}</span><span class="id">{escape(entry["path"])}{fault}</span>'
        f"{_badge('no answer' if status is None else str(status), kind)}</li>"
    )


# -- parts -----------------------------------------------------------------------------------------


def _table(name: str, columns: tuple[str, ...], rows: str, caption: str = "") -> str:
    """A table that scrolls sideways on a narrow screen, with the keyboard too; ``name`` is for screen readers."""
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    title = f"<caption>{caption}</caption>" if caption else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}">'
        f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _badge(text: str, kind: str) -> str:
    return f'<span class="badge {kind}">{escape(text)}</span>'


def _day(moment: datetime) -> str:
    return f'<time datetime="{moment.isoformat()}">{moment:%d %b %Y}</time>'


def _instant(moment: datetime) -> str:
    return f'<time datetime="{moment.isoformat(timespec="seconds")}">{moment:%d %b %Y, %H:%M:%S} UTC</time>'


def _days(count: int) -> str:
    return _count(count, "day")


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
