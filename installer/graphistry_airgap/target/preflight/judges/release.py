"""Judgements about the product as it is on the host: another release, or an installation of somebody else's.

A release has secrets, a database under a name of its own and users' files.  Another one beside it would begin
with new ones, and one that Compose takes for the same project would be mixed with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...finding import ERROR, INFO, WARNING, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REPLACED = "release-replaced"
_MIGRATE = "its data moves there with the vendor's etc/scripts/migrate.sh"


def other_release(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """One of this installer's own; what never ran holds nothing that could be lost, and is replaced."""
    found, version = profile["installation"], requirements["release_version"]
    installed = found["installed"]
    if not installed or installed == version:
        return
    tree = next((one for one in found["trees"] if one["ours"] and one["version"] == installed), None)
    where = tree["path"] if tree else ""
    if life := _life(found, installed, tree):
        bundle = f" ({found['bundle']})" if found["bundle"] else ""
        yield Finding(
            ERROR,
            "host-other-release",
            f"this host has Graphistry {installed} from this installer{f' in {where}' if where else ''}, "
            f"and the bundle brings {version}. The installed release is in use: {'; '.join(life)}. This "
            f"version of the tool cannot upgrade: {version} would begin with new secrets and an empty "
            "database",
            installed,
            f"a bundle of {installed}, or a host without Graphistry",
            f"to go on with {installed}, use its own bundle{bundle}; to get to {version}, install it on "
            f"another host, where {_MIGRATE}, or ask for a version of this tool that can upgrade. "
            f"What is here stays as it is",
            where,
        )
    else:
        yield Finding(
            WARNING,
            REPLACED,
            f"Graphistry {installed} was begun here and never ran: {version} takes its place"
            + (f", and its directory {where} stays" if where else ""),
            installed,
            version,
            f"nothing, if that is meant; settings made by hand in {where or installed} are not taken over",
            where,
        )


def _life(found: Mapping[str, Any], version: str, tree: Mapping[str, Any] | None) -> list[str]:
    """What of a release shows that it ran or that users have put something there."""
    parts = [f"the volume {name} holds data" for name in found["volumes"] if name.startswith(f"{version}_")]
    if tree is not None:
        running = sum(one["running"] for one in found["projects"] if one["directory"] == tree["path"])
        parts += [f"{running} containers run"] if running else []
        parts += [f"{tree['path']}/{tree['used']} is there"] if tree["used"] else []
    return parts


def releases_beside(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Releases below the root that are not the installed one, and volumes that no release here explains."""
    found, version = profile["installation"], requirements["release_version"]
    beside = [name for name in profile["releases"]["installed"] if name not in (version, found["installed"])]
    if beside:
        yield Finding(
            INFO,
            "release-installed",
            f"other releases are installed and stay: {', '.join(beside)}",
            ", ".join(beside),
            "nothing",
        )
    known = {version, *found["ours"], *(tree["version"] for tree in found["trees"])}
    left = [name for name in found["volumes"] if not name.startswith(tuple(f"{one}_" for one in known))]
    if left:
        yield Finding(
            WARNING,
            "volumes-left",
            f"volumes of a Graphistry that is not on this host any more stay as they are: {', '.join(left)}",
            ", ".join(left),
            "nothing: they are not used",
            "if their accounts are still wanted, keep them; nothing of this installation touches them",
        )
    if found["unread"]:
        yield Finding(
            WARNING,
            "containers-unread",
            f"Docker's own files on these containers cannot be read: {', '.join(found['unread'])}",
            ", ".join(found["unread"]),
            "config.v2.json of each container",
            "see with `docker inspect` whether one of them is of another installation of Graphistry",
        )


def foreign_installation(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """The product, but not from this installer: nothing of it is taken over, nor run beside it."""
    found, version = profile["installation"], requirements["release_version"]
    projects = [one for one in found["projects"] if one["product"] and not one["ours"]]
    trees = [tree for tree in found["trees"] if not tree["ours"] and _is_alive(tree, found, projects)]
    versions = {tree["version"] for tree in trees} | {version}
    volumes = [
        name
        for name in found["volumes"]
        if name.startswith(tuple(f"{one}_" for one in versions - set(found["ours"])))
    ]
    if not (projects or trees or volumes):
        return
    folders = list(dict.fromkeys([tree["path"] for tree in trees] + [p["directory"] for p in projects]))
    folders = [folder for folder in folders if folder]
    parts = [f"directory {folder}" for folder in folders]
    parts += [
        f"containers {', '.join(one['containers'])}"
        + (f" of the Compose project {one['project']}" if one["project"] else "")
        + (f" ({one['running']} of {len(one['containers'])} run)" if one["running"] else " (stopped)")
        for one in projects
    ]
    parts += [f"volumes {', '.join(volumes)}"] if volumes else []
    parts += ["network grph_net"] if found["network"] and projects else []
    yield Finding(
        ERROR,
        "host-foreign-installation",
        f"this host has Graphistry from another installation than {requirements['root']} of this installer: "
        f"{'; '.join(parts)}. Compose would mix both: one's database with the other's secrets",
        "; ".join(parts),
        "a host without it, or the bundle and root that it was installed with",
        _ways_out(folders, volumes, found["root"]),
        folders[0] if folders else "",
    )


def _is_alive(tree: Mapping[str, Any], found: Mapping[str, Any], projects: list[Mapping[str, Any]]) -> bool:
    """An unpacked release that never ran is no installation."""
    started = any(one["directory"] == tree["path"] for one in projects)
    volume = any(name.startswith(f"{tree['version']}_") for name in found["volumes"])
    return bool(started or volume or tree["used"])


def _ways_out(folders: list[str], volumes: list[str], root: str) -> str:
    """Nothing that loses data: saving comes before every removal."""
    steps = ["save its database and data/ (`pg_dump`, the vendor's etc/scripts) to another machine"]
    if folders:
        steps.append(
            f"`./graphistry down` in {folders[0]}, which keeps volumes, and move that directory away"
        )
    if volumes:
        steps.append(f"`docker volume rm {' '.join(volumes)}`, which ends its accounts here")
    back = f"set `root: {root}` in the site file, where this installer put it before; or " if root else ""
    return (
        f"{back}keep it as it is and install on another host, where {_MIGRATE}; or, if it is not to live "
        f"on here, {', then '.join(steps)}, and repeat"
    )


def project_name(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Compose tells stacks apart by this name alone, and would replace containers of another application."""
    if requirements["purpose"] != "server":
        return
    name = profile["release_networks"]["project"]
    for one in profile["installation"]["projects"]:
        if name and one["project"] == name and not (one["product"] or one["ours"]):
            names = ", ".join(one["containers"])
            yield Finding(
                ERROR,
                "host-project-taken",
                f"another application, which is not Graphistry, has the Compose project name {name} in "
                f"{one['directory'] or 'an unknown directory'}: {names}",
                names,
                f"no other Compose project of the name {name}",
                "give that application another name: `docker compose -p NAME up -d` in its directory, after "
                "`docker compose down` there; its named volumes carry the old name, so copy them first",
                one["directory"],
            )


def image_names(profile: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Finding]:
    """A name leads to one image: what had it before goes on as `<none>`, and its containers with it."""
    found = profile["installation"]
    own = {name for project in found["projects"] if project["ours"] for name in project["containers"]}
    for one in profile["docker"]["engine"].get("renamed", ()):
        # an earlier bundle of the same release
        if one["id"] in found["images"] or (one["containers"] and own.issuperset(one["containers"])):
            continue
        users = ", ".join(one["containers"])
        yield Finding(
            WARNING,
            "image-name-taken",
            f"the name {one['name']} is that of another image here, {one['id'][:19]}"
            f"{f', which {users} uses' if users else ''}; it passes to the bundle's image",
            f"{one['name']} was {one['id']}{f', used by {users}' if users else ''}",
            f"{one['name']} as the bundle has it",
            f"to keep a name for it: `docker tag {one['id'][:19]} NAME:TAG` before the installation"
            + ("; its containers go on, but are made anew from the bundle's image" if users else ""),
        )
