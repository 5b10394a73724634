"""The one shape of errors under ``/api``: ``{"error": {"code", "message", "field"?}}``."""

from __future__ import annotations

import json
from collections.abc import Callable

from flask import Response

from webapp.cases import InputError
from webapp.db.database import LogUnavailableError
from webapp.services.answer_cache import BusyError
from webapp.services.context import QueueError
from webapp.services.models import jobs
from webapp.services.models.champion import NotServableError
from webapp.services.predict import receipts, record, version_choice

RETRY_SECONDS = 5


class ApiError(Exception):
    """Ends a request with an error: ``code`` for programs, ``message`` for people.

    ``message`` is what is wrong and how to fix it; ``field`` names the bad value, such as
    ``rows[3].G7``; ``retry_after`` is in seconds, for errors that may pass.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.retry_after = retry_after

    def response(self) -> Response:
        """The error as a response."""
        error = {"code": self.code, "message": self.message}
        if self.field is not None:
            error["field"] = self.field
        body = json.dumps({"error": error})
        response = Response(body, self.status, content_type="application/json")
        if self.status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        if self.retry_after is not None:
            response.headers["Retry-After"] = str(self.retry_after)
        return response


def as_api_error(error: Exception) -> ApiError | None:
    """The response to an error of the services; None for an unexpected one, which is a 500."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, InputError):
        return ApiError(400, "bad_input", str(error), field=error.field)
    if isinstance(error, version_choice.UnknownVersionError):
        return ApiError(404, "unknown_version", str(error), field=error.field)
    if isinstance(error, version_choice.VersionNotReadyError) and error.lasting:
        return ApiError(409, "version_not_ready", str(error), field="version")
    if isinstance(error, version_choice.VersionNotReadyError):
        return ApiError(503, "version_not_ready", str(error), retry_after=RETRY_SECONDS)
    if isinstance(error, record.RequestConflictError):
        return ApiError(409, "request_conflict", str(error), field=error.field)
    if isinstance(error, NotServableError):
        return ApiError(409, "version_not_ready", str(error), field="version")
    if isinstance(error, receipts.ReceiptError):
        return ApiError(403, "bad_receipt", str(error), field="receipt")
    if isinstance(error, jobs.UnknownJobError):
        return ApiError(404, "unknown_job", str(error), field="job")
    if isinstance(error, jobs.JobConflictError):
        return ApiError(409, "job_conflict", str(error))
    if isinstance(error, QueueError):
        return ApiError(503, "queue_unavailable", str(error), retry_after=RETRY_SECONDS)
    if isinstance(error, BusyError):
        return ApiError(503, "busy", str(error), retry_after=error.seconds)
    if isinstance(error, LogUnavailableError):
        message = "the event log is unavailable, so nothing was done: try again"
        return ApiError(503, "log_unavailable", message, retry_after=RETRY_SECONDS)
    return None


def refusal(error: BusyError) -> Response:
    """The response to a question that is not even read."""
    return ApiError(503, "busy", str(error), retry_after=error.seconds).response()


def handle_errors(handler: Callable[[], Response]) -> Response:
    """Call ``handler``; turn errors of the services into JSON responses, raise all others."""
    try:
        return handler()
    except Exception as error:
        api_error = as_api_error(error)
        if api_error is None:
            raise
        return api_error.response()
