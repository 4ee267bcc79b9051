"""nexus: accounts, sign-up that closes after the first account, tokens, and the four checks of `/ht/`."""

from __future__ import annotations

import http.cookies
import json
import os
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

from demo_service import accounts, dependencies, environment, tokens
from demo_service.dependencies import UnavailableError
from demo_service.web import Request, Response, Service

STORAGE = Path(os.environ.get("LOCAL_DATASET_CACHE_DIR", "/opt/graphistry/data"))
CHECKS = (
    "Cache backend: default",
    "Cache backend: redis",
    "DatabaseBackend",
    "DefaultFileStorageHealthCheck",
)


class Nexus:
    def __init__(self, service: Service) -> None:
        self.service = service
        self.migrated = threading.Event()

    def start(self) -> None:
        for problem in environment.secret_problems():
            self.service.log.error("refusing to work: %s (see data/config/custom.env)", problem)
        _default, redis, database, storage = CHECKS
        self.service.health(
            "/ht/",
            {
                "secrets": self.secrets,
                redis: dependencies.redis,
                database: self.database,
                storage: self.storage,
            },
            dict.fromkeys(CHECKS, "working"),
        )
        self.service.health("/healthcheck/", {"database": self.database}, {"success": True})
        for method, path, handler in (
            ("GET", "/accounts/signup/", self.sign_up_state),
            ("POST", "/accounts/signup/", self.sign_up),
            ("GET", "/accounts/login/", lambda _request: Response(200, "<p>Graphistry demo: log in</p>")),
            ("POST", "/api-token-auth/", self.token),
            ("GET", "/django-json-auth", self.staff),
            ("GET", "/api/v2/files/", self.files),
            ("GET", "/", lambda _request: Response(200, "<p>Graphistry demo release (stand-in)</p>")),
        ):
            self.service.route(method, path, handler)
        self.service.quiet.add("/django-json-auth")
        threading.Thread(target=self.migrate, daemon=True).start()

    def migrate(self) -> None:
        waiting = ""
        while not self.migrated.is_set():
            try:
                first = accounts.migrate()
            except UnavailableError as error:
                if str(error) != waiting:
                    waiting = str(error)
                    self.service.log.info("Waiting for PostgreSQL to become available... (%s)", waiting)
                time.sleep(1)
                continue
            if first:
                self.service.log.info("first start: IS_AIR_GAPPED=%s", os.environ.get("AIR_GAPPED", "0"))
            self.service.log.info("database migrations applied")
            self.migrated.set()

    def secrets(self) -> None:
        problems = environment.secret_problems()
        if problems:
            raise UnavailableError("; ".join(problems))

    def database(self) -> None:
        if not self.migrated.is_set():
            raise UnavailableError("postgres: migrations have not been applied yet")
        dependencies.nexus_tables()

    def storage(self) -> None:
        try:
            with tempfile.NamedTemporaryFile(dir=STORAGE):
                pass
        except OSError as error:
            raise UnavailableError(f"file storage: {error}") from error

    def sign_up_state(self, _request: Request) -> Response:
        return Response(200, {"open": not accounts.names()})

    def sign_up(self, request: Request) -> Response:
        fields = form(request)
        username, password = fields.get("username", ""), fields.get("password1") or fields.get("password", "")
        if not username or not password:
            return Response(400, {"detail": "username and password are required"})
        try:
            account = accounts.create(username, fields.get("email", ""), password, only_first=True)
        except accounts.SignUpClosedError:
            return Response(403, {"detail": "sign-up is closed: ask an administrator for an invitation"})
        self.service.log.warning("account %r signed up as the first one: administrator", username)
        return Response(201, {"username": account.username, "is_superuser": account.is_superuser})

    def token(self, request: Request) -> Response:
        fields = form(request)
        account = accounts.authenticate(fields.get("username", ""), fields.get("password", ""))
        if account is None:
            return Response(400, {"non_field_errors": ["Unable to log in with provided credentials."]})
        claims = {"username": account.username, "is_superuser": account.is_superuser}
        return Response(200, {"token": tokens.issue(claims)})

    def staff(self, request: Request) -> Response:
        claims = bearer(request)
        if claims is None or not claims.get("is_superuser"):
            return Response(401, {"detail": "staff only"})
        return Response(200, {"username": claims["username"]})

    def files(self, request: Request) -> Response:
        if bearer(request) is None:
            return Response(401, {"detail": "Authentication credentials were not provided."})
        return Response(200, {"count": 0, "results": []})


def form(request: Request) -> dict[str, str]:
    """The fields of a JSON or an urlencoded body; anything else is an empty form."""
    try:
        text = request.body.decode()
        if "json" in request.headers.get("Content-Type", ""):
            data = json.loads(text)
            return {str(k): str(v) for k, v in data.items()} if isinstance(data, dict) else {}
        return dict(urllib.parse.parse_qsl(text))
    except ValueError:
        return {}


def bearer(request: Request) -> dict[str, object] | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme not in {"Bearer", "JWT"}:
        cookie = http.cookies.SimpleCookie(request.headers.get("Cookie", "")).get("graphistry_jwt")
        token = cookie.value if cookie else ""
    return tokens.read(token)
