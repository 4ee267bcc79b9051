"""A site's inventory, read by Ansible's own reader: what is taken, and what is refused before it is read."""

import os

import pytest

from graphistry_airgap.content import content_root
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.installation.adapters.inventory_files import read_inventory
from graphistry_airgap.installation.fleet.inventory import THIS_MACHINE

pytestmark = pytest.mark.subprocesses

YAML = "all: {children: {gpus: {hosts: {gpu-7: {ansible_connection: local}}}}}\n"
VAULT = "a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  61\n"
TWO_HERE = "all: {hosts: {a: {ansible_connection: local}, b: {ansible_connection: local}}}\n"
SSH = "all: {hosts: {a: {ansible_connection: local}, b: {ansible_host: 192.0.2.7, ansible_port: 22, "
SSH += "ansible_user: root}}}\n"
INI = "[gpus]\ngpu-7 ansible_connection=local docker_engine_allow_restart=true\n"


@pytest.fixture
def at(tmp_path):
    """Writes files of an inventory and reads it."""
    tmp_path.chmod(0o700)

    def read(files, name="hosts.yml"):
        for path, text in files.items():
            made = tmp_path / "inventory" / path
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_text(text)
            made.chmod(0o644)
        return read_inventory(tmp_path / "inventory" / name, tmp_path / "work")

    return read


def test_variables_of_group_and_host_are_those_beside_it_and_the_host_s_win(at):
    (host,) = at(
        {
            "hosts.yml": YAML,
            "group_vars/gpus.yml": "docker_engine_data_root: /group\nsite_contact: ops\n",
            "host_vars/gpu-7.yml": "docker_engine_data_root: /host\n",
        }
    )
    assert host.name == "gpu-7"
    assert host.variables == {"docker_engine_data_root": "/host", "site_contact": "ops"}
    assert host.connection == THIS_MACHINE.connection


def test_ini_is_read_too_and_a_directory(at):
    (host,) = at({"hosts": INI}, "")
    assert host.variables == {"docker_engine_allow_restart": "true"}


def test_what_looks_like_a_template_is_a_text_and_runs_nothing(at, tmp_path):
    planted = f"{{{{ lookup('ansible.builtin.pipe', 'touch {tmp_path}/ran') }}}}"
    (host,) = at({"hosts.yml": YAML, "host_vars/gpu-7.yml": f'docker_engine_data_root: "{planted}"\n'})
    assert host.variables == {"docker_engine_data_root": planted}
    assert not (tmp_path / "ran").exists()


def test_what_lies_where_the_operator_stands_is_not_read(at, tmp_path, monkeypatch):
    """Ansible takes the current directory for a playbook's, with variables of its own."""
    (tmp_path / "here" / "group_vars").mkdir(parents=True)
    (tmp_path / "here" / "group_vars" / "all.yml").write_text("docker_engine_data_root: /evil\n")
    monkeypatch.chdir(tmp_path / "here")
    (host,) = at({"hosts.yml": YAML})
    assert host.variables == {}


def test_a_directory_in_which_others_may_put_something_is_refused(at, tmp_path):
    at({"hosts.yml": YAML})
    (tmp_path / "inventory").chmod(0o1777)
    assert refused(at, {}).code == "inventory-unsafe"


def test_one_below_a_directory_that_all_share_is_read(at, tmp_path):
    """Such as /tmp: nobody can replace there what is not theirs."""
    tmp_path.chmod(0o1777)
    assert at({"hosts.yml": YAML})[0].name == "gpu-7"


def test_the_shipped_inventory_says_what_the_tool_says(tmp_path):
    shipped = content_root() / "inventory" / "local"
    assert read_inventory(shipped, tmp_path / "work") == [THIS_MACHINE]


def refused(at, files, name="hosts.yml"):
    with pytest.raises(InputError) as error:
        at(files, name)
    assert error.value.hint
    return error.value


def test_a_program_is_refused_and_does_not_run(at, tmp_path):
    at({"hosts.yml": YAML})
    program = tmp_path / "inventory" / "more"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\necho '{{}}'\n")
    program.chmod(0o755)
    assert refused(at, {}, "").code == "inventory-unsafe"
    assert not (tmp_path / "ran").exists()


def test_a_plugin_s_configuration_is_refused(at):
    assert refused(at, {"hosts.yml": "plugin: ansible.builtin.generator\nhosts: {name: x}\n"}).code == (
        "inventory-unreadable"
    )


@pytest.mark.parametrize("part", ["hosts.yml", "host_vars/gpu-7.yml", "host_vars", "."])
def test_what_others_can_write_is_refused_by_name(at, tmp_path, part):
    at({"hosts.yml": YAML, "host_vars/gpu-7.yml": "a: 1\n"})
    open_to_all = tmp_path / "inventory" / part
    open_to_all.chmod(open_to_all.stat().st_mode | 0o002)
    error = refused(at, {})
    assert (error.code, error.details["path"]) == ("inventory-unsafe", str(open_to_all))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_belongs_to_somebody_else_is_refused(at, tmp_path):
    at({"hosts.yml": YAML})
    os.chown(tmp_path / "inventory" / "hosts.yml", 65534, 65534)
    assert "belongs to the account 65534" in refused(at, {}).message


def test_a_link_is_refused(at, tmp_path):
    at({"hosts.yml": YAML})
    (tmp_path / "inventory" / "host_vars").symlink_to(tmp_path)
    assert refused(at, {}).message.endswith("is a link")


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"hosts.yml": "all: [\n"}, "inventory-unreadable"),
        ({"hosts.yml": YAML.replace("local", "network_cli")}, "inventory-connection"),
        ({"hosts.yml": TWO_HERE}, "inventory-connection"),
        ({"hosts.yml": SSH.replace("root", "operator")}, "inventory-connection"),
        ({"hosts.yml": SSH.replace("192.0.2.7", "-oProxyCommand=x")}, "inventory-connection"),
        ({"hosts.yml": SSH.replace("22", "ssh")}, "inventory-connection"),
        ({"hosts.yml": SSH, "host_vars/b.yml": "ansible_ssh_common_args: -v\n"}, "inventory-connection"),
        ({"hosts.yml": SSH, "host_vars/b.yml": "ansible_ssh_private_key_file: k\n"}, "inventory-connection"),
        ({"hosts.yml": SSH.replace("b:", "../b:")}, "inventory-name"),
        ({"hosts.yml": YAML, "host_vars/gpu-7.yml": "ansible_become_exe: /tmp/x\n"}, "inventory-connection"),
        (
            {"hosts.yml": YAML, "host_vars/gpu-7.yml": "ansible_python_interpreter: /tmp/x\n"},
            "inventory-connection",
        ),
        ({"hosts.yml": YAML, "host_vars/gpu-7.yml": VAULT}, "inventory-vault"),
        ({"hosts.yml": YAML, "host_vars/gpu-7.md": "a\n"}, "inventory-unsafe"),
    ],
)
def test_what_this_version_has_no_use_for_is_refused_with_its_name(at, files, code):
    assert refused(at, files).code == code


@pytest.mark.parametrize("python", ["/usr/bin/python3", "/usr/bin/python3.12"])
def test_the_interpreter_is_one_that_a_platform_has_for_it(at, python):
    """EL 8 elsewhere has no /usr/bin/python3, and is asked before its platform is known."""
    there = next(
        one
        for one in at({"hosts.yml": SSH, "host_vars/b.yml": f"ansible_python_interpreter: {python}\n"})
        if not one.local
    )
    assert there.connection["ansible_python_interpreter"] == python


def test_one_that_is_not_there_is_told(at):
    error = refused(at, {"other.yml": YAML})
    assert (error.code, error.details["found"]) == ("inventory-unreadable", "No such file or directory")


def test_hosts_are_reached_by_ssh_unless_one_stands_alone_without_an_address(at):
    here, there = at({"hosts.yml": SSH})
    assert (here.name, here.local, there.name, there.local) == ("a", True, "b", False)
    assert there.connection["ansible_host"] == there.address == "192.0.2.7"
    assert there.connection["ansible_connection"] == "ssh"


@pytest.mark.parametrize("text", ["all: {}\n", "all: {children: {gpus: {}}}\n"])
def test_one_without_a_host_is_refused(at, text):
    with pytest.raises(InputError) as refused:
        at({"hosts.yml": text})
    assert (refused.value.code, refused.value.details["found"]) == ("inventory-hosts", "0")
