"""The HTML that a person sees at the sign-in address. Plain, without scripts but the one that posts a form back."""

from __future__ import annotations

from html import escape

from starlette.responses import HTMLResponse, Response

from emulator.entra.login_errors import LoginError
from emulator.entra.tenants import Account

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; background: #f3f4f6; margin: 0; }
main { max-width: 30rem; margin: 4rem auto; padding: 2rem; background: #fff; border-radius: 6px;
       box-shadow: 0 2px 8px rgb(0 0 0 / 15%); }
h1 { font-size: 1.4rem; margin: 0 0 .5rem; }
button { display: block; width: 100%; text-align: left; font: inherit; padding: .7rem 1rem; margin: .4rem 0;
         background: #fff; border: 1px solid #c8ccd2; border-radius: 4px; cursor: pointer; }
button:hover, button:focus { border-color: #0b5cad; background: #eef5fc; }
button small { display: block; color: #555; }
.note { color: #555; font-size: .85rem; }
code { overflow-wrap: anywhere; }
"""
_HEADERS = {"Cache-Control": "no-store", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}


def account_picker(
    address: str, parameters: dict[str, str], accounts: list[Account], application_name: str, scopes: tuple[str, ...]
) -> Response:
    """Choose an account and, with it, consent; each choice posts the request's own parameters back."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in parameters.items()
    )
    choices = "".join(
        f'<button name="account" value="{escape(account.user_name)}">{escape(account.name)}'
        f"<small>{escape(account.user_name)} · {_kind(account)}</small></button>"
        for account in accounts
    )
    wanted = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in scopes)
    return _page(
        "Pick an account",
        f"<p><strong>{escape(application_name)}</strong> asks for:</p><ul>{wanted}</ul>"
        f'<form method="post" action="{escape(address)}">{hidden}{choices}'
        '<button name="action" value="cancel">Cancel</button></form>'
        '<p class="note">Emulated sign-in on this computer. Choosing an account consents to what is asked for.</p>',
        200,
    )


def error(refusal: LoginError, status: int = 400) -> Response:
    """A refusal shown to a person, never redirected."""
    return _page(
        "Sign in",
        "<p>Sorry, but we are having trouble signing you in.</p>"
        f"<p><code>{escape(refusal.text)}</code></p>"
        f'<p class="note">Trace ID: {refusal.trace_id}<br>Correlation ID: {refusal.correlation_id}<br>'
        f"Timestamp: {refusal.timestamp}</p>",
        status,
    )


def form_post(redirect_uri: str, parameters: dict[str, str]) -> Response:
    """``response_mode=form_post``: a page that posts the answer to the redirect URI."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in parameters.items()
    )
    return _page(
        "Working",
        f'<form method="post" action="{escape(redirect_uri)}">{hidden}<button>Continue</button></form>'
        "<script>document.forms[0].submit()</script>",
        200,
    )


def _kind(account: Account) -> str:
    if account.is_personal:
        return "personal account"
    return "work account, administrator" if account.is_admin else "work account"


def _page(title: str, content: str, status: int) -> Response:
    return HTMLResponse(
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{content}</main></body></html>",
        status,
        headers=_HEADERS,
    )
