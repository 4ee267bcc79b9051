"""No weak hash is asked for in a way that FIPS mode refuses: one place names keys by SHA-1, and says why."""

from __future__ import annotations

import ast
from pathlib import Path

from graphistry_airgap.bootstrap.render import install_sh

PACKAGE = Path(__file__).resolve().parents[2] / "installer" / "graphistry_airgap"
WEAK = {"md5", "sha1", "new", "blake2b", "blake2s"}
# the format of OpenPGP prescribes it as the name of a key
NAMED = {"target/host/digests.py": "sha1"}


def hashes(path: Path) -> list[tuple[str, bool]]:
    """Weak constructors of hashlib, and whether each is said to protect nothing."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.module != "hashlib", f"{path}: call it hashlib.NAME, which this test can see"
        if isinstance(node, ast.Call) and (name := ast.unparse(node.func)).startswith("hashlib."):
            words = {word.arg: ast.unparse(word.value) for word in node.keywords if word.arg}
            found.append((name[8:], words.get("usedforsecurity") == "False"))
    return [(name, printable) for name, printable in found if name in WEAK]


def test_weak_hashes_are_named_and_protect_nothing() -> None:
    used = {}
    for path in PACKAGE.rglob("*.py"):
        for name, printable in hashes(path):
            assert printable, f"{path}: {name} without usedforsecurity=False"
            used[path.relative_to(PACKAGE).as_posix()] = name
    assert used == NAMED


def test_digests_are_taken_in_one_place_that_knows_whose_hashlib_it_is() -> None:
    """But for the connected side, whose machine is nobody's target."""
    asks = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import) and "hashlib" in {one.name for one in node.names}
    }
    assert {name for name in asks if not name.startswith("connected/")} == {"target/host/digests.py"}


def test_install_sh_asks_for_no_hash_but_sha256_and_the_names_of_keys() -> None:
    text = install_sh().decode()
    assert "md5" not in text
    assert text.count("sha1sum") == 1
