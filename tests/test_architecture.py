"""Holds which way the imports run, at any depth and inside functions too, by reading the code."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted([*(ROOT / "engine").rglob("*.py"), *(ROOT / "adapters").rglob("*.py"), ROOT / "wsgi.py"])

PURE_LIBRARIES = {
    "babel",
    "dateparser",
    "email_validator",
    "jinja2",
    "jsonschema",
    "msgspec",
    "orjson",
    "phonenumbers",
    "rapidfuzz",
    "regex",
    "transitions",
    "yaml",
}
"""What `engine` may use beside Python's own library: they compute and touch nothing."""

WORLD = {
    "asyncio",
    "ctypes",
    "fcntl",
    "glob",
    "http",
    "importlib",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "select",
    "shutil",
    "signal",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib",
    "uuid",
}
"""Python's own modules that touch the world; `engine` is handed what it needs of it."""

LATE = {"babel", "dateparser", "email_validator", "jsonschema", "phonenumbers", "rapidfuzz", "regex"}
"""Libraries that are loaded only by the function that needs them, so that `flow-lint` starts at once."""

LOADERS = {("engine.lint", "importlib")}
"""A table whose entries are loaded by their names, when they are first asked for."""


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path, top_level_only: bool = False) -> Iterator[str]:
    """What the module imports to run; what is imported for types alone is left out."""
    tree = ast.parse(path.read_text("utf-8"))
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting.extend(node.orelse)
            continue
        if top_level_only and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in KNOWN else node.module
        waiting.extend(ast.iter_child_nodes(node))


KNOWN = {name_of(path) for path in MODULES}
ENGINE = [path for path in MODULES if name_of(path).startswith("engine")]


def identity(path: Path) -> str:
    return name_of(path)


@pytest.mark.parametrize("path", ENGINE, ids=identity)
def test_the_engine_imports_only_itself_and_what_computes(path: Path) -> None:
    for imported in imports_of(path):
        root = imported.split(".")[0]
        assert root == "engine" or root in PURE_LIBRARIES or root in sys.stdlib_module_names, imported
        assert root not in WORLD or (name_of(path), root) in LOADERS, imported


@pytest.mark.parametrize("path", ENGINE, ids=identity)
def test_the_engine_reads_no_clock_and_no_file(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"open", "print", "input", "eval", "__import__"}, called
            assert not called.endswith((".now", ".utcnow", ".today", ".read_text", ".write_text")), called


@pytest.mark.parametrize("path", ENGINE, ids=identity)
def test_what_is_heavy_is_loaded_late(path: Path) -> None:
    assert not {imported.split(".")[0] for imported in imports_of(path, top_level_only=True)} & LATE


@pytest.mark.parametrize("path", MODULES, ids=identity)
def test_every_module_says_in_its_first_sentence_what_it_is_for(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert said, "a module opens with one sentence that says what it is for"
    assert said.split("\n\n")[0].rstrip().endswith("."), said


def test_only_the_wiring_and_the_channels_themselves_know_every_channel() -> None:
    shared = {"adapters.channels", "adapters.channels.channel"}
    providers = {name_of(path) for path in MODULES if name_of(path).startswith("adapters.channels")} - shared
    for path in MODULES:
        if not name_of(path).startswith("adapters.channels"):
            assert not set(imports_of(path)) & providers, name_of(path)


@pytest.mark.parametrize(
    ("part", "may_not_know"),
    [
        ("adapters.storage", ("adapters.web", "adapters.tasks", "adapters.channels", "adapters.commands")),
        ("adapters.channels", ("adapters.web", "adapters.tasks", "adapters.storage", "adapters.commands")),
        ("adapters.tasks", ("adapters.web", "adapters.commands", "adapters.wiring")),
        ("adapters.web", ("adapters.commands", "adapters.wiring")),
        ("adapters.packs", ("adapters.commands", "adapters.web", "adapters.storage")),
        ("adapters.metrics", ("adapters.web", "adapters.tasks", "adapters.channels", "adapters.commands")),
        ("adapters.log", ("adapters.web", "adapters.tasks", "adapters.channels", "adapters.storage")),
        ("adapters.error_reports", ("adapters.web", "adapters.tasks", "adapters.storage", "adapters.log")),
        ("adapters.wiring", ("adapters.commands",)),
    ],
)
def test_which_adapter_may_know_which(part: str, may_not_know: tuple[str, ...]) -> None:
    for path in MODULES:
        if name_of(path).startswith(part):
            for imported in imports_of(path):
                assert not imported.startswith(may_not_know), f"{name_of(path)} imports {imported}"


def test_the_interpreter_knows_nothing_of_orders_carts_and_catalogs() -> None:
    core = ("interpreter", "execution", "recognizer", "machine", "reading", "layout", "conversation", "turn")
    words = {"Order", "Orders", "OrderDraft", "Cart", "Catalog", "Product", "cart_of", "catalog_of"}
    for name in core:
        path = ROOT / "engine" / f"{name}.py"
        tree = ast.parse(path.read_text("utf-8"))
        named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        run = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        assert not (named | run) & (words - {"Product"}), name


def test_no_import_runs_in_a_circle() -> None:
    graph = {
        name_of(path): {imported for imported in imports_of(path, top_level_only=True) if imported in KNOWN}
        for path in MODULES
    }
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " -> ".join((*way[way.index(module) :], module))
        if module not in done:
            for imported in sorted(graph[module]):
                visit(imported, (*way, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_only_machine_and_workflow_know_transitions() -> None:
    users = {name_of(path) for path in MODULES if "transitions" in set(imports_of(path))}
    assert users <= {"engine.machine", "engine.workflow"}, users


@pytest.mark.parametrize(
    ("driver", "room"), [("apsw", "adapters.storage.sqlite"), ("psycopg", "adapters.storage.postgresql")]
)
def test_a_database_driver_is_known_to_its_own_modules_alone(driver: str, room: str) -> None:
    users = {
        name_of(path)
        for path in MODULES
        if driver in {imported.split(".")[0] for imported in imports_of(path)}
    }
    assert room in users
    assert all(user == room or user.startswith(f"{room}_") for user in users), users


def test_nobody_opens_a_second_sqlite() -> None:
    """Two in one process do not see each other's locks: a file that both write is damaged."""
    assert not {name_of(path) for path in MODULES if "sqlite3" in set(imports_of(path))}


def test_the_driver_of_postgresql_is_loaded_by_those_who_use_it() -> None:
    users = {
        name_of(path): set(imports_of(path, top_level_only=True))
        for path in MODULES
        if "adapters.storage.postgresql" in set(imports_of(path))
    }
    assert users.keys() == {"adapters.storage.address"}
    assert "adapters.storage.postgresql" not in users["adapters.storage.address"]
