"""A change as data: what may stand in one, how secrets are told apart, and several runs as one."""

import json

import pytest

from graphistry_airgap.knowledge.formats import load_schema
from graphistry_airgap.target import change
from graphistry_airgap.target.change import Change, Mask

PATH = "/etc/docker/daemon.json"


def document(before, after, what="curl"):
    return Change("packages", "package", what, before, after).as_dict()


@pytest.mark.parametrize(
    ("subject", "kind", "before", "after"),
    [
        ("weather", "file", None, "1"),
        ("docker", "mood", None, "1"),
        ("docker", "file", {"mode": "0644"}, {"mode": "0644"}),
        ("docker", "setting", None, None),
    ],
)
def test_what_is_no_change_cannot_be_made(subject, kind, before, after):
    with pytest.raises(ValueError, match=r"weather|mood|daemon\.json"):
        Change(subject, kind, PATH, before, after)


def test_true_and_one_differ_as_in_json():
    assert Change("docker", "setting", PATH, True, 1).as_dict() == {
        "subject": "docker",
        "kind": "setting",
        "what": PATH,
        "before": True,
        "after": 1,
    }


def test_only_names_that_differ_are_changes():
    found = change.compared(
        "docker", "setting", {"a": 1, "b": {"x": [1]}, "c": 3}, {"b": {"x": [1]}, "c": 4, "d": 5}, prefix="f#"
    )
    assert [(one.what, one.before, one.after) for one in found] == [
        ("f#a", 1, None),
        ("f#c", 3, 4),
        ("f#d", None, 5),
    ]


def test_a_change_is_shown_as_ansible_shows_one():
    assert Change("packages", "package", "curl", None, "8.14").diff() == {
        "before_header": "curl",
        "after_header": "curl",
        "before": "",
        "after": '"8.14"\n',
    }


def test_an_answer_says_changed_only_where_something_changes():
    assert change.answer([]) == {"changed": False, "changes": [], "diff": []}
    one = Change("packages", "package", "curl", None, "8.14")
    assert change.answer([one]) == {"changed": True, "changes": [one.as_dict()], "diff": [one.diff()]}
    assert change.answer([one], [])["diff"] == []


def test_what_is_unknown_is_never_called_unchanged():
    assert change.unknown("docker") == {
        "changed": True,
        "changes": [],
        "diff": [],
        "unknown_until": "docker",
        "msg": "unknown until the stage docker has run",
    }


def test_a_mask_tells_equal_from_unequal_and_nothing_else():
    mask = Mask("key of the host")
    assert mask.of("A", "hunter2") == mask.of("A", "hunter2") == Mask("key of the host").of("A", "hunter2")
    others = [mask.of("A", "hunter3"), mask.of("B", "hunter2"), Mask("another").of("A", "hunter2")]
    assert mask.of("A", "hunter2") not in others
    assert mask.of("A", "") is not None
    assert mask.of("A", None) is None
    assert "hunter2" not in json.dumps(mask.of("A", "hunter2"))


def test_without_a_key_a_mask_is_of_this_answer_alone():
    mask = Mask()
    assert mask.of("A", "hunter2") == mask.of("A", "hunter2")
    assert mask.of("A", "hunter2") != Mask().of("A", "hunter2")


def test_a_value_that_is_no_text_can_be_masked():
    assert Mask("k").of("A", "\udcff") != Mask("k").of("A", "\udcfe")


def test_several_runs_read_as_one():
    first = [document(None, "1"), document(None, "7", "jq")]
    second = [document("1", "2"), document("7", None, "jq"), document(None, "3", "git")]
    assert change.merged(first, second) == [document(None, "2"), document(None, "3", "git")]
    assert change.merged([], first) == first


def test_the_receipt_knows_the_same_subjects_and_kinds():
    row = load_schema("receipt-v1")["properties"]["changes"]["items"]["properties"]
    assert set(row["subject"]["enum"]) == change.SUBJECTS
    assert row["kind"]["enum"] == list(change.KINDS)


def test_what_keys_call_a_secret_is_left_out_of_what_is_kept():
    options = {"max-size": "50m", "splunk-token": "s3cret", "more": [{"password": "s3cret"}]}
    kept = change.withheld(options)
    assert kept["max-size"] == "50m"
    assert "s3cret" not in str(kept)
    assert kept["splunk-token"] == change.WITHHELD


def test_a_mask_stays_comparable():
    mask = change.Mask("key").of("DJANGO_SECRET_KEY", "x")
    assert change.withheld(mask) == mask
    assert change.withheld({"DJANGO_SECRET_KEY": mask}) == {"DJANGO_SECRET_KEY": mask}
