"""Compiles parsed texts and expressions to Python that calls the sandbox's own functions."""

# ruff: noqa: N802 - Jinja's compiler finds its visitors by these names

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame

from engine.jinja.sandbox import Environment

_PAGE_ADDRESS = r"https?://\S*\Z"


class _Generator(CodeGenerator):
    """Jinja's compiler, made to write calls of the sandbox's own functions and to fold no constants.

    `show` names the function that prints a value; without one the value itself is put out.
    """

    show = "printed"
    addresses: frozenset[int] = frozenset()

    def _make_finalize(self) -> Any:
        return self._FinalizeInfo(None, None)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write(f"{'printed' if id(node) in self.addresses else self.show}(")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write(")")

    def visit_Const(self, node: nodes.Const, frame: Frame) -> None:
        if isinstance(node.value, float):
            self.write(f"Decimal({str(node.value)!r})")
        else:
            super().visit_Const(node, frame)

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        self.write("attribute(")
        self.visit(node.node, frame)
        self.write(f", {node.attr!r})")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write("context.made(joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write(")))")

    def visit_CondExpr(self, node: nodes.CondExpr, frame: Frame) -> None:
        if node.expr2 is not None:
            super().visit_CondExpr(node, frame)
            return
        frame = frame.soft()
        self.write("(")
        self.visit(node.expr1, frame)
        self.write(" if ")
        self.visit(node.test, frame)
        self.write(" else undefined())")

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:
        self._counted(super().visit_Tuple, node, frame, node.ctx == "load" and not _is_flat(node.items))

    def visit_List(self, node: nodes.List, frame: Frame) -> None:
        self._counted(super().visit_List, node, frame, not _is_flat(node.items))

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:
        self._counted(super().visit_Dict, node, frame, not _is_flat([pair.value for pair in node.items]))

    def _counted(self, visit: Callable[..., None], node: nodes.Expr, frame: Frame, is_counted: bool) -> None:
        self.write("made(" if is_counted else "(")
        visit(node, frame)
        self.write(")")


def _is_flat(items: list[nodes.Expr]) -> bool:
    return all(isinstance(item, nodes.Const) for item in items)


def compile_tree(environment: Environment, tree: nodes.Template, show: str) -> tuple[Callable[..., Any], str]:
    """The tree's root function, and Jinja's table of code line and text line.

    The function makes pieces of a context, or the value where there is only an expression.

    `show` is `printed`, `isolated`, or nothing for an expression, whose only piece is its value. The tree is
    left as it was: others may hold it.
    """
    generator = _Generator(environment, None, None, optimized=False)
    generator.show = show
    if show == "isolated":
        generator.addresses = frozenset(_in_page_addresses(tree))
    with _counting_rounds(tree):
        generator.visit(tree)
    namespace: dict[str, Any] = dict(environment.globals_of_code)
    source: str = generator.stream.getvalue()  # type: ignore[attr-defined]
    if not show:
        # Its one value is handed back rather than yielded: a generator costs more than most expressions.
        source = re.sub(r"(?m)^    yield ", "    return ", source.replace("    if 0: yield None\n", "\n"))
    code = compile(source, FILE_NAME, "exec")
    exec(code, namespace)  # noqa: S102 - Jinja's own way; the code is the sandbox's
    return namespace["root"], namespace["debug_info"]


@contextmanager
def _counting_rounds(tree: nodes.Template) -> Iterator[None]:
    """A stretch in which every loop of the tree counts its rounds."""
    loops = list(tree.find_all(nodes.For))
    lists = [loop.iter for loop in loops]
    for loop, values in zip(loops, lists, strict=True):
        loop.iter = nodes.Filter(values, "_rounds", [], [], None, None, lineno=values.lineno)
    try:
        yield
    finally:
        for loop, values in zip(loops, lists, strict=True):
            loop.iter = values


FILE_NAME = "<text>"
"""What compiled texts are called in tracebacks."""


def _in_page_addresses(tree: nodes.Template) -> Iterator[int]:
    for output in tree.find_all(nodes.Output):
        before = ""
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                before += node.data
            else:
                if re.search(_PAGE_ADDRESS, before):
                    yield id(node)
                before += "_"


def line_of_failure(error: BaseException, debug_info: str) -> int:
    """The text's line, from 0, in which a compiled text failed."""
    code_line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE_NAME:
            code_line = trace.tb_lineno
        trace = trace.tb_next
    lines = [tuple(map(int, pair.split("=")[::-1])) for pair in debug_info.split("&") if pair]
    return next((line for at, line in reversed(lines) if at <= code_line), 1) - 1
