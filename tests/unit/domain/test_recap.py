from graphistry_airgap.domain.recap import Failure


def test_a_censored_task_never_shows_its_output():
    hidden = {"censored": "hidden", "msg": "s3cret"}
    failure = Failure.from_result("services", "Create the administrator", hidden)
    assert "s3cret" not in failure.message


def test_the_programs_last_words_are_in_the_message():
    result = {"msg": "non-zero return code", "stderr": "port is taken"}
    failure = Failure.from_result("docker", "Start", result)
    assert "port is taken" in failure.message


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


def test_a_wish_for_a_reboot_is_known_by_its_code():
    assert Failure.from_result("driver", "Use", {"msg": "x", "code": "reboot-required"}).asks_reboot
    assert not Failure.from_result("driver", "Use", {"msg": "x", "code": "driver-broken"}).asks_reboot
