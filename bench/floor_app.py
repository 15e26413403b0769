"""The floor: what Flask, PyJWT and one row in PostgreSQL cost at least.

A login that hands out a signed state, and a launch that verifies the token and the state and
inserts one row. It knows one platform, whose key it was given, has no pages and tells no roles: no
tool can do less. Saving answers is a signed session and one upsert, which judges nothing. Served as
``bench.floor_app:app`` with the facts in ``BENCH_FACTS``.
"""

import json
import os
import secrets
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
import psycopg
from flask import Flask, Response, abort, jsonify, make_response, redirect, request, session
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response as BaseResponse

_FACTS: dict[str, Any] = json.loads(Path(os.environ["BENCH_FACTS"]).read_text(encoding="utf-8"))
_KEYS = {each["kid"]: jwt.PyJWK(each).key for each in _FACTS["jwks"]["keys"]}
_STATES = URLSafeTimedSerializer(_FACTS["secret_key"])
_connections: dict[int, psycopg.Connection] = {}

app = Flask(__name__)
app.config["SECRET_KEY"] = _FACTS["secret_key"]


@app.post("/lti/login")
def login() -> BaseResponse:
    """Send the browser to the platform with a state and a nonce."""
    nonce, secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    query = urlencode(
        {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": _FACTS["client_id"],
            "redirect_uri": _FACTS["launch_url"],
            "login_hint": request.form["login_hint"],
            "lti_message_hint": request.form["lti_message_hint"],
            "state": _STATES.dumps([nonce, secret]),
            "nonce": nonce,
        }
    )
    response = redirect(f"{_FACTS['auth_login_url']}?{query}")
    response.set_cookie("state", secret, httponly=True, secure=True, samesite="None")
    return response


@app.post("/lti/launch")
def launch() -> Response:
    """Verify a launch and write it down, once."""
    token = request.form["id_token"]
    try:
        nonce, secret = _STATES.loads(request.form["state"], max_age=600)
    except BadData:
        abort(401)
    if secret != request.cookies.get("state"):
        abort(401)
    segment = token.partition(".")[0]
    header = json.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    claims = jwt.decode(
        token,
        _KEYS[header["kid"]],
        algorithms=["RS256"],
        audience=_FACTS["client_id"],
        issuer=_FACTS["issuer"],
    )
    if claims["nonce"] != nonce:
        abort(401)
    roles = claims["https://purl.imsglobal.org/spec/lti/claim/roles"]
    done = _connection().execute(
        "INSERT INTO launches VALUES (%s, %s, %s, now()) ON CONFLICT DO NOTHING",
        (nonce, claims["sub"], " ".join(roles)),
    )
    if done.rowcount != 1:
        abort(401)
    return make_response("<!doctype html><title>Launched</title><p>Launched.")


@app.post("/session")
def begin_session() -> Response:
    """Let somebody in who says their name."""
    session["sub"] = request.form["sub"]
    return make_response("")


@app.post("/autosave")
def autosave() -> Response:
    """Keep a sheet of answers, unless another page has saved since."""
    sub, version = session["sub"], int(request.form["saved_version"])
    sheet = json.dumps(
        {name: value for name, value in request.form.items() if name != "csrf_token"}
    )
    done = _connection().execute(
        "INSERT INTO answers VALUES (%s, 1, %s, now()) ON CONFLICT (sub) DO UPDATE"
        " SET version = answers.version + 1, sheet = excluded.sheet, at = excluded.at"
        " WHERE answers.version = %s",
        (sub, sheet, version),
    )
    if done.rowcount != 1:
        abort(409)
    return jsonify(saved_version=version + 1)


def _connection() -> psycopg.Connection:
    # One connection for each process; its own lock serves threads.
    pid = os.getpid()
    if pid not in _connections:
        _connections[pid] = psycopg.connect(_FACTS["database_url"], autocommit=True)
    return _connections[pid]
