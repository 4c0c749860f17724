"""The engine as C and as the Python that it is made of: what is compiled, and that both say the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from importlib import metadata
from pathlib import Path

import pytest

from adapters import compiled

ROOT = Path(__file__).parent.parent
FOLDERS = ("adapters", "engine", "flows", "schemas", "templates")


def _copy(folder: Path, *ignored: str) -> Path:
    """The project without its tests, as in a fresh clone; `ignored` is left out."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", *ignored))
    shutil.copy(ROOT / "setup.py", folder)
    return folder


def _in(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_conversation_of_the_seed_shops_is_the_same_in_pure_python(tmp_path: Path) -> None:
    folder = _copy(tmp_path, "*.so")
    where = _in(folder, "-c", "from engine import draft; print(draft.__file__)").stdout.strip()
    assert where == str(folder / "engine" / "draft.py")
    done = _in(folder, "-c", "from adapters.cli import shoptalk; raise SystemExit(shoptalk())", "test")
    assert done.returncode == 0, done.stdout + done.stderr


def test_either_all_modules_run_compiled_or_none() -> None:
    listed = _in(ROOT, "-c", "import setup; print(*setup.sources())").stdout.split()
    assert "engine/interpreter.py" in listed
    built = {file for file in listed if list((ROOT / file).parent.glob(f"{Path(file).stem}.cpython*"))}
    assert built in (set(), set(listed))


def test_what_compiles_is_the_version_that_is_tested_here() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    pinned = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert [one for one in project["build-system"]["requires"] if one in pinned] == [
        one for one in pinned if one.startswith("mypy==")
    ]


def test_a_change_after_compiling_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "engine" / "actions"
    folder.mkdir(parents=True)
    monkeypatch.setattr(compiled.engine, "__file__", str(tmp_path / "engine" / "__init__.py"))
    source, made = folder / "reset.py", folder / "reset.cpython-311.so"
    for file in (source, made, folder / "tell.py"):
        file.touch()
    os.utime(made, (1, 1))
    assert compiled.outdated() == [], "an installed package has no setup.py beside it"
    (tmp_path / "setup.py").touch()
    assert compiled.outdated() == [str(source)]
    os.utime(source, (1, 1))
    assert compiled.outdated() == []


def _environment_of(names: list[str], folder: Path) -> Path:
    """The Python of an environment in which nothing is installed but these, and what they rest on."""
    venv.create(folder)
    [packages] = folder.glob("lib/python*/site-packages")
    while names:
        try:
            found = metadata.distribution(names.pop())
        except metadata.PackageNotFoundError:
            continue  # what other versions of Python want
        for part in {file.parts[0] for file in found.files or () if ".." not in file.parts}:
            if not (packages / part).exists():
                (packages / part).symlink_to(str(found.locate_file(part)))
                names += [
                    re.split(r"[^\w.-]", one)[0] for one in found.requires or () if "extra ==" not in one
                ]
    return folder / "bin" / "python"


def test_it_compiles_where_nothing_is_installed_but_what_a_build_requires(tmp_path: Path) -> None:
    # pip builds in an environment of its own, in which mypyc knows the types of no other library.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    required = [re.split(r"[^\w.-]", one)[0] for one in project["build-system"]["requires"]]
    python = _environment_of(required, tmp_path / "environment")
    folder = tmp_path / "project"
    folder.mkdir()
    done = subprocess.run(
        [python, "-c", "import setup; print(len(setup.extensions()))"],
        cwd=_copy(folder, "*.so"),
        env={name: value for name, value in os.environ.items() if name != "SHOPTALK_PURE"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-1]) > 60


def test_nothing_is_compiled_where_python_is_asked_for() -> None:
    made = "import setup; print(setup.extensions())"
    done = subprocess.run(
        [sys.executable, "-c", made],
        cwd=ROOT,
        env={**os.environ, "SHOPTALK_PURE": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_a_machine_without_a_compiler_stays_python(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "engine").mkdir()
    for file in ("frozen.py", "__init__.py"):
        shutil.copy(ROOT / "engine" / file, folder / "engine")
    shutil.copy(ROOT / "setup.py", folder)
    (folder / "engine" / "gone.so").touch()
    done = subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--inplace"],
        cwd=folder,
        env={**os.environ, "CC": str(tmp_path / "no-compiler")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Shoptalk stays Python" in done.stderr + done.stdout
    assert not list(folder.rglob("*.so")), "nor what an earlier version had compiled"
