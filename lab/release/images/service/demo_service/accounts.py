"""nexus' accounts in postgres. The first account becomes the administrator; the table lock makes sure that
two sign-ups at the same time cannot both be the first."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass

from demo_service.dependencies import database

ITERATIONS = 120_000
SCHEMA = """
CREATE TABLE IF NOT EXISTS nexus_account (
    id serial PRIMARY KEY,
    username text UNIQUE NOT NULL,
    email text NOT NULL,
    password text NOT NULL,
    is_superuser boolean NOT NULL,
    joined timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS constance_config (key text PRIMARY KEY, constance_value text NOT NULL);
"""


class SignUpClosedError(Exception):
    """An account exists already, so nobody may sign up without an invitation."""


class AccountExistsError(Exception):
    """The name is taken."""


@dataclass(frozen=True)
class Account:
    username: str
    email: str
    is_superuser: bool


def hashed(password: str) -> str:
    salt = secrets.token_hex(8)
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), ITERATIONS)
    return f"pbkdf2_sha256${ITERATIONS}${salt}${base64.b64encode(digest).decode()}"


def matches(password: str, stored: str) -> bool:
    _algorithm, iterations, salt, expected = stored.split("$")
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), int(iterations))
    return hmac.compare_digest(base64.b64encode(digest).decode(), expected)


def migrate() -> bool:
    """Create what is missing; true when this was the first start of this database."""
    connection = database()
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(2501)")
            cursor.execute(SCHEMA)
            cursor.execute(
                "INSERT INTO constance_config VALUES ('IS_AIR_GAPPED', %s)"
                " ON CONFLICT DO NOTHING RETURNING key",
                [os.environ.get("AIR_GAPPED", "0")],
            )
            return cursor.fetchone() is not None
    finally:
        connection.close()


def names() -> list[str]:
    connection = database()
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT username FROM nexus_account ORDER BY id")
            return [row[0] for row in cursor.fetchall()]
    finally:
        connection.close()


def create(username: str, email: str, password: str, *, only_first: bool = False) -> Account:
    connection = database()
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("LOCK TABLE nexus_account IN EXCLUSIVE MODE")
            cursor.execute("SELECT username FROM nexus_account")
            present = {row[0] for row in cursor.fetchall()}
            if only_first and present:
                raise SignUpClosedError
            if username in present:
                raise AccountExistsError
            cursor.execute(
                "INSERT INTO nexus_account (username, email, password, is_superuser) VALUES (%s, %s, %s, %s)",
                [username, email, hashed(password), not present],
            )
            return Account(username, email, not present)
    finally:
        connection.close()


def authenticate(username: str, password: str) -> Account | None:
    connection = database()
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT username, email, is_superuser, password FROM nexus_account WHERE username = %s",
                [username],
            )
            row = cursor.fetchone()
    finally:
        connection.close()
    if row is None or not matches(password, row[3]):
        return None
    return Account(*row[:3])
