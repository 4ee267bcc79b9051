from graphistry_airgap.installation.recap import Failure


def test_a_censored_task_never_shows_its_output():
    hidden = {"censored": "hidden", "msg": "s3cret"}
    failure = Failure.from_result("services", "Create the administrator", hidden)
    assert "s3cret" not in failure.message


def test_a_program_s_words_come_before_ansible_s_and_a_traceback_after_them():
    result = {"msg": "non-zero return code", "stderr": "port is taken\nby 7", "module_stderr": "Traceback"}
    failure = Failure.from_result("docker", "Start", result)
    assert failure.message == "port is taken\nby 7\nnon-zero return code\nTraceback"


def test_findings_of_our_modules_travel_along():
    findings = [{"severity": "error", "code": "port-taken", "message": "port 80"}]
    assert Failure.from_result("preflight", "Judge", {"msg": "1 finding", "findings": findings}).details == {
        "findings": findings
    }


def test_details_of_our_modules_travel_along():
    failure = Failure.from_result(
        "images", "Import", {"msg": "no room", "details": {"needed": 5, "available": 1}}
    )
    assert failure.details == {"details": {"needed": 5, "available": 1}}


def test_a_required_reboot_is_known_by_its_code():
    assert Failure.from_result("driver", "Use", {"msg": "x", "code": "reboot-required"}).asks_reboot
    assert not Failure.from_result("driver", "Use", {"msg": "x", "code": "driver-broken"}).asks_reboot


def test_a_long_refusal_is_whole():
    long = f"unable to configure the Docker daemon: {'x' * 5000} end"
    assert Failure.from_result("docker", "Start", {"msg": "no", "stderr": long}).message == f"{long}\nno"


def test_a_program_that_is_not_there_is_named_with_the_reason():
    """Ansible keeps both beside its message, which says neither."""
    result = {"msg": "Error executing command.", "cmd": "nvidia-ctk runtime configure", "rc": 2}
    failure = Failure.from_result("toolkit", "Make nvidia the default", result | {"stdout": "", "stderr": ""})
    assert failure.message.startswith("nvidia-ctk runtime configure: No such file or directory\n")
