"""Break connections off where an endpoint asked for it: the last thing before the network.

Over a real socket the caller gets nothing, or a part of an answer; in a test without a network
the same is a `ConnectionResetError`.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any

from flask import Response, request

DROP = "practice_lms.drop"
SOCKET = "werkzeug.socket"
FILLER = b" " * 64
"""Stands for an answer without a body, where a body is needed to break off in its middle."""


def drop_connection(after: Response | None = None) -> None:
    """Mark the request: its connection is dropped, at once or in the middle of an answer."""
    request.environ[DROP] = after


def is_dropped() -> bool:
    """Tell whether the request's connection will be dropped."""
    return DROP in request.environ


def full_body(response: Response) -> bytes:
    """Return the answer's body, or white space where it has none."""
    return bytes(response.get_data()) or FILLER


class DropConnections:
    """WSGI layer that closes the connection where an endpoint asked for it."""

    def __init__(self, app: Callable[..., Any]) -> None:
        """Wrap the application."""
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Answer, or break off as a lost network would."""
        body = self._app(environ, _Held(environ, start_response))
        if DROP not in environ:
            return body
        connection = environ.get(SOCKET)
        if isinstance(connection, socket.socket):
            with contextlib.suppress(OSError):
                _send_half(environ[DROP], start_response)
                # The server would keep the connection open for the next request.
                connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionResetError("connection dropped on purpose")


def _send_half(response: Response | None, start_response: Callable[..., Any]) -> None:
    if response is None:
        return
    body = full_body(response)
    headers = {**dict(response.headers), "Content-Length": str(len(body))}
    write = start_response(response.status, list(headers.items()))
    write(body[: len(body) // 2])


class _Held:
    """A `start_response` that stays silent when the connection is to be dropped."""

    def __init__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> None:
        self._environ = environ
        self._start_response = start_response

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if DROP in self._environ:
            return lambda _data: None
        return self._start_response(*args, **kwargs)
