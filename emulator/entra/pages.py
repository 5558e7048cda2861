"""The pages that a person sees at the sign-in address."""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from emulator.core.pages import templates_of
from emulator.entra.login_errors import LoginError
from emulator.entra.tenants import Account

_TEMPLATES = templates_of(__file__)
_HEADERS = {"Cache-Control": "no-store", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}


def account_picker(
    address: str, parameters: dict[str, str], accounts: list[Account], application_name: str, scopes: tuple[str, ...]
) -> Response:
    """Choose an account and, with it, consent; each choice posts the request's own parameters back."""
    return _page(
        "account_picker.html",
        address=address,
        parameters=parameters,
        accounts=accounts,
        application_name=application_name,
        scopes=scopes,
    )


def error(refusal: LoginError, status: int = 400) -> Response:
    """A refusal shown to a person, never redirected."""
    return _page("error.html", status, refusal=refusal)


def _page(template: str, status: int = 200, **values: object) -> Response:
    return HTMLResponse(_TEMPLATES.get_template(template).render(values), status, headers=_HEADERS)
