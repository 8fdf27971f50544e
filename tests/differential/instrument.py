"""Rewrites a module so that it tells a recorder which edges of its rules are met (boundaries.py)."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TypeVar

RECORDER = "_boundaries"
"""Under this name a module finds its recorder."""

NEAR = {"<": -1, "<=": 1, ">": 1, ">=": -1}
"""By how much left and right differ at a comparison's other edge; the one is where they are equal."""
NEAR_CASES = {-1: "one below", 1: "one above"}
_SIGNS: dict[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}

Node = TypeVar("Node", bound=ast.AST)


@dataclass(slots=True)
class Site:
    """A place in a rule, and what can be met there.

    :param where: module and function, as in mutants.py
    :param whole: of an operand, the expression that it stands in
    :param lacks: the cases that were not met so far
    """

    where: str
    line: int
    text: str
    cases: tuple[str, ...]
    whole: str = ""
    runs: int = 0
    lacks: set[str] = field(default_factory=set)


class Instrument(ast.NodeTransformer):
    """Puts a call of the recorder in place of every site, and adds the site to `sites`."""

    def __init__(self, module: str, source: str, sites: list[Site]) -> None:
        self._names, self._lines, self.sites = [module], source.encode().split(b"\n"), sites

    # --- where we are: only functions hold rules ---

    def visit_Module(self, node: ast.Module) -> ast.Module:
        return self._definitions(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self._names.append(node.name)
        self._definitions(node)
        self._names.pop()
        return node

    def _definitions(self, node: Node) -> Node:
        for one in ast.iter_child_nodes(node):
            if isinstance(one, ast.ClassDef | ast.FunctionDef):
                self.visit(one)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self._names.append(node.name)
        node.body = [self.visit(one) for one in node.body]
        self._names.pop()
        return node

    # --- branches ---

    def visit_If(self, node: ast.If) -> ast.If:
        node.test = self._branched(node.test, f"if {self._text(node.test)}")
        node.body = [self.visit(one) for one in node.body]
        node.orelse = [self.visit(one) for one in node.orelse]
        return node

    def visit_While(self, node: ast.While) -> ast.While:
        node.test = self._branched(node.test, f"while {self._text(node.test)}")
        node.body = [self.visit(one) for one in node.body]
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        if (least := _extreme(node)) is not None:
            arms = [node.body, node.orelse]
            return self._each(node, "extreme", arms, ast.Constant(least))
        node.test = self._branched(node.test, self._text(node))
        node.body, node.orelse = self.visit(node.body), self.visit(node.orelse)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        node.iter = self.visit(node.iter)
        node.ifs = [self._branched(one, f"if {self._text(one)}") for one in node.ifs]
        return node

    def _branched(self, test: ast.expr, text: str) -> ast.expr:
        site = self._site(test, text, "true", "false")
        return self._call("branch", test, site, self._truth(test))

    # --- and, or; min, max ---

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        return self._choice(node, truth=False)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.UnaryOp:
        visit = self._truth if isinstance(node.op, ast.Not) else self.visit
        node.operand = visit(node.operand)
        return node

    def _truth(self, node: ast.expr) -> ast.expr:
        """Where only truth counts, and not which of several true values it is."""
        return self._choice(node, truth=True) if isinstance(node, ast.BoolOp) else self.visit(node)

    def _choice(self, node: ast.BoolOp, truth: bool) -> ast.expr:
        settings = ast.Constant(isinstance(node.op, ast.Or)), ast.Constant(truth)
        return self._each(node, "choose", node.values, *settings, truth=truth, late=True)

    def _each(
        self,
        node: ast.expr,
        method: str,
        operands: list[ast.expr],
        *settings: ast.expr,
        truth: bool = False,
        late: bool = False,
    ) -> ast.expr:
        """A site for each operand. `late`: the recorder evaluates them."""
        first, whole = ast.Constant(len(self.sites)), self._text(node)
        for one in operands:
            self._site(one, self._text(one), "decisive", whole=whole)
        visited = [self._truth(one) if truth else self.visit(one) for one in operands]
        if late:
            none = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
            visited = [ast.Lambda(none, one) for one in visited]
        return self._call(method, node, first, *settings, *visited)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ("min", "max") and not node.keywords:
            least = ast.Constant(name == "min")
            if len(node.args) > 1:
                return self._each(node, "extreme", node.args, least)
            site = self._site(node, self._text(node), "of different values")
            return self._call("extreme_of", node, site, least, self.visit(node.args[0]))
        if name == "bool":
            node.args = [self._truth(one) for one in node.args]
            return node
        if name == "_within" and len(node.args) == 4:
            # One function checks all terms of a series: each call of it has edges of its own.
            _, value, low, high = node.args
            first = self._links(node, [low, value, high], ["<=", "<="])
            inside = self._call("inside", node, first, value, low, high)
            node.args = [node.args[0], ast.copy_location(ast.Starred(inside, ast.Load()), node)]
            return node
        self.generic_visit(node)
        return node

    # --- edges of comparisons; rounding ---

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        signs = [_SIGNS.get(type(one), "") for one in node.ops]
        if not all(signs):
            self.generic_visit(node)
            return node
        values = [node.left, *node.comparators]
        first = self._links(node, values, signs)
        told = ast.Tuple([ast.Constant(one) for one in signs], ast.Load())
        return self._call("compare", node, first, told, *map(self.visit, values))

    def _links(self, node: ast.expr, values: list[ast.expr], signs: list[str]) -> ast.Constant:
        first = ast.Constant(len(self.sites))
        for left, sign, right in zip(values, signs, values[1:], strict=False):
            text = f"{self._text(left)} {sign} {self._text(right)}"
            self._site(node, text, "equal", NEAR_CASES[NEAR[sign]])
        return first

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if not isinstance(node.op, ast.FloorDiv | ast.RShift):
            self.generic_visit(node)
            return node
        cases = ["with a remainder"]
        # Up and half up have edges too: there one more or less of what they add shows.
        added = isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Add)
        if added or isinstance(node.left, ast.UnaryOp):
            cases += ["without one"]
        if added:
            cases += ["one short of the next"]
        site = self._site(node, self._text(node), *cases)
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.RShift):
            right = ast.BinOp(ast.Constant(1), ast.LShift(), right)
        return self._call("divide", node, site, left, right)

    # --- small ---

    def _site(self, node: ast.expr, text: str, *cases: str, whole: str = "") -> ast.Constant:
        where = ".".join(self._names)
        self.sites.append(Site(where, node.lineno, text, cases, whole, lacks=set(cases)))
        return ast.Constant(len(self.sites) - 1)

    def _text(self, node: ast.expr) -> str:
        """The source of an expression in one line. ast.get_source_segment takes seconds for all of them."""
        lines = self._lines[node.lineno - 1 : node.end_lineno]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return " ".join(b" ".join(lines).decode().split())

    def _call(self, method: str, at: ast.expr, *arguments: ast.expr) -> ast.expr:
        function = ast.Attribute(ast.Name(RECORDER, ast.Load()), method, ast.Load())
        return ast.copy_location(ast.Call(function, list(arguments), []), at)


def _extreme(node: ast.IfExp) -> bool | None:
    """`a if a < b else b` is a min (True), `a if a > b else b` a max (False); None for anything else."""
    test = node.test
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or type(test.ops[0]) not in _SIGNS:
        return None
    left, right = ast.dump(test.left), ast.dump(test.comparators[0])
    arms = ast.dump(node.body), ast.dump(node.orelse)
    if arms not in ((left, right), (right, left)):
        return None
    return isinstance(test.ops[0], ast.Lt | ast.LtE) == (arms[0] == left)
