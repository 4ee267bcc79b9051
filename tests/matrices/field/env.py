"""`env …` on files in their context; the same files at build, in preflight, and on an installed host."""

from __future__ import annotations

import io
import json
import tempfile
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphistry_airgap.cli.main import main
from graphistry_airgap.connected.release.images import images_of_release
from graphistry_airgap.core.errors import AirgapError
from graphistry_airgap.installation.variables import target_variables
from graphistry_airgap.knowledge.env_schema import load_env_schema
from graphistry_airgap.target.envfile.schema import Schema
from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.preflight.judges import env as findings_env
from graphistry_airgap.target.preflight.probes import env as probe_env
from graphistry_airgap.target.vgpu import gridd_conf
from tests.kit.hosts.demo_hosts import snapshot, tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lab.hosts.sealed_host import SealedHost

CURRENT = "/var/graphistry/current"
CONFIG = f"{CURRENT}/data/config"
KEPT, LINES = "/run/env-row.kept", "/run/env-row.lines"


def env(files: Mapping[str, str], command: Sequence[str], file: str = "custom.env") -> dict[str, Any]:
    """One call for a person and one as JSON, each on files of its own; `stdout` is what a pipe gets."""
    seen = []
    for options in ([], ["--json"]):
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            paths = _written(Path(folder), files)
            status, out, err = _said([*options, "env", *command, "--file", file])
            unchanged = all(path.read_bytes() == files[name].encode() for name, path in paths.items())
            seen.append((status, out, out + err, unchanged))
    (status, out, text, unchanged), (_, machine, _, _) = seen
    envelope = json.loads(machine)
    return {
        "exit": status,
        "codes": _codes(envelope),
        "stdout": out,
        "text": text,
        "data": envelope["data"],
        "unchanged": unchanged,
        "text_says_all": _all_said(envelope, text),
    }


def build(files: Mapping[str, str], image: str) -> dict[str, Any]:
    """The name that a build gives to an image of this release."""
    compose = {"services": {"one": {"image": image}}}
    with tempfile.TemporaryDirectory() as folder:
        paths = _written(Path(folder), files)
        try:
            found = images_of_release(compose, paths, {"VERSION": "v2.50.1", "CUDA_SHORT_VERSION": "12"})
        except AirgapError as error:
            return {"exit": int(error.exit_code), "codes": [error.code], "text": str(error)}
    return {"exit": 0, "codes": [], "text": found[0]}


def preflight(files: Mapping[str, str]) -> dict[str, Any]:
    """What preflight finds in the env files of a release, below a root of its own."""
    with tempfile.TemporaryDirectory() as folder:
        _written(Path(folder, "var/graphistry/releases/v2.50.1"), files)
        requirements = {
            "root": "/var/graphistry",
            "release_version": "v2.50.1",
            "env_schema": target_variables(Schema(load_env_schema()))["preflight_env_schema"],
        }
        files_found = probe_env.env_files(Host(run=_no_program, root=Path(folder)), requirements)
    findings = list(findings_env.env_files({"env_files": files_found}, {}))
    return {
        "codes": [finding.code for finding in findings],
        "errors": [finding.code for finding in findings if finding.severity == "error"],
        "text": "\n".join(f"{one.message}\n{one.needed}\n{one.hint}" for one in findings),
    }


def gridd(before: str, server: Mapping[str, Any]) -> dict[str, Any]:
    wanted = gridd_conf.settings("2", server, token=False)
    after = gridd_conf.merge(before.encode(), wanted)
    return {"text": after.decode(), "data": gridd_conf.values(after)}


def on_host(
    host: SealedHost, files: Mapping[str, str], name: str, service: str = "notebook"
) -> dict[str, Any]:
    """`env get` on the installation, and what the release's own wrapper gives to a service."""
    with _placed(host, files):
        before = _state(host)
        status, envelope = tool(host, "env", "get", name)
        person = host.exec(["/opt/graphistry-airgap/bin/graphistry-airgap", "env", "get", name])
        config = json.loads(host.require([f"{CURRENT}/graphistry", "config", "--format", "json"]))
        given = config["services"][service]["environment"][name].replace("$$", "$")
        return {
            "exit": status,
            "codes": _codes(envelope),
            "stdout": person.stdout,
            "text": person.stdout + person.stderr,
            "data": envelope["data"],
            "container": given,
            "unchanged": before == _state(host),
        }


def preflight_on_host(host: SealedHost, files: Mapping[str, str]) -> dict[str, Any]:
    with _placed(host, files):
        before = _state(host)
        status, envelope = tool(host, "preflight")
        found = envelope["data"].get("findings", [])
        texts = [one["message"] for one in (*envelope["errors"], *found)]
        return {
            "exit": status,
            "codes": [*_codes(envelope), *(one["code"] for one in found)],
            "text": "\n".join([*envelope["messages"], *texts]),
            "unchanged": before == _state(host),
        }


def _said(words: list[str]) -> tuple[int, str, str]:
    """Exit status, and what two pipes get."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        status = main(words)
    streams = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    return status, streams[0], streams[1]


def _written(folder: Path, files: Mapping[str, str]) -> dict[str, Path]:
    paths = {name: folder / name for name in files}
    for name, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name].encode())
    return paths


def _state(host: SealedHost) -> tuple[dict[str, list[str]], str]:
    """The services run and write their logs and databases meanwhile, so not every file."""
    return snapshot(host), host.require(["sh", "-c", f"sha256sum {CONFIG}/* {CURRENT}/.env"])


@contextmanager
def _placed(host: SealedHost, files: Mapping[str, str]) -> Iterator[None]:
    """Lines at the end of files of the installation; afterwards the files as they were."""
    host.require(["cp", "-aT", CONFIG, KEPT])
    try:
        for name, lines in files.items():
            host.put(lines.encode(), LINES)
            host.require(["sh", "-c", f"cat {LINES} >> {CONFIG}/{name}"])
        yield
    finally:
        host.require(["sh", "-c", f"cp -aT {KEPT} {CONFIG} && rm -r {KEPT} {LINES}"])


def _codes(envelope: Mapping[str, Any]) -> list[str]:
    problems = (envelope["data"] or {}).get("problems", [])
    return [one["code"] for one in (*envelope["errors"], *problems)]


def _all_said(envelope: Mapping[str, Any], text: str) -> bool:
    problems = (envelope["data"] or {}).get("problems", [])
    return all(text_of in text for text_of in _texts([*envelope["errors"], *problems]))


def _texts(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in found:
        yield from (one[key] for key in ("message", "hint", "needed") if one.get(key))


def _no_program(_: Sequence[str], __: Mapping[str, str]) -> tuple[int, str, str]:
    return 1, "", ""


RUNS: dict[str, Callable[..., dict[str, Any]]] = {
    "env": env,
    "build": build,
    "preflight": preflight,
    "gridd": gridd,
    "on_host": on_host,
    "preflight_on_host": preflight_on_host,
}
