"""The `test` blocks of a file: whether their asserts hold."""

from __future__ import annotations

from tnc.diagnostics import Report
from tnc.elaborate.definitions import UNKNOWN, FileNames
from tnc.elaborate.evaluate import evaluate, truth
from tnc.elaborate.library import Library
from tnc.elaborate.names import FAULTY
from tnc.elaborate.questions import Measures, Questions
from tnc.elaborate.scope import Scope
from tnc.elaborate.values import Mismatch, compare, literal
from tnc.syntax import tree


def try_out(
    test: tree.Test,
    names: FileNames,
    report: Report,
    library: Library,
    measures: Measures | None = None,
) -> bool:
    """Run a test, or without `measures` see only whether it says something that makes sense;
    whether every assert holds, as far as is known."""
    questions = Questions(library, measures)
    scope = Scope(
        report,
        names.source,
        names,
        checking=measures is None,
        library=library,
        functions=questions.functions,
    )
    held = True
    for statement in test.body:
        if isinstance(statement, tree.Let):
            _let(statement, scope)
        else:
            held = _assert(statement, questions, scope) and held
    return held


def _let(let: tree.Let, scope: Scope) -> None:
    target = let.targets[0]
    if len(let.targets) > 1 or target.modes is not None:
        scope.report.error(
            "E0401", "a `let` in a test names one value", let.span, "names several, or a tensor"
        )
        for each in let.targets:
            scope.declare(each.name, FAULTY)
        return
    scope.declare(target.name, evaluate(let.value, scope))


def _assert(statement: tree.Assert, questions: Questions, scope: Scope) -> bool:
    questions.remarks.clear()
    holds, seen = _judged(statement.condition, scope)
    if holds is False and not scope.checking:  # a test that fails is no mistake of the text
        message = statement.message.value if statement.message else "this does not hold"
        scope.report.error(
            "E0310",
            f"`assert` failed: {message}",
            statement.condition.span,
            seen,
            notes=tuple(questions.remarks),
        )
    return holds is True


def _judged(condition: tree.Expr, scope: Scope) -> tuple[bool | None, str]:
    """Whether it holds, None where that is not known; and what is seen where it does not."""
    if not isinstance(condition, tree.Compare):
        return truth(evaluate(condition, scope), condition.span, scope), "is false"
    left, right = evaluate(condition.left, scope), evaluate(condition.right, scope)
    try:
        holds = compare(condition.op, left, right)
    except Mismatch as mismatch:
        scope.report.error("E0401", str(mismatch), condition.span, "cannot be compared")
        return None, ""
    seen = f"{literal(left)} {condition.op} {literal(right)} does not hold"
    return None if holds is UNKNOWN else bool(holds), seen
