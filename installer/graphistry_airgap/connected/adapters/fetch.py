"""The only network door: fetch a URI into the cache, checked while it streams.

`http`, `https` and `file` URIs.  Transient failures are tried again with growing
pauses; a partial or wrong download never enters the cache.  Offline, only what
the cache holds exists.
"""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from typing import IO, TYPE_CHECKING

from graphistry_airgap.core.adapters.files import CHUNK
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.version import __version__

if TYPE_CHECKING:
    from pathlib import Path
    from urllib.response import addinfourl

    from graphistry_airgap.connected.adapters.cache import Cache

ATTEMPTS = 3
TIMEOUT = 60.0
UNKNOWN_SIZE_LIMIT = 64 << 20


class _TransientError(Exception):
    """Worth another attempt."""


class Fetcher:
    def __init__(self, cache: Cache, *, offline: bool, pause: float = 1.0) -> None:
        self.cache = cache
        self.offline = offline
        self.pause = pause

    def pinned(self, uri: str, *, sha256: str, size: int) -> Path:
        """The blob with this digest, from the cache or from `uri`."""
        if found := self.cache.find(sha256, size):
            return found
        self._download(uri, sha256=sha256, size=size)
        return self._held(sha256)

    def newest(self, uri: str) -> Path:
        """What `uri` holds now; offline, what it held when it was last fetched."""
        key = f"uri {uri}"
        if self.offline:
            noted = self.cache.note(key)
            if noted is None or self.cache.find(noted) is None:
                raise _not_cached(uri)
            return self._held(noted)
        digest = self._download(uri, sha256=None, size=None)
        self.cache.write_note(key, digest)
        return self._held(digest)

    def _held(self, sha256: str) -> Path:
        path = self.cache.find(sha256)
        assert path is not None  # noqa: S101 (adopted a moment ago)
        return path

    def _download(self, uri: str, *, sha256: str | None, size: int | None) -> str:
        if self.offline:
            raise _not_cached(uri)
        reason = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(self.pause * 2 ** (attempt - 1))
            try:
                return self._attempt(uri, sha256, size)
            except _TransientError as failure:
                reason = str(failure)
        raise InputError(
            f"{uri} could not be fetched in {ATTEMPTS} attempts: {reason}",
            code="fetch-failed",
            hint="check network, proxy variables and repository, then repeat; what was fetched is kept",
            details={"uri": uri},
        )

    def _attempt(self, uri: str, sha256: str | None, size: int | None) -> str:
        with self.cache.temporary() as path:
            try:
                with _open(uri) as reader, path.open("wb") as writer:
                    announced = reader.headers.get("Content-Length")
                    digest, got = _pump(
                        reader, writer, limit=size if size is not None else UNKNOWN_SIZE_LIMIT
                    )
            except urllib.error.HTTPError as error:
                error.close()
                if error.code < 500 and error.code not in (408, 429):
                    raise _refused(uri, f"HTTP status {error.code}") from None
                raise _TransientError(f"HTTP status {error.code}") from None
            except urllib.error.URLError as error:
                if isinstance(error.reason, FileNotFoundError | IsADirectoryError | PermissionError):
                    raise _refused(uri, str(error.reason.strerror)) from None
                raise _TransientError(str(error.reason)) from None
            except (OSError, http.client.HTTPException) as error:
                raise _TransientError(repr(error)) from None
            known = int(announced) if announced and announced.isdecimal() else got
            expected = size if size is not None else known
            if got != expected:
                raise _TransientError(f"{got} bytes came, {expected} were expected")
            if sha256 is not None and digest != sha256:
                raise _TransientError(f"sha256 is {digest}, {sha256} was expected")
            return self.cache.adopt(path, digest)


def _open(uri: str) -> addinfourl:
    agent = {"User-Agent": f"graphistry-airgap/{__version__}"}
    # urllib wants the two slashes of an absolute file URL
    url = "file://" + uri.removeprefix("file:") if uri.startswith("file:/") else uri
    request = urllib.request.Request(url, headers=agent)  # noqa: S310 (the schema allows http, https and file)
    opened: addinfourl = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310
    return opened


def _pump(reader: IO[bytes], writer: IO[bytes], *, limit: int) -> tuple[str, int]:
    digest, got = hashlib.sha256(), 0
    while chunk := reader.read(CHUNK):
        got += len(chunk)
        if got > limit:
            raise _TransientError(f"more than the {limit} bytes that were expected came")
        digest.update(chunk)
        writer.write(chunk)
    return digest.hexdigest(), got


def _refused(uri: str, reason: str) -> InputError:
    return InputError(
        f"{uri} cannot be had: {reason}",
        code="uri-refused",
        hint="check uri, suite and components of this repository in the spec",
        details={"uri": uri},
    )


def _not_cached(uri: str) -> InputError:
    return InputError(
        f"{uri} is not in the cache and the build is offline",
        code="cache-cold",
        hint="run the same build once without --offline and with the same --cache",
        details={"uri": uri},
    )
