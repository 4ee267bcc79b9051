"""Packaging only; tool settings live in pyproject.toml.

`installer/` is the source root and never an import name: the import name
`installer` belongs to another project.  Playbooks, roles, modules and inventory
travel inside the wheel, so that a `pip install` of the wheel is complete.
"""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
CONTENT = ("playbooks", "roles", "plugins", "meta", "inventory")
VERSION_FILE = HERE / "installer" / "graphistry_airgap" / "version.py"


class BuildWithContent(build_py):
    """Copy the Ansible content beside the package as `_content/`."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "graphistry_airgap" / "_content"
        shutil.rmtree(target, ignore_errors=True)
        for name in CONTENT:
            shutil.copytree(HERE / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        shutil.copy(HERE / "galaxy.yml", target)


def read_version() -> str:
    scope: dict[str, str] = {}
    exec(VERSION_FILE.read_text(encoding="utf-8"), scope)  # the one place where the version stands
    return scope["__version__"]


setup(
    name="graphistry-airgap",
    version=read_version(),
    description="Install Graphistry on machines that never see the internet",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    package_dir={"": "installer"},
    packages=find_packages("installer"),
    include_package_data=False,
    package_data={"graphistry_airgap": ["knowledge/**/*.json", "bootstrap/**/*.*", "py.typed"]},
    cmdclass={"build_py": BuildWithContent},
    install_requires=[
        # the newest line that each Python carries
        'ansible-core>=2.19.14,<2.20; python_version < "3.12"',
        'ansible-core>=2.21.5,<2.22; python_version >= "3.12"',
        "ansible-runner>=2.4.3,<2.5",
        "jinja2>=3.1.6",
        "jsonschema>=4.25",
        "pytest>=8.4",
        "pytest-testinfra>=10.2",
        "pyyaml>=6.0.2",
        "rich>=14",
    ],
    extras_require={
        # only `bundle build` needs these, on the connected machine; they never go into a bundle
        "build": ["cyclonedx-python-lib>=11.12,<12"],
        # exact: what a newer linter or runner finds is looked at when these are raised
        "dev": [
            "ansible-lint==26.10.1",
            "cyclonedx-python-lib>=11.12,<12",
            "hypothesis==6.170.15",
            "molecule==26.10.0",
            "mypy==2.4.1",
            "pytest==9.2.0",
            "pytest-testinfra==10.2.2",
            "pytest-xdist==3.8.0",
            "ruff==0.17.6",
            "types-PyYAML==6.0.12.20261113",
            "types-jsonschema==4.26.0.20261006",
            "yamllint==1.38.0",
        ],
    },
    entry_points={"console_scripts": ["graphistry-airgap = graphistry_airgap.cli.main:main"]},
)
