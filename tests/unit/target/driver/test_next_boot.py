"""Kernels that came after the driver: which one boots next, and what is said about one without modules."""

import pytest

from graphistry_airgap.target.driver import next_boot as kernel_boot
from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.preflight.judges import kernel as findings_kernel
from tests.kit.fakes import driver_facts

OLD, NEW, NEWEST = "6.12.57+deb13-amd64", "6.12.117+deb13-amd64", "6.13.2+deb13-amd64"
GRUB = """
if [ "${{next_entry}}" ] ; then
   set default="${{next_entry}}"
else
   set default="{default}"
fi
menuentry 'Debian' {{
    linux /boot/vmlinuz-{first} root=/dev/sda1
}}
menuentry 'older' {{
    linux /boot/vmlinuz-{second} root=/dev/sda1
}}
"""


def kernel(name, **given):
    common = {"running": False, "has_headers": False, "has_modules": False, "modules": "", "installed": True}
    return {"name": name, **common, **given}


def host_with(tmp_path, grub="", environment="", folder="boot/grub"):
    (tmp_path / folder).mkdir(parents=True)
    if grub:
        (tmp_path / folder / "grub.cfg").write_text(grub)
    (tmp_path / folder / "grubenv").write_text(environment)
    return Host(run=lambda argv, extra: (1, "", ""), root=tmp_path)


@pytest.mark.parametrize(
    ("grub", "environment", "expected"),
    [
        ("", "", NEWEST),
        (GRUB.format(default="0", first=NEW, second=OLD), "", NEW),
        (GRUB.format(default="0", first="5.0-gone", second=OLD), "", NEWEST),
        (GRUB.format(default="1>2", first=NEW, second=OLD), "", NEWEST),
        (GRUB.format(default="${saved_entry}", first=NEW, second=OLD), f"saved_entry=abc-{OLD}\n", OLD),
        (GRUB.format(default="${saved_entry}", first=NEW, second=OLD), "", NEWEST),
    ],
)
def test_the_next_kernel_is_grubs_or_else_the_newest(tmp_path, grub, environment, expected):
    assert kernel_boot.next_kernel(host_with(tmp_path, grub, environment), [OLD, NEW, NEWEST]) == expected


def test_versions_are_compared_as_numbers(tmp_path):
    assert kernel_boot.next_kernel(host_with(tmp_path), [NEW, OLD]) == NEW


def test_headers_alone_are_no_kernel_to_boot(tmp_path):
    boot = kernel_boot.probe(
        host_with(tmp_path), [kernel(OLD, running=True), kernel(NEWEST, installed=False)]
    )
    assert (boot["next"], [one["name"] for one in boot["kernels"]]) == (OLD, [OLD])


def judge(*kernels, upcoming, carried=(), expected=True):
    boot = {"next": upcoming, "kernels": list(kernels)}
    return list(findings_kernel.judge(boot, "debian-13", {name: [] for name in carried}, expected=expected))


def test_nothing_to_say_when_every_kernel_that_counts_has_modules():
    assert judge(kernel(NEW, running=True, has_modules=True), kernel(OLD), upcoming=NEW) == []


def test_nothing_to_say_on_a_host_that_has_no_driver():
    assert judge(kernel(OLD, running=True), kernel(NEW), upcoming=NEW, expected=False) == []


def test_a_next_kernel_without_modules_is_a_warning_that_says_what_to_carry_in():
    (finding,) = judge(kernel(OLD, running=True, has_modules=True), kernel(NEW), upcoming=NEW)
    assert (finding.severity, finding.code) == ("warning", findings_kernel.NEXT)
    assert f"platforms.debian-13.driver.kernels: [{NEW}]" in finding.hint
    assert f"keep booting {OLD}" in finding.hint


@pytest.mark.parametrize("way", ["headers", "bundle"])
def test_with_headers_at_hand_nothing_has_to_be_carried_in(way):
    (finding,) = judge(
        kernel(OLD, running=True, has_modules=True),
        kernel(NEW, has_headers=way == "headers"),
        upcoming=NEW,
        carried=[NEW] if way == "bundle" else [],
    )
    assert "carry in" not in finding.hint
    assert f"boot {NEW}, then run the same install again" in finding.hint


def test_a_running_kernel_without_modules_is_an_error():
    (finding,) = judge(kernel(NEW, running=True), kernel(OLD, has_modules=True), upcoming=NEW)
    assert (finding.severity, finding.code) == ("error", findings_kernel.RUNNING)
    assert f"kernels: [{NEW}]" in finding.hint
    assert f"or boot {OLD} again" in finding.hint


def test_also_when_the_last_kernel_with_modules_was_removed():
    (finding,) = judge(kernel(NEW, running=True), upcoming=NEW)
    assert "no NVIDIA modules any more" in finding.message


def test_preflight_leaves_the_running_kernel_to_the_drivers_plan():
    boot = {
        "next": NEWEST,
        "kernels": [kernel(NEW, running=True), kernel(NEWEST), kernel(OLD, has_modules=True)],
    }
    profile = {"boot": boot, "driver": driver_facts.facts()}
    found = list(findings_kernel.next_boot(profile, {"driver": driver_facts.desired()}))
    assert [finding.code for finding in found] == [findings_kernel.NEXT]
    assert list(findings_kernel.next_boot({"boot": boot}, {"driver": {}})) == []
