"""The shape of a strategy file: equal for a copy under other names, with other words, defaults or numbers written in.

It says which files are one search: a rule does not become new by a new file name. Left out are docstrings, annotations, defaults, numbers and the
file's own declarations (symbols, grid, costs); names that the file makes itself are numbered by their first use; what it imports goes by its full name.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Container


def shape_of(text: str, declarations: Container[str], kept: str) -> str:
    """Sixteen hex digits. `declarations`: names of module constants that are no part of the rule; `kept`: the function whose name stays."""
    tree = ast.parse(text)
    tree.body = [
        part for part in tree.body if not (isinstance(part, ast.Assign) and any(isinstance(t, ast.Name) and t.id in declarations for t in part.targets))
    ]
    imported: dict[str, str] = {}
    for part in ast.walk(tree):
        if isinstance(part, ast.Import):
            imported |= {one.asname or one.name.split(".")[0]: one.name if one.asname else one.name.split(".")[0] for one in part.names}
        elif isinstance(part, ast.ImportFrom):
            imported |= {one.asname or one.name: f"{part.module}.{one.name}" for one in part.names}
    own = {part.id for part in ast.walk(tree) if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)}
    own |= {part.arg for part in ast.walk(tree) if isinstance(part, ast.arg)}
    own |= {part.name for part in ast.walk(tree) if isinstance(part, ast.FunctionDef | ast.ClassDef)} - {kept}
    return hashlib.sha256(ast.dump(_Plain(own, imported).visit(tree)).encode()).hexdigest()[:16]


class _Plain(ast.NodeTransformer):
    """The tree without what does not count."""

    def __init__(self, own: set[str], imported: dict[str, str]) -> None:
        self.own, self.imported = own, imported
        self.known: dict[str, str] = {}

    def name(self, name: str) -> str:
        if name in self.own:
            return self.known.setdefault(name, f"name {len(self.known)}")
        return self.imported.get(name, name)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.body = [part for one in node.body if (part := self.visit(one)) is not None]  # first: arguments are numbered by their use, not by their order
        node.name, node.returns, node.decorator_list = self.name(node.name), None, [self.visit(one) for one in node.decorator_list]
        self.visit(node.args)
        return node

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        node.defaults, node.kw_defaults = [], []
        self.generic_visit(node)
        node.kwonlyargs.sort(key=lambda one: one.arg)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(self.name(node.arg))

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.name(node.id), node.ctx)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id in self.imported and node.value.id not in self.own:  # `pd.DataFrame` is what `from pandas` gives
            return ast.Name(f"{self.imported[node.value.id]}.{node.attr}", node.ctx)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id in self.own:  # the file's own function: its arguments have the file's names
            for one in node.keywords:
                one.arg = one.arg and self.name(one.arg)
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return self.visit(ast.Assign([node.target], node.value)) if node.value else None

    def visit_Import(self, node: ast.Import) -> None:
        return None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        return None

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        return self.visit(node.operand) if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant) else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant(0) if isinstance(node.value, int | float) and not isinstance(node.value, bool) else ast.Constant(node.value)
