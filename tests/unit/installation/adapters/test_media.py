"""A bundle is found again where it was, at a mount point, or directly below one; by its SHA256SUMS alone."""

import hashlib

import pytest

from graphistry_airgap.installation.adapters.media import MountedMedia

WANTED = hashlib.sha256(b"wanted\n").hexdigest()


@pytest.fixture
def media(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text("proc /proc proc rw 0 0\n")
    return MountedMedia(mounts)


@pytest.fixture
def mount(tmp_path, media):
    def add(name, kind="vfat"):
        path = tmp_path / name
        path.mkdir(exist_ok=True)
        escaped = str(path).replace("\\", "\\134").replace(" ", "\\040")
        with media._mounts.open("a") as stream:
            stream.write(f"/dev/sdb1 {escaped} {kind} ro 0 0\n")
        return path

    return add


def bundle(path, text="wanted\n", name="0" * 32):
    path.mkdir(parents=True, exist_ok=True)
    (path / "SHA256SUMS").write_text(text)
    (path / "bundle.json").write_text(f'{{"id": "{name}"}}')
    return path


def test_where_it_was(media, tmp_path):
    assert media.find(WANTED, bundle(tmp_path / "was")) == tmp_path / "was"


@pytest.mark.parametrize("name", ["usb", "a stick\\with blanks"])
@pytest.mark.parametrize("below", ["", "bundle"])
def test_where_something_is_mounted(media, mount, tmp_path, name, below):
    other = bundle(mount("other"), "other\n")
    here = bundle(mount(name) / below)
    assert media.find(WANTED, tmp_path / "was") == here
    assert media.find(WANTED, other) == here


def test_not_deeper_and_not_through_a_link(media, mount, tmp_path):
    usb = mount("usb")
    (usb / "link").symlink_to(bundle(tmp_path / "elsewhere" / "deep"))
    bundle(usb / "one" / "two")
    assert media.find(WANTED, tmp_path / "was") is None


def test_what_mounts_something_when_looked_at_stays_alone(media, mount, tmp_path):
    bundle(mount("auto", kind="autofs"))
    assert media.find(WANTED, tmp_path / "was") is None


def test_a_directory_in_place_of_the_list_or_an_unreadable_one(media, tmp_path):
    (tmp_path / "was" / "SHA256SUMS").mkdir(parents=True)
    assert media.find(WANTED, tmp_path / "was") is None
    assert media.sums_digest(tmp_path / "none") is None


def test_the_places_are_named_without_the_kernel_s_own(media, mount, tmp_path):
    usb = mount("usb")
    assert media.places(tmp_path / "was") == [tmp_path / "was", usb]


def test_what_a_bundle_calls_itself(media, tmp_path):
    assert media.bundle_id(bundle(tmp_path / "b", name="a" * 32)) == "a" * 32
    (tmp_path / "b" / "bundle.json").write_text("[]")
    assert media.bundle_id(tmp_path / "b") == "without a readable id"
    assert media.bundle_id(tmp_path / "none") == "without a readable id"
