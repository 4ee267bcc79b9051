"""The command line: what can be asked, in one place."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from graphistry_airgap.cli.commands.env import add_env
from graphistry_airgap.cli.commands.gpu import add_gpu_plan
from graphistry_airgap.core import places
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.version import __version__


class Parser(argparse.ArgumentParser):
    def __init__(self, **options: Any) -> None:
        """No abbreviations: what a script may write today must mean the same with the next option."""
        super().__init__(**options, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        raise InputError(message, code="usage", hint=f"see: {self.prog} --help")


def _common(*, top: bool) -> Parser:
    """Options that may stand before or after the command."""
    default = False if top else argparse.SUPPRESS
    options = Parser(add_help=False)
    options.add_argument(
        "--json", action="store_true", default=default, help="print one JSON envelope on stdout"
    )
    options.add_argument("--quiet", action="store_true", default=default, help="no progress")
    options.add_argument("--no-color", action="store_true", default=default, help="no colours")
    options.add_argument(
        "--work-dir",
        type=Path,
        metavar="DIR",
        default=places.RUN if top else argparse.SUPPRESS,
        help=f"directory for a run's own files, writable by root only (default {places.RUN})",
    )
    return options


def _bundle_source(command: argparse.ArgumentParser, *, resume: bool = False) -> None:
    command.add_argument(
        "--bundle", type=Path, metavar="PATH", help="the bundle's directory (default: the last receipt's)"
    )
    answers = command.add_mutually_exclusive_group()
    answers.add_argument(
        "--site",
        type=Path,
        metavar="FILE",
        help=f"the site file (default: the last receipt's, else {places.SITE_FILE})",
    )
    command.add_argument(
        "--inventory",
        type=Path,
        metavar="PATH",
        help="an inventory of Ansible's with role variables for this host, which win over the site file "
        "(default: the last receipt's, if it had one)",
    )
    if resume:
        answers.add_argument(
            "--resume",
            action="store_true",
            help="go on after a reboot, with the site file, keyring and bundle from before it; "
            "the medium is found wherever it is mounted, --bundle names it",
        )
        # what the unit of `reboot: automatic` runs; it means --resume, too
        command.add_argument("--wait-for-medium", action="store_true", help=argparse.SUPPRESS)
    command.add_argument(
        "--allow-older",
        action="store_true",
        help="accept a bundle older than the installed one; the receipt records it",
    )
    _keyring(command)


def _keyring(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--keyring", type=Path, metavar="FILE", help=f"OpenPGP keys that you trust (default {places.KEYRING})"
    )
    command.add_argument(
        "--allow-unsigned",
        action="store_true",
        help="accept a bundle without any signature; the receipt records it",
    )


def build_parser() -> Parser:
    parser = Parser(
        prog="graphistry-airgap",
        description="Build signed bundles and install Graphistry from them on air-gapped hosts.",
        parents=[_common(top=True)],
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands: argparse._SubParsersAction[Parser] = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=Parser
    )
    common = _common(top=False)

    bundle = commands.add_parser("bundle", help="make, verify and look into bundles", parents=[common])
    actions: argparse._SubParsersAction[Parser] = bundle.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=Parser
    )
    _bundle_build(actions.add_parser("build", help="make a bundle from a spec", parents=[common]))
    verify = actions.add_parser("verify", help="check signature and every byte of a bundle", parents=[common])
    verify.add_argument("path", type=Path, metavar="PATH")
    _keyring(verify)
    verify.add_argument(
        "--report",
        type=Path,
        metavar="FILE.json",
        help="write what was found as evidence, also of a bundle that is refused: FILE.json and FILE.html",
    )
    inspect = actions.add_parser("inspect", help="show what a bundle holds", parents=[common])
    inspect.add_argument("path", type=Path, metavar="PATH")
    inspect.add_argument(
        "--keyring", type=Path, metavar="FILE", help="check the signature too, with these OpenPGP keys"
    )
    _bundle_sign(
        actions.add_parser("sign", help="check every byte of a bundle, then sign it", parents=[common])
    )

    host = commands.add_parser("host", help="what a host is and has", parents=[common])
    host_actions: argparse._SubParsersAction[Parser] = host.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=Parser
    )
    _host_profile(
        host_actions.add_parser("profile", help="this host as a file for `bundle build`", parents=[common])
    )

    preflight = commands.add_parser(
        "preflight", help="everything that stops an installation; changes nothing", parents=[common]
    )
    _bundle_source(preflight)
    plan = commands.add_parser(
        "plan", help="what an installation would change, thing by thing; changes nothing", parents=[common]
    )
    _bundle_source(plan)
    plan.add_argument("-o", "--output", type=Path, metavar="PLAN", help="write it there, too, as JSON")
    install = commands.add_parser("install", help="install from a bundle", parents=[common])
    _bundle_source(install, resume=True)
    install.add_argument(
        "--plan",
        type=Path,
        metavar="PLAN",
        help="do what this plan says (`plan -o PLAN`), or nothing where it does not fit any more",
    )
    # install.sh has compared every byte of the bundle with the SHA256SUMS of this sha256
    install.add_argument("--bytes-checked", metavar="SHA256", help=argparse.SUPPRESS)
    check = commands.add_parser("verify", help="post-install tests on this host", parents=[common])
    _bundle_source(check)
    status = commands.add_parser(
        "status", help="installed state and the health of each service", parents=[common]
    )
    status.add_argument(
        "--inventory",
        type=Path,
        metavar="PATH",
        help="ask the hosts of an inventory of Ansible's (default: this machine alone)",
    )

    env = commands.add_parser("env", help="env files, read and changed by rules", parents=[common])
    env_actions: argparse._SubParsersAction[Parser] = env.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=Parser
    )
    add_env(partial(env_actions.add_parser, parents=[common]))

    gpu = commands.add_parser("gpu", help="GPU and worker settings", parents=[common])
    gpu_actions: argparse._SubParsersAction[Parser] = gpu.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=Parser
    )
    add_gpu_plan(
        gpu_actions.add_parser("plan", help="plan the settings, each with its reason", parents=[common])
    )
    return parser


def _bundle_sign(sign: argparse.ArgumentParser) -> None:
    sign.add_argument("path", type=Path, metavar="PATH")
    sign.add_argument(
        "--sign-key", metavar="ID", required=True, help="OpenPGP key (in the GnuPG home of the caller)"
    )
    sign.add_argument(
        "--keyring",
        type=Path,
        metavar="FILE",
        help="take the bundle only if one of these keys has signed it already",
    )


def _host_profile(profile: argparse.ArgumentParser) -> None:
    profile.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="file to make (default: standard output)"
    )
    profile.add_argument(
        "--script",
        action="store_true",
        help="give the script that makes a profile on hosts without this tool, and no profile",
    )


def _bundle_build(build: argparse.ArgumentParser) -> None:
    build.add_argument("spec", type=Path, metavar="SPEC", help="what the bundle should hold (*.bundle.yml)")
    aim = build.add_mutually_exclusive_group(required=True)
    aim.add_argument("-o", "--output", type=Path, metavar="OUT", help="directory to make")
    aim.add_argument(
        "--dry-run",
        action="store_true",
        help="name the packages that it would hold, and fetch none of them",
    )
    build.add_argument(
        "--sign-key", metavar="ID", help="OpenPGP key to sign with (in the GnuPG home of the caller)"
    )
    build.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        default=Path.home() / ".cache" / "graphistry-airgap",
        help="content-addressed cache (default ~/.cache/graphistry-airgap)",
    )
    build.add_argument("--offline", action="store_true", help="use nothing but the cache")
    build.add_argument(
        "--trust-on-first-use",
        action="store_true",
        help="accept a release that the spec does not pin by sha256",
    )
