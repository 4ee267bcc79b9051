"""Whether an initramfs knows the blacklist is read from the image, not from a mark."""

import os

import pytest

from graphistry_airgap.target.driver import initramfs as driver_initramfs

LISTING = ["etc", "etc/modprobe.d/graphistry-airgap-nouveau.conf", "usr/lib/modules/6.1/kernel/loop.ko.xz"]


@pytest.fixture
def host(tmp_path):
    for folder in ("boot", "etc/modprobe.d", "lib/modules/6.1/updates/dkms", "lib/modules/6.2/extra"):
        (tmp_path / folder).mkdir(parents=True)
    for name, age in (
        ("etc/modprobe.d/graphistry-airgap-nouveau.conf", 50),
        ("lib/modules/6.1/updates/dkms/nvidia-current.ko.xz", 20),
        ("boot/initrd.img-6.1", 30),
    ):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    return tmp_path


def stale(host, listing):
    blacklist = host / "etc/modprobe.d/graphistry-airgap-nouveau.conf"
    modules = driver_initramfs.modules("6.1", "nvidia-current", host)
    return driver_initramfs.stale(host / "boot/initrd.img-6.1", listing, blacklist, modules)


def test_an_image_made_after_the_blacklist_that_holds_it_is_good(host):
    assert stale(host, LISTING) is False


def test_an_image_without_it_is_stale_however_new(host):
    os.utime(host / "boot/initrd.img-6.1", (2000, 2000))
    assert stale(host, [line for line in LISTING if "nouveau" not in line]) is True
    assert stale(host, []) is True


def test_an_image_older_than_the_blacklist_holds_another_one(host):
    os.utime(host / "etc/modprobe.d/graphistry-airgap-nouveau.conf", (990, 990))
    assert stale(host, LISTING) is True


def test_an_image_with_an_older_module_of_the_driver_is_stale(host):
    assert stale(host, [*LISTING, "usr/lib/modules/6.1/updates/dkms/nvidia-current.ko.xz"]) is True


def test_modules_lie_where_either_distribution_s_dkms_puts_them(host):
    (host / "lib/modules/6.2/extra/nvidia-uvm.ko.xz").touch()
    names = [[path.name for path in driver_initramfs.modules(one, "nvidia", host)] for one in ("6.1", "6.2")]
    assert names == [["nvidia-current.ko.xz"], ["nvidia-uvm.ko.xz"]]


def test_the_names_stand_last_in_what_dracut_lists(host):
    assert stale(host, [f"-rw-r--r-- 1 root root 80 Jan 1 1970 {line}" for line in LISTING]) is False


def test_every_kernel_with_an_image_could_boot_next(host):
    (host / "boot/initrd.img-6.2").touch()
    (host / "boot/initrd.img-5.9").touch()
    tool = driver_initramfs.TOOLS[0]
    assert sorted(driver_initramfs.images(tool, host)) == ["6.1", "6.2"]


@pytest.mark.parametrize(
    ("there", "command"),
    [
        ({"update-initramfs", "lsinitramfs"}, "update-initramfs -u -k 6.1"),
        ({"dracut", "lsinitrd"}, "dracut --force /boot/initramfs-6.1.img 6.1"),
    ],
)
def test_the_hosts_own_tool_makes_the_image(there, command):
    tool = driver_initramfs.tool_of(there.__contains__)
    image = driver_initramfs.Path("/boot") / tool.image.format(kernel="6.1")
    assert " ".join(driver_initramfs.filled(tool.make, "6.1", image)) == command


def test_an_unknown_tool_is_none():
    assert driver_initramfs.tool_of(lambda name: False) is None


def test_ready_made_modules_inside_an_image_count_too(host):
    module = host / "lib/modules/6.1/kernel/nvidia-580srv-open/nvidia-current.ko"
    module.parent.mkdir(parents=True)
    module.write_text("x")
    assert module in driver_initramfs.modules("6.1", "nvidia-current", host)
    assert stale(host, [*LISTING, "usr/lib/modules/6.1/kernel/nvidia-580srv-open/nvidia-current.ko"]) is True
