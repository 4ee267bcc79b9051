"""What is wrong with an env file, with the line, and without a secret in any message."""

import json

import pytest
from hypothesis import given, settings

from graphistry_airgap.knowledge.env_schema import load_env_schema
from graphistry_airgap.target.envfile import judge as env_judge
from graphistry_airgap.target.envfile.schema import Schema, file_kind
from tests.kit.fakes.env_texts import FILES

SCHEMA = Schema(load_env_schema())
UUID = "GPU-01234567-89ab-cdef-0123-456789abcdef"
INSTANCE = "MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f"
SALT = "GRAPHISTRY_NEXUS_SIGNING_SALT"


def judge(text, file="custom.env", **others):
    given = {".env" if name == "dot" else f"{name}.env": text.encode() for name, text in others.items()}
    return env_judge.judge(text if isinstance(text, bytes) else text.encode(), file, SCHEMA, given)


def codes(text, **others):
    return [(one.severity, one.code, one.line) for one in judge(text, **others)]


GOOD = [
    "FORGE_NUM_WORKERS=4\nRMM_ALLOCATOR=default\nAIR_GAPPED=1\n",
    "CRON_RESTART='5 */12 * * *'\n",
    "FEP_GPU_WATCHER_WARN_THRESHOLD=70%\nFEP_GPU_WATCHER_KILL_THRESHOLD=90%\n"
    "FEP_GPU_WATCHER_EMERGENCY_THRESHOLD=95%\nFEP_GPU_WATCHER_IDLE_THRESHOLD=60%\n",
    "FEP_GPU_WATCHER_WARN_THRESHOLD=8192MB\nFEP_GPU_WATCHER_KILL_THRESHOLD=90%\n",
    "COOKIE_SAMESITE=None\nCOOKIE_SECURE=true\n",
    f"CUDA_VISIBLE_DEVICES={UUID}\nSTREAMGL_CUDA_VISIBLE_DEVICES=0\n",
    "FORGE_CUDA_VISIBLE_DEVICES=0,1\nDCW_CUDA_VISIBLE_DEVICES=1,0,2\n",
    f"FORGE_CUDA_VISIBLE_DEVICES=0\nDCW_CUDA_VISIBLE_DEVICES={UUID}\n",
    "PIVOT_PASSWORD_HASH='$2b$10$" + "a" * 53 + "'\n",
    f"{SALT}='a$b#c d e f g'\n",
    "DATABASE_URL=postgres://u:p@h/db\n",
    "UPLOAD_MAX_SIZE=10G\nCORS_ALLOWED_ORIGINS=https://a.example,https://b.example:8443\n",
    "GRAPHISTRY_CPU_MODE=1\nCUDA_VISIBLE_DEVICES=\n",
    f"FORGE_CUDA_VISIBLE_DEVICES=GPU-01234567\nDCW_CUDA_VISIBLE_DEVICES={UUID}\nGRAPHISTRY_CPU_MODE=1\n",
    "PIVOT_DATA_DIR=${MY_ROOT:-/mnt}/${A-x}${B+y}${C:+z}\n",
    "LOG_FILE=a\nES_AUTH=$LOG_FILE:abcdefgh\n",
    "PM2_MAX_WORKERS=max\nSTREAMGL_CPU_NUM_WORKERS=4\nRMM_MAXIMUM_POOL_SIZE=None\n",
]
BAD = {
    "FORGE_NUM_WORKERS=many\n": ("error", "value-invalid", 1),
    "FORGE_NUM_WORKERS=0\n": ("error", "value-invalid", 1),
    "FORGE_NUM_WORKERS=\n": ("error", "value-invalid", 1),
    "FORGE_NUM_WORKERS=" + "9" * 5000 + "\n": ("error", "value-invalid", 1),
    "# c\nRMM_ALLOCATOR=managd\n": ("error", "value-invalid", 2),
    "CADDY_HTTP_PORT=99999\n": ("error", "value-invalid", 1),
    "CRON_RESTART='* * * *'\n": ("error", "value-invalid", 1),
    "FEP_GPU_WATCHER_KILL_THRESHOLD=110%\n": ("error", "value-invalid", 1),
    f"CUDA_VISIBLE_DEVICES=0,{UUID}\n": ("error", "value-invalid", 1),
    "CUDA_VISIBLE_DEVICES=MIG-1234\n": ("error", "value-invalid", 1),
    "CUDA_VISIBLE_DEVICES=0,,1\n": ("error", "value-invalid", 1),
    "CUDA_VISIBLE_DEVICES=\n": ("error", "gpu-none-visible", 1),
    "NVIDIA_VISIBLE_DEVICES=void\n": ("error", "gpu-none-visible", 1),
    "FORGE_CUDA_VISIBLE_DEVICES=\n": ("warning", "gpu-none-visible", 1),
    "CUDA_VISIBLE_DEVICES=GPU-8932f937\nSTREAMGL_CUDA_VISIBLE_DEVICES=0\n": ("info", "gpu-uuid-short", 1),
    f"CUDA_VISIBLE_DEVICES={INSTANCE}\nSTREAMGL_CUDA_VISIBLE_DEVICES=0\n": ("warning", "gpu-mig-instance", 1),
    f"CUDA_VISIBLE_DEVICES={INSTANCE},{INSTANCE}\n": ("error", "value-invalid", 1),
    "POSTGRES_PASSWORD=abcdefgh$nothing\n": ("error", "dollar-swallowed", 1),
    f"STREAMGL_CUDA_VISIBLE_DEVICES={UUID}\n": ("error", "value-invalid", 1),
    "LOG_LEVEL=info\n": ("warning", "value-invalid", 1),
    "N_CACHE_ROUTES_SHAPER_TIMEBAR=6\n": ("warning", "value-invalid", 1),
    f"{SALT}=abc123xyz\n": ("error", "secret-weak", 1),
    f"{SALT}=\n": ("error", "secret-weak", 1),
    f"{SALT}=aaaaaaaaaaaaaaaa\n": ("error", "secret-weak", 1),
    f"{SALT}\nLOG_LEVEL=INFO\n": ("error", "value-inherited", 1),
    "SPLUNK_KEY=admin\n": ("warning", "secret-weak", 1),
    f'{SALT}="abc=def#ghi$jkl"\n': ("error", "dollar-swallowed", 1),
    f"HOST=0.0.0.0\n{SALT}=abcdefgh$HOST\n": ("error", "dollar-swallowed", 2),
    "PIVOT_DATA_DIR=$nothing/data\n": ("warning", "dollar-swallowed", 1),
    "PIVOT_DATA_DIR=$HOME/data\n": ("warning", "dollar-swallowed", 1),
    "FORGE_NUM_WORKERS=1\nLOG_LEVEL=INFO\nFORGE_NUM_WORKERS=2\n": ("warning", "name-duplicate", 3),
    "FORGE_NUM_WORKER=1\n": ("warning", "name-unknown", 1),
    "SOMETHING_ELSE=1\n": ("info", "name-unknown", 1),
    "FEP_CUDA_VISIBLE_DEVICES=0\n": ("warning", "name-renamed", 1),
    "NODE_TYPE=leader\n": ("warning", "name-elsewhere", 1),
    "FORGE_ETL_PATH=/x\n": ("warning", "name-removed", 1),
    "PIVOT_DATA_DIR= # data\n": ("warning", "comment-in-value", 1),
    "PIVOT_DATA_DIR=data\t# where\n": ("warning", "comment-in-value", 1),
    "FEP_GPU_WATCHER_WARN_THRESHOLD=95%\nFEP_GPU_WATCHER_KILL_THRESHOLD=90%\n": (
        "error",
        "values-out-of-order",
        1,
    ),
    "FEP_GPU_WATCHER_KILL_THRESHOLD=50%\nFEP_GPU_WATCHER_IDLE_THRESHOLD=50%\n": (
        "error",
        "values-out-of-order",
        2,
    ),
    "FEP_GPU_WATCHER_WARN_THRESHOLD=95%\nFEP_GPU_WATCHER_EMERGENCY_THRESHOLD=90%\n": (
        "error",
        "values-out-of-order",
        1,
    ),
    "COOKIE_SAMESITE=None\n": ("error", "value-needs-another", 1),
    "COOKIE_SAMESITE=None\nCOOKIE_SECURE=false\n": ("error", "value-needs-another", 1),
    "FORGE_CUDA_VISIBLE_DEVICES=0,1\n": ("error", "gpu-not-shared", 1),
    "CUDA_VISIBLE_DEVICES=0,1\nDCW_CUDA_VISIBLE_DEVICES=0\n": ("error", "gpu-not-shared", 1),
    f"CUDA_VISIBLE_DEVICES={UUID}\n": ("warning", "gpu-ids-for-opencl", 1),
    "A='open\n": ("error", "env-file-unreadable", 1),
    "LOG_LEVEL=INFO\nA": ("error", "env-file-unreadable", 2),
}


@pytest.mark.parametrize("text", GOOD)
def test_what_is_in_order_gives_no_finding(text):
    assert codes(text) == []


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:40])
def test_each_cause_gives_its_finding_alone(text):
    assert codes(text) == [BAD[text]]
    found = judge(text)[0]
    assert found.message
    assert found.hint or found.severity == "info"


def test_bytes_that_are_no_utf8_and_nul_are_told():
    assert [one.code for one in judge(b"LOG_FILE=caf\xe9\n")] == ["value-not-utf8"]
    assert [one.code for one in judge(b"LOG_FILE=a\0b\n")] == ["value-unusable"]


def test_text_behind_a_quoted_value_is_a_variable():
    assert "text-after-quote" in [one.code for one in judge("PIVOT_DATA_DIR='x'PORT=1\n")]


def test_cluster_env_wins_and_that_is_told():
    found = judge("POSTGRES_HOST=db1\n", cluster="POSTGRES_HOST=db2")
    assert [(one.severity, one.code) for one in found] == [("warning", "value-overridden")]
    assert judge("POSTGRES_HOST=db1\n", cluster="POSTGRES_HOST=db1") == []


def test_a_follower_needs_the_leaders_address():
    found = judge("NODE_TYPE=follower\n", file="cluster.env")
    assert [one.code for one in found] == ["value-needs-another"]
    assert judge("NODE_TYPE=follower\nPOSTGRES_HOST=10.0.0.1\n", file="cluster.env") == []
    assert judge("NODE_TYPE=follower\n", file="cluster.env", custom="POSTGRES_HOST=10.0.0.1") == []


def test_the_near_name_is_of_the_same_file():
    near = judge("ENABLE_OPEN_TELEMETRI=true\n", file="telemetry.env")[0]
    assert "ENABLE_OPEN_TELEMETRY" in near.message
    assert "ENABLE_OPEN_TELEMETRY" not in judge("ENABLE_OPEN_TELEMETRI=true\n")[0].message


def test_a_file_of_another_name_is_judged_like_custom_env():
    assert file_kind("cluster.env", SCHEMA) == "cluster.env"
    assert file_kind("backup-of-may", SCHEMA) == "custom.env"


@pytest.mark.parametrize(
    "line",
    [
        "GRAPHISTRY_NEXUS_SIGNING_SALT=hunter2",
        'DJANGO_SECRET_KEY="hunter2$hunter3"',
        "PIVOT_PASSWORD_HASH=hunter2",
        "FORGE_NUM_WORKERS=1\nMY_DSN=db://hunter2$hunter3",
        "DATABASE_URL='hunter2",
        "ES_AUTH=u:hunter2$hunter3",
    ],
)
def test_no_secret_and_no_value_of_an_unknown_name_is_told(line):
    found = judge(line + "\n")
    assert found
    assert "hunter" not in json.dumps([one.as_dict() for one in found])


@settings(max_examples=300, deadline=None)
@given(FILES)
def test_no_file_breaks_the_judgement(data):
    for one in judge(data):
        assert one.line >= 1
        assert one.message
