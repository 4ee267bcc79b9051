"""Tampered bundles through `install.sh` on a bare Debian 13: a seeded part of the matrix, in one container.

What only the tool can know (contradictions inside bundle.json) is left to the rows of the tool.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from graphistry_airgap.bootstrap.render import install_sh, packages_sh
from lab.hosts.sealed_host import IMAGE
from tests.kit.bundles.mini_bundle import PLATFORM
from tests.kit.faults.tampering import OLD, SEED, TAKEN_BACK, Original, tamperings
from tests.kit.matrix import merge_rows

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.bundles.openpgp_keys import Keys
    from tests.kit.faults.tampering import Tampering

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]
SAMPLE, REFUSED = 120, 4
# name, exit status and envelope of each bundle, one line each; then what has changed on the host
LOOP = """
state() {
    find / -xdev \\( -path /out -o -path /media \\) -prune -o -type d -printf '%p %m\\n' \\
        -o -printf '%p %y %m %s %T@\\n' | sort
}
state >/dev/shm/before
for bundle in /media/*/; do
    sh "$bundle/install.sh" --json --keyring /out/trusted.gpg >/dev/shm/answer 2>/dev/null </dev/null
    printf '%s %s ' "$(basename "$bundle")" "$?"
    cat /dev/shm/answer
done
state | diff /dev/shm/before - | sed 's/^/changed /'
"""


def chosen(original: Original) -> list[Tampering]:
    found = [one for one in tamperings(original) if one.kind != "contradiction"]
    found = [one for one in found if one.file_class != "installer"]  # it cannot vouch for itself
    return sorted(random.Random(SEED).sample(found, SAMPLE), key=lambda one: one.case)  # noqa: S311


def test_install_sh_refuses_what_was_tampered_with(tmp_path: Path, keys: Keys) -> None:
    scripts = {
        "install.sh": install_sh(),
        f"runtime/{PLATFORM}/packages.sh": packages_sh("apt"),
    }
    original = Original(tmp_path / "originals", keys, scripts=scripts)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "trusted.gpg").write_bytes(keys.public("signer", "expired", OLD, TAKEN_BACK))
    cases = dict(enumerate(chosen(original)))
    for number, one in cases.items():
        copy = tmp_path / "media" / f"{number:03}"
        shutil.copytree(original.path, copy)
        one.apply(copy)
    mounts = ["-v", f"{tmp_path / 'media'}:/media:ro", "-v", f"{tmp_path / 'out'}:/out:ro"]
    command = ["docker", "run", "--rm", "-i", "--network", "none", *mounts, IMAGE, "sh", "-c", LOOP]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = done.stdout.splitlines()
    changed = [line for line in said if line.startswith("changed ")]
    answers = [line.split(" ", 2) for line in said if line not in changed]
    rows = [
        {
            "case": f"install.sh: {cases[int(name)].case}",
            "class": cases[int(name)].file_class,
            "kind": cases[int(name)].kind,
            "through": "install.sh",
            "expected": REFUSED,
            "got": int(status),
            "codes": sorted({error["code"] for error in json.loads(text)["errors"]}),
            "unchanged": not changed,
            "ok": int(status) == REFUSED and not changed,
        }
        for name, status, text in answers
    ]
    merge_rows("tamper", rows)
    assert [row for row in rows if not row["ok"]] == []
    assert changed == []
    assert len(rows) == SAMPLE
