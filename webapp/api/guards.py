"""Guards before views: rate limit, body limit, CSRF check, one shape of errors.

The views are wrapped once, when all are registered, so that those without a guard cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from webapp.api import auth
from webapp.api.errors import ApiError
from webapp.api.origin import refuse_cross_site
from webapp.api.page_rights import FORM, PageRights
from webapp.api.root import ENDPOINT as ROOT

if TYPE_CHECKING:
    from webapp.api.limiter import Limiter

API = "/api/"
PAGE = "/page/"
UNLIMITED = ("/_dash-update-component",)  # the server's own limit is for uploads
BODY_LIMIT = 1 << 20
BODY_LIMITS = {  # by path, where it is another
    "/api/v1/predict/batch": 8 << 20,
    "/api/v1/events": 8 << 20,
    "/page/record": 64 << 10,
    "/page/label": 64 << 10,
    "/page/undo": 64 << 10,
    "/page/compare/file": 64 << 20,
}
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_NOWHERE = "api_nowhere"
_CODES = {
    400: ("bad_request", "the request can't be read: send JSON"),
    404: ("not_found", "there is nothing at this address: see /api/docs"),
    405: ("method_not_allowed", "this address doesn't take that method: see the header Allow"),
    413: ("too_large", "the body is too large"),
    415: ("unsupported_media_type", "set Content-Type: application/json"),
    500: ("internal", "something went wrong; see the server's log"),
}


def for_root(permissions: auth.Access, limiter: Limiter | None) -> Callable[[], None] | None:
    """The check that ``/`` makes before it answers with JSON; None if there is nothing to check."""
    if limiter is None and not permissions.api_token:
        return None

    def check() -> None:
        if limiter is not None:
            limiter.check()
        permissions.require("read")

    return check


def install(server: Flask, limiter: Limiter | None, rights: PageRights | None = None) -> None:
    """Guard all views of the API and of our own pages' endpoints. Called after the last route."""
    _answer_in_one_shape(server)
    rules = {rule.endpoint: rule.rule for rule in server.url_map.iter_rules()}
    for endpoint, rule in rules.items():
        if endpoint.endswith("static"):
            continue
        view = server.view_functions[endpoint]
        if rights is not None and rule in FORM:
            view = _guard_form(view, rights)
        if rights is not None and rights.covers(rule) and endpoint != ROOT:
            view = _guard_page(view, rights)
        if rule in UNLIMITED or rule.startswith((API, PAGE)):
            limit = None if rule in UNLIMITED else body_limit(rule)
            view = _guard(view, limiter, limit)
        server.view_functions[endpoint] = view


def body_limit(path: str) -> int:
    """The most bytes that the body of a request to this address may have, also unpacked."""
    return BODY_LIMITS.get(path, BODY_LIMIT)


def limit_body(size: int) -> None:
    """Refuse a request body of more than ``size`` bytes. Raises ApiError 413."""
    length = request.content_length
    request.max_content_length = size + 1  # where werkzeug cuts a body of unknown length
    if length is None and request.environ.get("wsgi.input_terminated"):
        length = len(request.get_data())
    if (length or 0) > size:
        raise ApiError(413, "too_large", f"the body is too large: send at most {size:,} bytes")


def _guard_page(view: Callable[..., Any], rights: PageRights) -> Any:
    @wraps(view)
    def guarded_view(*args: Any, **kwargs: Any) -> Any:
        refusal = rights.check_page()
        return view(*args, **kwargs) if refusal is None else refusal

    return guarded_view


def _guard_form(view: Callable[..., Any], rights: PageRights) -> Any:
    @wraps(view)
    def guarded_view(*args: Any, **kwargs: Any) -> Any:
        rights.check_form()
        return view(*args, **kwargs)

    return guarded_view


def _guard(view: Callable[..., Any], limiter: Limiter | None, limit: int | None) -> Any:
    @wraps(view)
    def guarded_view(*args: Any, **kwargs: Any) -> Any:
        if limiter is not None:
            limiter.check()
        if not request.path.startswith(API) and auth.has_cookie():
            auth.require_same_origin()  # views of the API check it in auth.require
        if request.method == "POST" and "HTTP_AUTHORIZATION" not in request.environ:
            refuse_cross_site()  # no browser sends a token for another site
        if limit is not None:
            limit_body(limit)
        return view(*args, **kwargs)

    return guarded_view


def _answer_in_one_shape(server: Flask) -> None:
    """Give all errors under ``/api`` and ``/page`` one shape, the framework's included."""
    server.register_error_handler(ApiError, ApiError.response)
    server.register_error_handler(HTTPException, _shape_error)
    for rule in (API, f"{API}<path:path>", PAGE, f"{PAGE}<path:path>"):
        server.add_url_rule(
            rule,
            endpoint=_NOWHERE,
            view_func=_refuse_address,
            methods=_METHODS,
            provide_automatic_options=False,
        )


def _shape_error(error: HTTPException) -> Any:
    is_ours = request.path.startswith((API, PAGE, *UNLIMITED))
    if not is_ours or error.code is None or isinstance(error, RequestRedirect):
        return error
    code, message = _CODES.get(
        error.code, (error.name.lower().replace(" ", "_"), error.description or error.name)
    )
    response = ApiError(error.code, code, message).response()
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _refuse_address(**_path: str) -> Any:
    """404 or 405 for unknown addresses of programs, which Dash would answer with a page."""
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None  # there is one for every request
    methods = [method for method in _METHODS[:-1] if adapter.match(method=method)[0] != _NOWHERE]
    if methods and request.method == "OPTIONS":
        return Response(status=204, headers={"Allow": ", ".join([*methods, "OPTIONS"])})
    raise MethodNotAllowed(methods) if methods else NotFound
