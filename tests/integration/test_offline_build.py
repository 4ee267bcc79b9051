"""Builds of the demo's bundle from the demo's warm cache, without asking any network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from lab.bundles.demo import DEMO, copy_cache
from tests.kit.bundles.bundle_steps import try_bundle

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

MIB_IN_KIB = 1024
# Asking the network would not fail here, so every way to it leads to a closed port.
NOWHERE = dict.fromkeys(("http_proxy", "https_proxy", "ftp_proxy", "all_proxy"), "http://127.0.0.1:9")


def build(output, cache):
    """Exit status, envelope, and the peak resident memory in KiB of the build and of what it starts."""
    command = [
        sys.executable,
        "-m",
        "graphistry_airgap",
        "--json",
        "bundle",
        "build",
        DEMO / "demo.bundle.yml",
    ]
    command += ["-o", output, "--cache", cache, "--offline"]
    with subprocess.Popen(
        command, env=os.environ | NOWHERE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, json.loads(said), usage.ru_maxrss


@pytest.fixture(scope="module")
def folder(bundle):
    """On the cache's file system, so that the cache can be copied as links."""
    path = bundle.parents[1] / "tests" / "offline-build"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def cache(folder):
    """A copy of the demo's cache."""
    return copy_cache(DEMO / "cache", folder / "cache")


@pytest.fixture(scope="module")
def first(folder, cache):
    """A build from the warm cache."""
    rc, envelope, _ = build(folder / "first", cache)
    assert rc == 0, envelope
    return folder / "first"


def test_the_bundle_resolves_is_built_again_and_verifies(folder, bundle, keyring):
    scratch = folder / "tried"
    scratch.mkdir()
    try_bundle("debian-13", DEMO / "demo.bundle.yml", bundle, keyring, scratch, stand_in=False)


def test_a_second_build_is_identical(folder, cache, first):
    rc, envelope, _ = build(folder / "second", cache)
    assert rc == 0, envelope
    assert (folder / "second/SHA256SUMS").read_bytes() == (first / "SHA256SUMS").read_bytes()


def test_images_packed_anew_are_identical_and_need_little_memory(folder, cache, first):
    images = json.loads((first / "bundle.json").read_bytes())["images"]
    layers = {layer["digest"].removeprefix("sha256:") for image in images for layer in image["layers"]}
    blobs = [path for path in (cache / "blobs").rglob("*") if path.name in layers]
    assert len(blobs) == len(layers)
    for path in blobs:
        path.unlink()
    rc, envelope, memory = build(folder / "packed", cache)
    assert rc == 0, envelope
    assert (folder / "packed/SHA256SUMS").read_bytes() == (first / "SHA256SUMS").read_bytes()
    assert memory < 300 * MIB_IN_KIB


def test_an_empty_cache_fails_with_a_clear_message(folder):
    rc, envelope, _ = build(folder / "none", folder / "empty")
    assert rc == envelope["exit_code"] == 2
    (error,) = envelope["errors"]
    assert "not in the cache" in error["message"]
    assert "--offline" in error["hint"]
    assert not (folder / "none").exists()
    assert [path for path in folder.iterdir() if path.name.startswith((".none", "none"))] == []
