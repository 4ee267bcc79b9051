"""What an image import tells when it cannot go on: what was found, what is needed, the next step."""

from __future__ import annotations

from typing import Any

from ...host import refusal


class ImageImportError(Exception):
    """An import that cannot go on: what was found, and what to do next."""

    def __init__(self, message: str, *, code: str, hint: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.details = details or {}


def damaged(name: str, found: str) -> ImageImportError:
    return ImageImportError(
        f"image {name}: {found}",
        code="bundle-damaged",
        hint="run `graphistry-airgap bundle verify` on the bundle and carry the named files over again",
        details={"image": name},
    )


def unreachable(error: Exception) -> ImageImportError:
    return ImageImportError(
        refusal.first(str(error), "the Docker daemon does not answer"),
        code="docker-unreachable",
        hint="see `systemctl status docker` and `journalctl -u docker`, start it, then run again",
    )


def refused(what: str, words: str, *, version: str = "") -> ImageImportError:
    return ImageImportError(
        refusal.first(words, f"{what}; so says Docker{version and f' {version}'}"),
        code="image-import-failed",
        hint="see `journalctl -u docker`; images that have landed stay, so a second run goes on from here",
        details={"daemon": words},
    )
