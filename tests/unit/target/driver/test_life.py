"""How long a driver's branch is mended, by NVIDIA's table; the dates are typed from it."""

import pytest

from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.target.driver import life
from graphistry_airgap.target.gpu import knowledge as gpu_knowledge

KNOWLEDGE = load_knowledge()
V2_50 = gpu_knowledge.judged(KNOWLEDGE, "v2.50.1", "12")
V2_50_CUDA_13 = gpu_knowledge.judged(KNOWLEDGE, "v2.50.1", "13")
V2_45 = gpu_knowledge.judged(KNOWLEDGE, "v2.45.7", "12.8")
TODAY = "2026-11-30T10:00:00Z"


def note(version, *, target=V2_50, platform="debian-13", today=TODAY):
    return life.note(KNOWLEDGE, platform, target, version=version, today=today)


@pytest.mark.parametrize(
    ("version", "today", "code"),
    [
        ("580.126.20", TODAY, None),
        ("620.10.01", TODAY, None),
        ("580.126.20", "2027-06-30", None),
        ("580.126.20", "2027-07-01", life.ENDING),
        ("580.126.20", "2028-06-30", life.ENDING),
        ("580.126.20", "2028-07-01", life.OVER),
        ("595.58.03", TODAY, life.ENDING),
        ("595.58.03", "2026-03-01", None),
        ("595.58.03", "2027-04-01", life.OVER),
        ("535.309.01", TODAY, life.OVER),
        ("550.163.01", TODAY, life.OVER),
        ("575.57.08", TODAY, life.OVER),
        ("590.48.01", TODAY, life.OVER),
        ("615.5.5", TODAY, life.UNKNOWN),
        ("700.1", TODAY, life.UNKNOWN),
    ],
)
def test_what_is_said_of_a_branch_on_a_day(version, today, code):
    found = note(version, today=today)
    assert (found and found.code) == code


@pytest.mark.parametrize(
    ("platform", "target", "advice"),
    [
        # it lives, the release works with it, and a bundle for this platform can bring it
        ("debian-13", V2_50, "ship 580 (long-term, until June 2028)"),
        ("ubuntu-24.04", V2_50, "ship 580 (long-term, until June 2028)"),
        ("some-other-1", V2_50, "no bundle for some-other-1 can bring 580 (long-term, until June 2028) yet"),
        # flavour 13 was verified with 590 and 595, which end within the year; with 620 nobody has tried it
        ("debian-13", V2_50_CUDA_13, "no branch that Graphistry v2.50.1 with CUDA 13 was verified with"),
        # for older releases the vendor names a range, and nothing that was verified
        ("debian-12", V2_45, "no branch that Graphistry v2.45.7 with CUDA 12.8 was verified with"),
    ],
)
def test_the_advice_names_a_branch_that_can_be_had_and_that_works(platform, target, advice):
    assert note("535.309.01", target=target, platform=platform).hint.startswith(advice)


def test_where_no_branch_is_left_that_is_said():
    assert "no branch" in note("580.1", today="2031-01-01").hint
