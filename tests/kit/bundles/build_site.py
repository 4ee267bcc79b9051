"""A connected machine's directory from which a small bundle is built with the real adapters."""

from __future__ import annotations

import pytest

from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.build import BuildRequest
from graphistry_airgap.connected.release.source import release_digest
from graphistry_airgap.connected.runtime.own_wheel import build_own_wheel
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.wiring.build import build_bundle_service
from tests.kit.bundles.apt_repository import debian_like
from tests.kit.bundles.small_release import write_release

SPEC = """\
schema: 1
release: {{path: release, sha256: {digest}}}
platforms:
  debian-13:
    repositories:
      - {{name: debian, uri: "file:debian", suite: stable, components: [main], signed_by: debian/key.gpg}}
"""


class OwnWheelOnly:
    def __init__(self, cache):
        self.cache = cache

    def collect(self, _platform):
        return [build_own_wheel(self.cache)]


class BuildSite:
    """A connected machine's directory with everything that a build needs."""

    def __init__(self, path, keys):
        self.path = path
        self.repository = debian_like(path / "debian", keys)
        self.release = write_release(path / "release")
        self.pin()

    def pin(self):
        (self.path / "demo.bundle.yml").write_text(SPEC.format(digest=release_digest(self.release)))

    def build(self, out="out", *, cache="cache", **options):
        """Without `out` a dry run."""
        output = self.path / out if out else None
        request = BuildRequest(self.path / "demo.bundle.yml", output, cache=self.path / cache, **options)
        service = build_bundle_service(request)
        service.runtimes = OwnWheelOnly(Cache(request.cache))
        return service.run(request, progress=lambda _: None)

    def sums(self, out="out"):
        return (self.path / out / "SHA256SUMS").read_text()


def refused(site, **options):
    with pytest.raises(InputError) as caught:
        site.build(**options)
    assert not (site.path / "out").exists()
    assert not list(site.path.glob(".out*"))
    return caught.value
