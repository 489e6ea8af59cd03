"""From the parse tree to the syntax tree: files, layers, statements."""

from dataclasses import replace

from tnc.diagnostics import Edit, Help, Span
from tnc.syntax import tree
from tnc.syntax.build_expression import Children, ExpressionBuilder
from tnc.syntax.lexing import span_of
from tnc.syntax.machine import Branch

NEWEST_EDITION = 1


class Builder(ExpressionBuilder):
    """Makes a whole file."""

    # ------------------------------------------------------------ files

    def file(self, branch: Branch, children: Children) -> tree.File:
        edition = next((each for each in children if isinstance(each, tree.Edition)), None)
        items = tuple(each for each in children if not isinstance(each, tree.Edition))
        return tree.File(self._source.everything(), edition, items)

    def edition(self, branch: Branch, children: Children) -> tree.Edition:
        number = int(children[0])
        if number != NEWEST_EDITION:
            span = span_of(children[0], self._source)
            help = Help(f"this compiler knows edition {NEWEST_EDITION}",
                        (Edit(span, str(NEWEST_EDITION)),))  # fmt: skip
            self._report.error("E0007", f"unknown edition `{number}`", span, "not known",
                               help=[help])  # fmt: skip
        return tree.Edition(self._span(branch), number)

    def import_(self, branch: Branch, children: Children) -> tree.Import:
        path, alias = children
        return tree.Import(self._span(branch), path, self._optional(alias))

    def from_import(self, branch: Branch, children: Children) -> tree.FromImport:
        path, *names = children
        return tree.FromImport(self._span(branch), path, tuple(names))

    def import_name(self, branch: Branch, children: Children) -> tree.ImportName:
        name, alias = children
        return tree.ImportName(self._span(branch), self._identifier(name), self._optional(alias))

    def path(self, branch: Branch, children: Children) -> tree.ModulePath:
        dots, *names = children
        return tree.ModulePath(self._span(branch), dots or 0, tuple(map(self._identifier, names)))

    def dots(self, branch: Branch, children: Children) -> int:
        return self._span(branch).text.count(".")

    def doc(self, branch: Branch, children: Children) -> str | None:
        lines = (each.removeprefix("##").removeprefix(" ").rstrip() for each in children)
        return "\n".join(lines) if children else None

    def documented(self, branch: Branch, children: Children) -> tree.Node:
        doc, node = children
        assert isinstance(node, tree.Layer | tree.Extern | tree.Let | tree.Tensors)
        return replace(node, doc=doc)

    # ------------------------------------------------------------ layers

    def layer(self, branch: Branch, children: Children) -> tree.Layer:
        (header, name, params), *body = children
        return tree.Layer(self._span(branch), name, params or (), tuple(body), None, header)

    def header(self, branch: Branch, children: Children) -> Children:
        name, params = children
        return [self._span(branch), self._identifier(name), params]

    def params(self, branch: Branch, children: Children) -> tuple[tree.Param, ...]:
        return tuple(each for each in children if each is not None)

    def param(self, branch: Branch, children: Children) -> tree.Param:
        doc, name, type_, default = children
        span = Span(self._source, name.start, branch.end)
        return tree.Param(span, self._identifier(name), type_, default, doc)

    def type_name(self, branch: Branch, children: Children) -> tree.TypeName:
        return tree.TypeName(self._span(branch), str(children[0]))

    def type_layer(self, branch: Branch, children: Children) -> tree.TypeName:
        return tree.TypeName(self._span(branch), "layer")

    def type_list(self, branch: Branch, children: Children) -> tree.TypeList:
        return tree.TypeList(self._span(branch), children[0])

    # ------------------------------------------------------------ statements

    def mode(self, branch: Branch, children: Children) -> tree.Mode:
        return tree.Mode(self._span(branch), tuple(children))

    def mode_size(self, branch: Branch, children: Children) -> tree.ModeDecl:
        name, binder, size = children
        return tree.ModeDecl(self._span(branch), self._name(name), binder, size, None)

    def mode_alias(self, branch: Branch, children: Children) -> tree.ModeDecl:
        name, binder, alias = children
        return tree.ModeDecl(self._span(branch), self._name(name), binder, None, alias)

    def index_binder(self, branch: Branch, children: Children) -> tree.Binder:
        binder: tree.Binder = children[0]
        return binder

    def conv(self, branch: Branch, children: Children) -> tree.Conv:
        options, *relations = children
        return tree.Conv(self._span(branch), options or (), tuple(relations))

    def relation(self, branch: Branch, children: Children) -> tree.Relation:
        result, binder, signal, *taps = children
        return tree.Relation(self._span(branch), result, binder, signal, tuple(taps))

    def ref(self, branch: Branch, children: Children) -> tree.Ref:
        name, *indices = children
        return tree.Ref(self._span(branch), self._name(name), tuple(indices))

    def input(self, branch: Branch, children: Children) -> tree.Tensors:
        return tree.Tensors(self._span(branch), "input", (), tuple(children), None)

    def weight(self, branch: Branch, children: Children) -> tree.Tensors:
        options, *declarations = children
        return tree.Tensors(self._span(branch), "weight", options or (), tuple(declarations), None)

    def buffer(self, branch: Branch, children: Children) -> tree.Tensors:
        options, *declarations = children
        return tree.Tensors(self._span(branch), "buffer", options or (), tuple(declarations), None)

    def tensor_decl(self, branch: Branch, children: Children) -> tree.TensorDecl:
        name, binder, modes = children
        return tree.TensorDecl(self._span(branch), self._identifier(name), binder, modes)

    def modes(self, branch: Branch, children: Children) -> tree.ModeList:
        return tree.ModeList(self._span(branch), children[0] or ())

    def let(self, branch: Branch, children: Children) -> tree.Let:
        *targets, value = children
        return tree.Let(self._span(branch), tuple(targets), value, None)

    def output(self, branch: Branch, children: Children) -> tree.Output:
        target, value = children
        return tree.Output(self._span(branch), target, value)

    def target(self, branch: Branch, children: Children) -> tree.Target:
        name, modes = children
        return tree.Target(self._span(branch), self._identifier(name), modes)

    def require(self, branch: Branch, children: Children) -> tree.Require:
        condition, message = children
        return tree.Require(self._span(branch), condition, message)

    def options(self, branch: Branch, children: Children) -> tuple[tree.Argument, ...]:
        arguments: tuple[tree.Argument, ...] = children[0]
        return arguments

    # ------------------------------------------------------------ extern, test

    def extern(self, branch: Branch, children: Children) -> tree.Extern:
        options, name, params, signature, target = children
        return tree.Extern(
            self._span(branch),
            self._identifier(name),
            options or (),
            params,
            signature,
            target,
            None,
        )

    def signature(self, branch: Branch, children: Children) -> tree.Signature:
        inputs, outputs = children
        return tree.Signature(self._span(branch), inputs, outputs)

    def modes_list(self, branch: Branch, children: Children) -> tuple[tree.ModeList, ...]:
        return tuple(children)

    def test(self, branch: Branch, children: Children) -> tree.Test:
        title, *body = children
        return tree.Test(self._span(branch), title, tuple(body))

    def test_header(self, branch: Branch, children: Children) -> tree.String:
        title: tree.String = children[0]
        return title

    def assert_(self, branch: Branch, children: Children) -> tree.Assert:
        condition, message = children
        return tree.Assert(self._span(branch), condition, message)
