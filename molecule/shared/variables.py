"""Write what the tool would give the roles (variables.json) and the post-install tests (facts.json beside).

`variables.py TARGET [BUNDLE SITE]`: the demo's bundle and `site.yml` unless others are named.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from graphistry_airgap.bundle.manifest import parse_bundle
from graphistry_airgap.installation.receipt import Provenance
from graphistry_airgap.installation.site_file import Site
from graphistry_airgap.installation.variables import (
    check_facts,
    desired_driver,
    playbook_variables,
    target_variables,
)
from graphistry_airgap.installation.vgpu_variables import vgpu_variables
from graphistry_airgap.knowledge.env_schema import load_env_schema
from graphistry_airgap.knowledge.formats import load_document
from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.target.envfile.schema import Schema

HERE = Path(__file__).resolve().parent
BUNDLE = HERE.parents[1] / "build" / "demo" / "bundle"


def main() -> None:
    target = Path(sys.argv[1])
    medium, answers = (Path(word) for word in sys.argv[2:] or (BUNDLE, HERE / "site.yml"))
    site = Site.from_document(load_document(answers, "site-v1", what="the site file"))
    bundle = parse_bundle((medium / "bundle.json").read_bytes())
    provenance = Provenance(
        path="/media/bundle",
        id=bundle.id,
        created=bundle.created,
        release=bundle.release.version,
        sums="",
        signers=(),
        signed=False,
        verified="names and sizes",
        platform="debian-13",
        keys=(),
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    platform = bundle.platforms[provenance.platform]
    knowledge = load_knowledge()
    driver = desired_driver(site, bundle, platform, knowledge)
    variables = playbook_variables(site, bundle, provenance, driver=driver)
    variables |= vgpu_variables(site, bundle, provenance, knowledge)
    variables |= target_variables(Schema(load_env_schema()))
    target.write_text(json.dumps(variables), encoding="utf-8")
    facts = check_facts(site, bundle, provenance)
    target.with_name(target.name.replace("variables", "facts")).write_text(
        json.dumps(facts), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
