"""Made secrets survive every reader of an env file; known weak ones are named."""

import base64
import re
import uuid

import pytest

from graphistry_airgap.target.envfile import secret_values, syntax as env_syntax


@pytest.mark.parametrize("name", sorted(secret_values.MAKERS))
def test_a_made_secret_needs_no_quoting_and_differs_each_time(name):
    first, second = secret_values.MAKERS[name](), secret_values.MAKERS[name]()
    assert first != second
    assert re.fullmatch(r"[A-Za-z0-9_=-]{32,}", first)
    assert env_syntax.read(f"{name}={first}\n".encode()).values == {name: first}
    assert secret_values.weakness(first) == ""


def test_the_forms_that_the_product_expects():
    makers = secret_values.MAKERS
    assert len(base64.urlsafe_b64decode(makers["GRAPHISTRY_NEXUS_ENCRYPTION_KEYS"]())) == 32
    assert uuid.UUID(makers["GRAPHISTRY_NEXUS_SIGNING_KEY"]()).version == 4
    assert len(makers["DJANGO_SECRET_KEY"]()) == 50


@pytest.mark.parametrize("value", [None, "", "abc123xyz", "ChangeMe", "short", "aaaaaaaaaaaa"])
def test_weak_values_are_named(value):
    assert secret_values.weakness(value)
