"""Evidence as a page that a person can read, print and file: no script, nothing that is fetched."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.contents import contents_line, most_common, provenance_lines, stated_line
from graphistry_airgap.bundle.descriptions import SBOM
from graphistry_airgap.core.text import one_line
from graphistry_airgap.evidence.document import HOLDS, REFUSED, UNDECIDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_STYLE = """
body { font: 11pt/1.45 sans-serif; color: #1a1a1a; max-width: 60em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; margin: 0 0 .2em; } h2 { font-size: 1.1em; margin: 1.6em 0 .4em; }
p { margin: .3em 0; } .verdict { font-weight: bold; padding: .6em .8em; border-left: .5em solid; }
.holds { border-color: #2e7d32; background: #edf7ee; }
.refused { border-color: #b71c1c; background: #fdecea; }
.undecided { border-color: #8a6d00; background: #fff8e1; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top;
padding: .3em .8em .3em 0; border-bottom: 1px solid #ddd; } th { font-weight: 600; white-space: nowrap; }
code { font: 9.5pt monospace; overflow-wrap: anywhere; }
footer { margin-top: 2em; color: #555; font-size: .9em; }
@media print { body { margin: 0; max-width: none; } tr { break-inside: avoid; } }
"""
_SAY = {
    HOLDS: ("holds", "The bundle holds: every file is the one that was signed."),
    REFUSED: ("refused", "The bundle is refused. Do not install from it."),
    UNDECIDED: ("undecided", "Nothing was decided about the bundle: the check could not be made."),
}
_NAMES_SHOWN = 400


def evidence_page(document: Mapping[str, Any]) -> str:
    """The page that says what the document says."""
    css, verdict = _SAY[document["verdict"]]
    if document["verdict"] == HOLDS and not any(one["good"] for one in document["signatures"]):
        css, verdict = "undecided", "NOT SIGNED: the bytes fit their list, and nobody vouches for the list."
    bundle = document["bundle"]
    title = f"Verification of bundle {bundle['id'] or bundle['path']}"
    parts = [
        f"<h1>{_text(title)}</h1>",
        f'<p class="verdict {css}">{_text(verdict)} Exit code {document["exit_code"]}.</p>',
        _section("Bundle", _pairs(_facts(document))),
        _section("Problems", _problems(document["problems"])),
        _section("Signatures over SHA256SUMS", _signatures(document)),
        _section("Trusted keys", _keys(document["keyring"])),
        _section("Contents", _contents(document["contents"])),
        _section("Licences", _licences(document)),
        _section("Origin", _origin(document["provenance"])),
        _section("By hand", _by_hand(document)) if document["checked"]["sums_sha256"] else "",
        f"<footer>{_text(_made(document))}</footer>",
    ]
    body = "\n".join(part for part in parts if part)
    head = f'<meta charset="utf-8"><title>{_text(title)}</title><style>{_STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _facts(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    bundle, checked = document["bundle"], document["checked"]
    facts = [("Place", _code(bundle["path"]))]
    if bundle["id"]:
        facts += [("Id", _code(bundle["id"])), ("Its newest metadata", _text(bundle["created"]))]
        facts += [("Release", _text(bundle["release"]))]
    if checked["sums_sha256"]:
        facts += [("sha256 of SHA256SUMS", _code(checked["sums_sha256"]))]
    files = f"{checked['files_read']} of {checked['files']} files"
    size = f"{checked['bytes_read']:,} of {checked['bytes']:,} bytes"
    return [*facts, ("Read", f"{files}, {size}")]


def _problems(problems: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        (_text(one["message"]), f"{_text(one.get('hint', ''))} <code>{_text(one['code'])}</code>")
        for one in problems
    ]
    return _table(("What was found", "What to do"), rows)


def _signatures(document: Mapping[str, Any]) -> str:
    words = {True: "good", False: "does not count", None: "not judged"}
    rows = [
        (
            _code(one["path"]),
            words[one["good"]],
            _code(one["signer"]) if one["signer"] else _text(one["reason"] or ""),
        )
        for one in document["signatures"]
    ]
    return _table(("File", "Verdict", "Signer, or why not"), rows) or "<p>None.</p>"


def _keys(keyring: Mapping[str, Any] | None) -> str:
    if keyring is None:
        return "<p>No keyring could be read.</p>"
    rows = [
        (_code(one["fingerprint"]), _text(one["algorithm"]), _text(one["state"])) for one in keyring["keys"]
    ]
    said = f"<p>{_code(keyring['path'])}, sha256 {_code(keyring['sha256'])}</p>"
    return said + _table(("Fingerprint", "Algorithm", "Today"), rows)


def _contents(contents: dict[str, Any] | None) -> str:
    if not contents:
        return ""
    unread = [f"Not listed: {problem}" for problem in contents["unread"]]
    return _lines([f"{contents_line(contents)}. How this is counted stands in {SBOM}.", *unread])


def _licences(document: Mapping[str, Any]) -> str:
    notes = _lines(
        f"{one['name']}: {', '.join(one['concerns'])}; {one['note']}" for one in document["licence_notes"]
    )
    if not (contents := document["contents"]):
        return notes
    names = most_common(contents["licences"]["names"])[:_NAMES_SHOWN]
    named = ", ".join(f"{name} ({count})" for name, count in names)
    return notes + _lines([f"{stated_line(contents)}." + (f" {named}" if named else "")])


def _origin(provenance: dict[str, Any] | None) -> str:
    if not provenance:
        return ""
    rows = [
        (
            f"{_code(one['uri'])}<br>{_text(one['platform'])}, {_text(one['name'])}",
            _text(one["date"]) + ("<br>expired metadata was allowed" if one["expiredAllowed"] else ""),
            "<br>".join(map(_code, one["signedBy"])) or "nobody",
        )
        for one in provenance["repositories"]
    ]
    *_, built = provenance_lines(provenance)
    unpinned = [f"Taken without a pin: {name}" for name in provenance["trusted_on_first_use"]]
    table = _table(("Repository", "Metadata of", "Signed by"), rows)
    spec = f"The spec's sha256 is {_code(provenance['spec']['sha256'])}."
    return f"{table}{_lines([*unpinned, f'{built[0].upper()}{built[1:]}.'])}<p>{spec}</p>"


def _by_hand(document: Mapping[str, Any]) -> str:
    keyring = document["keyring"]["path"] if document["keyring"] else "/PATH/OF/YOUR/KEYRING"
    signature = f"gpgv --status-fd 1 --keyring {keyring} SHA256SUMS.asc SHA256SUMS"
    said = (
        f"The same with programs that are not ours, in the bundle: {_code(signature)} and"
        f" {_code('sha256sum -c --strict --quiet SHA256SUMS')}."
    )
    return (
        f"<p>{said} The list that was checked has the sha256 {_code(document['checked']['sums_sha256'])}.</p>"
    )


def _made(document: Mapping[str, Any]) -> str:
    tool, host = document["tool"], document["host"]
    return (
        f"{tool['name']} {tool['version']} (Python {tool['python']}) on {host['name']}, {host['system']}, "
        f"kernel {host['kernel']}, as {document['user']}, {document['started']} to {document['finished']}."
    )


def _section(title: str, content: str) -> str:
    return f"<h2>{_text(title)}</h2>\n{content}" if content else ""


def _pairs(facts: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<tr><th>{_text(name)}</th><td>{value}</td></tr>" for name, value in facts)
    return f"<table>{rows}</table>"


def _table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    head = "".join(f"<th>{_text(title)}</th>" for title in titles)
    return f"<table><tr>{head}</tr>{body}</table>" if body else ""


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"<p>{_text(line)}</p>" for line in lines)


def _code(value: object) -> str:
    return f"<code>{_text(value)}</code>"


def _text(value: object) -> str:
    """Names come from a medium that nobody has vouched for yet."""
    return escape(one_line(str(value)))
