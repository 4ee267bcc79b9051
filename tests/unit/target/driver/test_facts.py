"""The probe of the driver reads a tree of files as the real machines have it; programs are replayed."""

import pytest

from graphistry_airgap.target.driver import (
    facts as driver_host,
    kernels as driver_kernels,
    signing as driver_signing,
)
from graphistry_airgap.target.host.machine import Host
from tests.kit.fakes.driver_facts import KERNEL, desired

OLD = "6.12.100+deb13-amd64"
# as the real modules write it
PROPRIETARY = """\
NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.163.01  Tue Apr  8 12:41:17 UTC 2025
GCC version:  gcc version 14.2.0 (Debian 14.2.0-19)
"""
OPEN = """\
NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.126.20  Release Build  (root@build)  Wed Jan  7
GCC version:  gcc version 14.2.0 (Debian 14.2.0-19)
"""
GUID = "605dab50-e046-4300-abb6-3dd810dd8b23"
EFIVARS = "sys/firmware/efi/efivars"
SECURE = f"{EFIVARS}/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
MOK = "/var/lib/dkms/mok.pub"
CERTIFICATE = b"\x30\x82\x03\x1d" + bytes(range(200))


class Machine:
    """Files below a directory, and what dpkg-query and modinfo would say."""

    def __init__(self, root):
        self.root = root
        self.packages = ""
        self.owned = ()
        self.modinfo = {"version": "550.163.01", "license": "NVIDIA"}
        self.host = Host(run=self.run, root=root)
        self.write("proc/sys/kernel/osrelease", KERNEL + "\n")

    def run(self, argv, environment):
        if "modinfo" in argv:
            return 0, "".join(f"{key}:  {value}\n" for key, value in self.modinfo.items()), ""
        if "-S" in argv:
            return 1, "".join(f"package: {path}\n" for path in argv if path in self.owned), ""
        return 0, self.packages, ""

    def write(self, name, content=""):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def headers(self, name=KERNEL, release=None):
        """As linux-headers-…, linux-headers-…-common and linux-kbuild-… leave them."""
        source = f"usr/src/linux-headers-{name}"
        self.write(f"{source}/Makefile", f"include /usr/src/linux-headers-{name}-common/Makefile\n")
        self.write(f"usr/src/linux-headers-{name}-common/Makefile")
        self.write(f"{source}/Module.symvers")
        self.write(f"{source}/include/generated/autoconf.h")
        self.write(f"{source}/include/generated/utsrelease.h", f'#define UTS_RELEASE "{release or name}"\n')
        self.write(f"usr/lib/linux-kbuild-{name}/scripts/Makefile")
        (self.root / source / "scripts").symlink_to(f"../../lib/linux-kbuild-{name}/scripts")
        link = self.root / f"lib/modules/{name}/build"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"../../../{source}")

    def modules(self, name=KERNEL, folder="updates/dkms", prefix="nvidia-current", suffix=".ko.xz"):
        for part in ("", "-modeset", "-drm", "-uvm", "-peermem"):
            self.write(f"lib/modules/{name}/{folder}/{prefix}{part}{suffix}")

    def kernel(self, name=KERNEL):
        found = {one["name"]: one for one in driver_kernels.kernels(self.host)}
        return found[name]

    def probe(self):
        return driver_host.probe(self.host, desired())


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_a_bare_host_has_nothing_and_says_so(machine):
    found = machine.probe()
    assert (found["kernel"], found["loaded"], found["gpus"], found["packages"]) == (KERNEL, "", [], [])
    assert [(one["name"], one["headers"], one["has_modules"]) for one in found["kernels"]] == [
        (KERNEL, "absent", False)
    ]
    assert (found["nouveau"], found["dgx"], found["runfile"]) == (False, False, "")


def test_nobody_asks_nothing_is_read(machine):
    assert driver_host.probe(machine.host, {}) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [(PROPRIETARY, ("550.163.01", "proprietary")), (OPEN, ("580.126.20", "open")), ("", ("", ""))],
)
def test_the_loaded_driver_names_its_version_and_kind(machine, text, expected):
    if text:
        machine.write("proc/driver/nvidia/version", text)
    assert driver_host.loaded_driver(machine.host) == expected


def test_whole_headers_are_known(machine):
    machine.headers()
    assert (machine.kernel()["headers"], machine.kernel()["has_headers"]) == ("whole", True)


@pytest.mark.parametrize(
    ("lost", "word"),
    [
        (f"usr/src/linux-headers-{KERNEL}/Module.symvers", "Module.symvers"),
        (f"usr/src/linux-headers-{KERNEL}/include/generated/autoconf.h", "autoconf.h"),
        (f"usr/src/linux-headers-{KERNEL}-common/Makefile", "-common/Makefile"),
        (f"usr/lib/linux-kbuild-{KERNEL}/scripts/Makefile", "scripts"),
    ],
)
def test_half_installed_headers_are_not_whole(machine, lost, word):
    machine.headers()
    (machine.root / lost).unlink()
    if word == "scripts":
        (machine.root / lost).parent.rmdir()
    assert machine.kernel()["headers"] == "broken"
    assert word in machine.kernel()["headers_detail"]


def test_a_link_that_leads_to_nothing_means_no_headers(machine):
    """EL's kernel brings the link, with or without headers."""
    link = machine.root / f"lib/modules/{KERNEL}/build"
    link.parent.mkdir(parents=True)
    link.symlink_to("../../../usr/src/gone")
    assert machine.kernel()["headers"] == "absent"
    assert "leads to nothing" in machine.kernel()["headers_detail"]


def test_headers_of_another_kernel_are_told_apart(machine):
    machine.headers(release=OLD)
    assert (machine.kernel()["headers"], machine.kernel()["has_headers"]) == ("other", False)
    assert OLD in machine.kernel()["headers_detail"]


@pytest.mark.parametrize(
    ("folder", "prefix", "suffix"),
    [
        ("updates/dkms", "nvidia-current", ".ko.xz"),
        ("updates/dkms", "nvidia-current-open", ".ko"),
        ("updates/dkms", "nvidia", ".ko.zst"),
        ("kernel/nvidia-580srv-open", "nvidia", ".ko"),
        ("extra", "nvidia", ".ko.xz"),
        ("kernel/drivers/video", "nvidia", ".ko"),
    ],
)
def test_modules_are_found_wherever_platforms_put_them(machine, folder, prefix, suffix):
    machine.modules(folder=folder, prefix=prefix, suffix=suffix)
    found = machine.kernel()
    assert (found["has_modules"], found["modules"], found["variant"]) == (True, "550.163.01", "proprietary")
    assert found["by_runfile"] is (folder == "kernel/drivers/video")


def test_open_modules_are_known_by_their_licence(machine):
    machine.modules(prefix="nvidia-current-open")
    machine.modinfo["license"] = "Dual MIT/GPL"
    assert machine.kernel()["variant"] == "open"


def test_modules_that_are_not_all_there_are_not_there(machine):
    machine.modules()
    (machine.root / f"lib/modules/{KERNEL}/updates/dkms/nvidia-current-uvm.ko.xz").unlink()
    assert machine.kernel()["has_modules"] is False


def test_the_kernel_s_own_modules_of_that_name_are_none(machine):
    machine.write(f"lib/modules/{KERNEL}/kernel/drivers/video/fbdev/nvidia/nvidiafb.ko.xz")
    machine.write(f"lib/modules/{KERNEL}/kernel/drivers/platform/x86/nvidia-wmi-ec-backlight.ko.xz")
    assert machine.kernel()["modules"] == ""


def test_a_kernel_that_came_later_is_seen_without_modules(machine):
    machine.modules(OLD)
    machine.write(f"lib/modules/{OLD}/kernel/fs/ext4.ko")
    machine.write(f"lib/modules/{KERNEL}/kernel/fs/ext4.ko")
    machine.headers("6.1.0-1-amd64")
    found = {one["name"]: one for one in driver_kernels.kernels(machine.host)}
    assert {name: (one["installed"], one["has_modules"]) for name, one in found.items()} == {
        OLD: (True, True),
        KERNEL: (True, False),
        "6.1.0-1-amd64": (False, False),
    }


def test_packages_of_a_driver_are_told_from_others(machine):
    rows = [
        ("nvidia-kernel-dkms", "550.163.01-2", "install", "installed"),
        ("libcuda1", "575.57.08-1", "hold", "installed"),
        ("nvidia-driver-575-server", "575.57.08-0ubuntu0.24.04.1", "install", "half-configured"),
        ("nvidia-container-toolkit", "1.18.0-1", "install", "installed"),
        ("libnvidia-container1", "1.18.0-1", "install", "installed"),
        ("nvidia-modprobe", "570.133.07-1", "install", "installed"),
        ("nvidia-support", "20240109+1", "install", "installed"),
        ("nvidia-smi", "550.163.01-2", "deinstall", "config-files"),
    ]
    machine.packages = "".join(
        f"{name}\tamd64\t{version}\t{want}\tok\t{status}\n" for name, version, want, status in rows
    )
    assert [(one["name"], one["driver"], one["held"]) for one in machine.probe()["packages"]] == [
        ("nvidia-kernel-dkms", "550.163.01", False),
        ("libcuda1", "575.57.08", True),
        ("nvidia-driver-575-server", "575.57.08", False),
    ]


def test_the_package_manager_s_word_on_the_headers_is_kept(machine):
    assert machine.probe()["headers_package"] == {
        "name": f"linux-headers-{KERNEL}",
        "whole": False,
        "begun": False,
    }
    machine.packages = f"linux-headers-{KERNEL}\tamd64\t6.12.117-1\tinstall\tok\tinstalled\n"
    assert machine.probe()["headers_package"]["whole"] is True
    machine.packages = machine.packages.replace("\tinstalled", "\tunpacked")
    found = machine.probe()["headers_package"]
    assert (found["whole"], found["begun"]) == (False, True)


def test_the_kernel_s_package_tells_its_build(machine):
    assert machine.probe()["images"] == {}
    machine.packages = f"linux-image-{KERNEL}\tamd64\t6.12.117-1\tinstall\tok\tinstalled\n"
    assert machine.probe()["images"] == {KERNEL: "6.12.117-1"}


def test_ubuntu_s_kernels_have_packages_of_their_names(machine):
    signed, plain, own = "6.8.0-45-generic", "6.8.0-1017-aws", "6.8.0-45-own"
    for name in (signed, plain, own):
        machine.write(f"lib/modules/{name}/kernel/x.ko")
    rows = {f"linux-image-{signed}": "6.8.0-45.45", f"linux-image-unsigned-{plain}": "6.8.0-1017.18"}
    machine.packages = "".join(
        f"{name}\tamd64\t{version}\tinstall\tok\tinstalled\n" for name, version in rows.items()
    )
    assert machine.probe()["images"] == {signed: "6.8.0-45.45", plain: "6.8.0-1017.18"}


def test_firmware_of_another_version_is_no_other_driver(machine):
    machine.packages = (
        "nvidia-firmware-580-server-580.95.05\tamd64\t580.95.05-0ubuntu1\tinstall\tok\tinstalled\n"
    )
    assert machine.probe()["packages"] == []


def test_an_uninstaller_that_no_package_owns_is_the_run_file_s(machine):
    machine.write("usr/bin/nvidia-uninstall")
    assert machine.probe()["runfile"] == "/usr/bin/nvidia-uninstall"
    machine.owned = ("/usr/bin/nvidia-uninstall",)
    assert machine.probe()["runfile"] == ""


def test_nouveau_dgx_and_initramfs(machine):
    machine.write("sys/module/nouveau/refcnt")
    machine.write("etc/dgx-release", 'DGX_NAME="DGX Server"\n')
    machine.write("usr/sbin/update-initramfs")
    found = machine.probe()
    assert (found["nouveau"], found["dgx"], found["initramfs"]) == (True, True, "update-initramfs")


def test_gpus_say_whether_they_are_virtual(machine):
    for address, config in (("0000:01:00.0", bytes(256)), ("0000:02:00.0", vgpu_config())):
        for name, value in (("vendor", "0x10de"), ("device", "0x1eb8"), ("class", "0x030200")):
            machine.write(f"sys/bus/pci/devices/{address}/{name}", value + "\n")
        machine.write(f"sys/bus/pci/devices/{address}/config", config)
    assert [one["vgpu"] for one in machine.probe()["gpus"]] == [False, True]


def vgpu_config():
    """A configuration space whose vendor-specific capability is signed VF."""
    config = bytearray(256)
    config[0x06], config[0x34] = 0x10, 0x60
    config[0x60:0x66] = bytes((0x09, 0x00, 27)) + b"VF\x00"
    return bytes(config)


def signing(machine):
    return driver_signing.signing(machine.host, MOK)


def test_without_uefi_nothing_has_to_be_signed(machine):
    assert (signing(machine)["required"], signing(machine)["shim"]) == ("", False)


@pytest.mark.parametrize(("value", "expected"), [(b"\x01", "Secure Boot"), (b"\x00", "")])
def test_secure_boot_is_read_behind_the_attributes(machine, value, expected):
    machine.write(SECURE, b"\x06\x00\x00\x00" + value)
    assert signing(machine)["required"] == expected


def test_shim_may_be_told_to_let_everything_through(machine):
    machine.write(SECURE, b"\x06\x00\x00\x00\x01")
    machine.write(f"{EFIVARS}/MokSBStateRT-{GUID}", b"\x06\x00\x00\x00\x01")
    assert signing(machine)["required"] == ""


def test_the_kernel_can_demand_signatures_without_secure_boot(machine):
    machine.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
    assert signing(machine)["required"] == "kernel lockdown"
    machine.write("sys/kernel/security/lockdown", "[none] integrity confidentiality\n")
    machine.write("sys/module/module/parameters/sig_enforce", "Y\n")
    assert signing(machine)["required"] == "module.sig_enforce"


def test_an_enrolled_key_is_found_in_shim_s_list(machine):
    machine.write(MOK.lstrip("/"), CERTIFICATE)
    listed = machine.write(f"{EFIVARS}/MokListRT-{GUID}", b"\x06\x00\x00\x00" + b"header" + b"\x30another")
    assert (signing(machine)["shim"], signing(machine)["enrolled"]) == (True, False)
    listed.write_bytes(b"\x06\x00\x00\x00" + b"header" + CERTIFICATE + b"tail")
    assert signing(machine)["enrolled"] is True


def test_a_key_that_is_not_there_is_not_enrolled(machine):
    machine.write(f"{EFIVARS}/MokListRT-{GUID}", b"\x06\x00\x00\x00")
    assert (signing(machine)["has_key"], signing(machine)["enrolled"]) == (False, False)


def test_rpm_s_kernel_packages_have_the_release_in_their_version(machine):
    kernel = "5.14.0-503.14.1.el9_5.x86_64"
    machine.write("proc/sys/kernel/osrelease", kernel + "\n")
    rows = ("kernel-core", "kernel-devel")
    machine.packages = "".join(f"{name}\tx86_64\t0:5.14.0-503.14.1.el9_5\n" for name in rows)
    machine.packages += "kernel-devel\tx86_64\t0:5.14.0-427.el9\n"
    found = driver_host.probe(machine.host, {**desired(), "platform": "rhel-9", "package_system": "dnf"})
    assert found["images"] == {kernel: "5.14.0-503.14.1.el9_5"}
    assert found["headers_package"]["whole"] is True
