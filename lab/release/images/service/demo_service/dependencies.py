"""Live probes of what a service needs. Each raises unless the dependency works."""

from __future__ import annotations

import os
import socket
import urllib.parse
import urllib.request
from typing import Any

import psycopg2

TIMEOUT = 4.0


class UnavailableError(Exception):
    """A dependency does not answer as it should; the text says which and why."""


def database() -> Any:
    try:
        return psycopg2.connect(
            host=os.environ.get("POSTGRES_HOST", "postgres"),
            port=os.environ.get("POSTGRES_PORT", "5432"),
            dbname=os.environ.get("POSTGRES_DB", "graphistry"),
            user=os.environ.get("POSTGRES_USER", "graphistry"),
            password=os.environ.get("POSTGRES_PASSWORD", ""),
            connect_timeout=int(TIMEOUT),
        )
    except psycopg2.Error as error:
        raise UnavailableError(f"postgres: {first_line(error)}") from error


def postgres() -> None:
    query("SELECT 1")


def nexus_tables() -> None:
    query("SELECT count(*) FROM nexus_account")


def query(statement: str) -> None:
    connection = database()
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            cursor.fetchone()
    except psycopg2.Error as error:
        raise UnavailableError(f"postgres: {first_line(error)}") from error
    finally:
        connection.close()


def redis() -> None:
    address = urllib.parse.urlsplit(os.environ.get("REDIS_URL", "redis://redis:6379"))
    try:
        with socket.create_connection((address.hostname or "redis", address.port or 6379), TIMEOUT) as link:
            link.sendall(b"PING\r\n")
            answer = link.recv(64)
    except OSError as error:
        raise UnavailableError(f"redis: {error}") from error
    if not answer.startswith(b"+PONG"):
        raise UnavailableError(f"redis: unexpected answer {answer!r}")


def http(name: str, url: str) -> None:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT):  # noqa: S310  (constants of this package)
            pass
    except OSError as error:
        raise UnavailableError(f"{name}: {error}") from error


def nexus() -> None:
    http("nexus", "http://nexus:8000/ht/")


def forge() -> None:
    http("forge-etl-python", "http://forge-etl-python:8080/cudfhealth")


def first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
