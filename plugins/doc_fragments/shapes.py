"""What lies inside options that several modules have; it is described and not enforced (ADR 27)."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible's own name for it; each constant is a fragment of its own."""

    PACKAGES = r"""
options:
  packages:
    suboptions:
      name:
        description: Name of the package.
        type: str
        required: true
      version:
        description: Its version with epoch and revision.
        type: str
        required: true
      architecture:
        description: Its architecture as the package manager calls it; without one any counts.
        type: str
      kernel:
        description: The kernel (C(uname -r)) that a host must run for this package to count; without one any.
        type: str
"""

    REPOSITORIES = r"""
options:
  repositories:
    suboptions:
      name:
        description: Name of the repository.
        type: str
        required: true
      path:
        description: Its directory, a path inside the bundle.
        type: str
        required: true
      signed_by:
        description: The key of its metadata, a path inside the bundle.
        type: str
        required: true
      suite:
        description: The suite (apt).
        type: str
      components:
        description: The suite's components (apt).
        type: list
        elements: str
      package_keys:
        description: Keys that sign its packages, paths inside the bundle (dnf).
        type: list
        elements: str
      metadata_signed:
        description: Whether the vendor signs its metadata (dnf).
        type: bool
"""

    IMAGES = r"""
options:
  images:
    suboptions:
      name:
        description: Name with tag, as the release's Compose file asks for it.
        type: str
        required: true
      manifest:
        description: The image's manifest among the blobs of the layout.
        type: dict
        required: true
        suboptions:
          digest:
            description: C(sha256:) and 64 hex digits.
            type: str
            required: true
          size:
            description: In bytes.
            type: int
            required: true
          media_type:
            description: As OCI or Docker names it.
            type: str
            required: true
      config:
        description: Digest of the image's config.
        type: str
        required: true
      layers:
        description: The image's layers, the lowest first.
        type: list
        elements: dict
        required: true
        suboptions:
          digest:
            description: Digest of the layer as it lies in the bundle.
            type: str
            required: true
          size:
            description: Bytes of that.
            type: int
            required: true
          diff_id:
            description: Digest of its content without compression.
            type: str
            required: true
          unpacked_size:
            description: Bytes of that.
            type: int
            required: true
"""

    ADDRESS_POOLS = r"""
options:
  address_pools:
    suboptions:
      base:
        description: The network to cut, in CIDR notation.
        type: str
        required: true
      size:
        description: Prefix length of each piece.
        type: int
        required: true
"""

    VGPU = r"""
options:
  desired:
    suboptions:
      purpose:
        description: V(server) or V(template); a template gets a driver and no licence.
        type: str
        choices: [server, template]
        required: true
      platform:
        description: Platform of the bundle, for example V(debian-13).
        type: str
        required: true
      package_system:
        description: Package manager of the platform.
        type: str
        choices: [apt, dnf]
        default: apt
      feature_type:
        description: Licence class in gridd.conf; V(auto) takes it from the profile.
        type: str
        choices: [auto, "1", "2", "4"]
        required: true
      server:
        description: A licence server of the older kind; empty where a token names the server.
        type: dict
        required: true
        suboptions:
          address:
            description: Name or address of the server.
            type: str
          port:
            description: Its port; without one 7070.
            type: int
          backup_address:
            description: Name or address of its stand-by.
            type: str
          backup_port:
            description: Port of the stand-by; without one 7070.
            type: int
      token_file:
        description: Client configuration token on the host; empty where the bundle has it or none is wanted.
        type: str
        required: true
      licence_timeout:
        description: Seconds that M(graphistry.airgap.vgpu_licence) waits.
        type: int
      driver:
        description: Guest driver of the bundle, as M(graphistry.airgap.vgpu_driver) takes it; empty for none.
        type: dict
        required: true
      token:
        description: Client configuration token of the bundle; empty for none.
        type: dict
        required: true
        suboptions:
          path:
            description: Its file, a path inside the bundle.
            type: str
          sha256:
            description: Hex digest of it.
            type: str
      headers:
        description: Kernel to the packages with its headers.
        type: dict
        required: true
      tools:
        description: Packages that the guest driver is built with.
        type: list
        elements: dict
        required: true
      release:
        description: Version of the release.
        type: str
        required: true
      cuda:
        description: CUDA version of the release.
        type: str
        required: true
      waive_range:
        description: Whether a driver outside of the release's range is a warning only.
        type: bool
        required: true
      knowledge:
        description: What the tool knows.
        type: dict
        required: true
        suboptions:
          releases:
            description: Its document of the product's releases.
            type: dict
            required: true
"""
