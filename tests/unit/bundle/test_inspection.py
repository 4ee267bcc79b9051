"""`bundle inspect` without a keyring shows the words of somebody whom nobody has vouched for."""

import json

import pytest

from graphistry_airgap.bundle.adapters.directory import BundleDirectory
from graphistry_airgap.bundle.inspection import inspect_bundle
from graphistry_airgap.bundle.trust.adapters.check import check_signature
from graphistry_airgap.core.errors import BundleError
from tests.kit.bundles.mini_bundle import MiniBundle

REPOSITORY = {
    "platform": "debian-13",
    "name": "debian",
    "uri": "http://deb.example/debian",
    "signedBy": ["A" * 40],
    "date": "2026-11-20T08:00:00Z",
    "expiredAllowed": False,
}


def provenance(repository, tools=None):
    return {
        "predicate": {
            "buildDefinition": {
                "externalParameters": {
                    "spec": {"name": "demo.bundle.yml", "digest": {"sha256": "0" * 64}},
                    "trustedOnFirstUse": [],
                },
                "internalParameters": {"repositories": [repository]},
                "resolvedDependencies": [],
            },
            "runDetails": {"builder": {"version": {"apt": "2.6"} if tools is None else tools}},
        }
    }


@pytest.fixture
def bundle(tmp_path):
    return MiniBundle(tmp_path / "bundle")


def inspect(bundle):
    bundle.write()
    return inspect_bundle(bundle.path, open_directory=BundleDirectory, check_signature=check_signature)


def test_words_that_pretend_to_be_ours_stay_in_their_line(bundle):
    bundle.manifest["release"]["cuda"] = "12)\nsigned by a friend\u009b31m"
    bundle.files["provenance.json"] = json.dumps(provenance(REPOSITORY | {"uri": "x\nsigned"})).encode()
    result = inspect(bundle)
    assert "(CUDA 12)\\u000asigned by a friend\\u009b31m)" in result.messages[1]
    assert any(line.startswith("from x\\u000asigned as of") for line in result.messages)


@pytest.mark.parametrize(
    "wrong", [{"signedBy": 5}, {"uri": float("nan")}, {"expiredAllowed": "no"}, {"date": []}]
)
def test_a_provenance_of_other_types_is_the_bundle_s_error(bundle, wrong):
    bundle.files["provenance.json"] = json.dumps(provenance(REPOSITORY | wrong)).encode()
    with pytest.raises(BundleError) as refused:
        inspect(bundle)
    assert refused.value.code == "bundle-malformed"


def test_a_manifest_that_would_fill_the_memory_is_refused(bundle):
    bundle.write()
    (bundle.path / "bundle.json").write_bytes(b"[" + b"[]," * (20 << 20) + b"1]")
    with pytest.raises(BundleError, match="more than"):
        inspect_bundle(bundle.path, open_directory=BundleDirectory, check_signature=check_signature)
