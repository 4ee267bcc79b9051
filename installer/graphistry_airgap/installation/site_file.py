"""The site file as typed data; `knowledge/schemas/site-v1.json` has checked it before."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from posixpath import normpath
from typing import Any

from graphistry_airgap.core.canonical import canonical_json, sha256_hex


@dataclass(frozen=True)
class AddressPool:
    base: str
    size: int


@dataclass(frozen=True)
class Docker:
    image_store: str
    data_root: str
    address_pools: tuple[AddressPool, ...]
    allow_restart: bool


@dataclass(frozen=True)
class Tls:
    mode: str
    hostname: str | None


@dataclass(frozen=True)
class GpuChoice:
    """Which GPUs the site wants used and how; `indices` and `workers` are empty for the plan's own."""

    wanted: bool
    indices: str = ""
    workers: str = ""
    allow_mig: bool = False

    @classmethod
    def from_document(cls, given: str | dict[str, Any]) -> GpuChoice:
        if isinstance(given, str):
            return cls(wanted=given == "auto")
        return cls(
            True, str(given.get("indices", "")), given.get("workers", ""), given.get("allow_mig", False)
        )

    def as_document(self) -> str | dict[str, Any]:
        if self == GpuChoice(self.wanted):
            return "auto" if self.wanted else "none"
        return {"indices": self.indices, "workers": self.workers, "allow_mig": self.allow_mig}


@dataclass(frozen=True)
class DriverChoice:
    """Whether NVIDIA's driver comes from the bundle, with which kernel modules, and what it may replace."""

    install: str = "auto"
    modules: str = "auto"
    replace: bool = False


@dataclass(frozen=True)
class LicenceServer:
    address: str
    port: int = 7070
    backup_address: str | None = None
    backup_port: int = 7070


@dataclass(frozen=True)
class Vgpu:
    """How a vGPU guest gets its licence; without server and token file the bundle's token is used."""

    feature_type: str = "auto"
    server: LicenceServer | None = None
    token_file: str | None = None
    licence_timeout: int = 120

    @classmethod
    def from_document(cls, given: dict[str, Any]) -> Vgpu:
        server = given.get("server")
        return cls(
            str(given.get("feature_type", "auto")),
            LicenceServer(**server) if server else None,
            given.get("token_file"),
            given.get("licence_timeout", 120),
        )


@dataclass(frozen=True)
class Site:
    """`administrator_file` and `vgpu` are None when the site names none; `waive` holds requirement names."""

    purpose: str
    root: str
    administrator_file: str | None
    waive: tuple[str, ...]
    docker: Docker
    tls: Tls
    services_timeout: int
    gpu: GpuChoice
    driver: DriverChoice = DriverChoice()
    reboot: str = "manual"
    vgpu: Vgpu | None = None
    signatures_required: int = 1
    hardening_allow: tuple[str, ...] = ()

    @property
    def is_template(self) -> bool:
        return self.purpose == "template"

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Site:
        """Build from a checked document; absent keys take the schema's defaults."""
        docker = document.get("docker", {})
        tls = document.get("tls", {})
        return cls(
            purpose=document["purpose"],
            root=normpath(document.get("root", "/var/graphistry")),
            administrator_file=document.get("administrator", {}).get("secret_file"),
            waive=tuple(sorted(document.get("waive", []))),
            docker=Docker(
                image_store=docker.get("image_store", "default"),
                data_root=normpath(docker.get("data_root", "/var/lib/docker")),
                address_pools=tuple(AddressPool(**pool) for pool in docker.get("address_pools", [])),
                allow_restart=docker.get("allow_restart", False),
            ),
            tls=Tls(mode=tls.get("mode", "http"), hostname=tls.get("hostname")),
            services_timeout=document.get("services", {}).get("timeout", 900),
            gpu=GpuChoice.from_document(document.get("gpu", "none")),
            driver=DriverChoice(**document.get("driver", {})),
            reboot=document.get("reboot", "manual"),
            vgpu=Vgpu.from_document(document["vgpu"]) if "vgpu" in document else None,
            hardening_allow=tuple(sorted(document.get("hardening", {}).get("allow", []))),
            signatures_required=document.get("signatures", {}).get("required", 1),
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, and equal to what a receipt gives back: lists, no tuples."""
        given = asdict(self)
        given["waive"] = list(self.waive)
        given["hardening_allow"] = list(self.hardening_allow)
        given["gpu"] = self.gpu.as_document()
        given["docker"]["address_pools"] = [asdict(pool) for pool in self.docker.address_pools]
        return given


def digest_of(site: Site) -> str:
    """Of its answers; one that tools of before do not know counts where it says something."""
    answers = site.as_dict()
    if site.vgpu and site.vgpu.server and site.vgpu.server.backup_port == LicenceServer.backup_port:
        del answers["vgpu"]["server"]["backup_port"]
    return sha256_hex(canonical_json(answers))
