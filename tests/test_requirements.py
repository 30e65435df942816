"""The list of packages for hosts without a GPU is the usual one, but for the build of torch."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


def read(file: str) -> list[Requirement]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def others(requirements: list[Requirement]) -> set[str]:
    return {str(requirement) for requirement in requirements if requirement.name != "torch"}


USUAL, CLOUD = read("requirements.txt"), read("cloud/requirements.txt")
TORCH = next(str(requirement.specifier) for requirement in USUAL if requirement.name == "torch")


def test_the_other_pins_are_the_same():
    assert len(others(USUAL)) > 8
    assert others(CLOUD) == others(USUAL)


def torch_on(python: str, machine: str) -> Requirement:
    """The one line that counts there."""
    host = {"python_version": python, "platform_machine": machine}
    (found,) = [r for r in CLOUD if r.name == "torch" and (r.marker is None or r.marker.evaluate(host))]
    return found


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_torch_is_the_cpu_build_of_the_same_version(python):
    tag, version = f"cp{python.replace('.', '')}", TORCH.removeprefix("==")
    wheel = f"torch-{version}%2Bcpu-{tag}-{tag}-manylinux_2_28_x86_64.whl"
    assert torch_on(python, "x86_64").url == f"https://download.pytorch.org/whl/cpu/{wheel}"


@pytest.mark.parametrize("python, machine", [("3.14", "x86_64"), ("3.12", "aarch64"), ("3.14", "aarch64")])
def test_elsewhere_torch_is_the_usual_build(python, machine):
    found = torch_on(python, machine)
    assert found.url is None and str(found.specifier) == TORCH
