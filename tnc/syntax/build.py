"""From lark's parse tree to the syntax tree: files, layers, statements."""

from dataclasses import replace

from lark.tree import Meta
from lark.visitors import v_args

from tnc.diagnostics import Edit, Help, Span
from tnc.syntax import tree
from tnc.syntax.build_expression import Children, ExpressionBuilder
from tnc.syntax.lexing import span_of

NEWEST_EDITION = 1


@v_args(meta=True)
class Builder(ExpressionBuilder):
    """Makes a whole file."""

    # ------------------------------------------------------------ files

    def file(self, meta: Meta, children: Children) -> tree.File:
        edition = next((each for each in children if isinstance(each, tree.Edition)), None)
        items = tuple(each for each in children if not isinstance(each, tree.Edition))
        return tree.File(self._source.everything(), edition, items)

    def edition(self, meta: Meta, children: Children) -> tree.Edition:
        number = int(children[0])
        if number != NEWEST_EDITION:
            span = span_of(children[0], self._source)
            help = Help(f"this compiler knows edition {NEWEST_EDITION}",
                        (Edit(span, str(NEWEST_EDITION)),))  # fmt: skip
            self._report.error("E0007", f"unknown edition `{number}`", span, "not known",
                               help=[help])  # fmt: skip
        return tree.Edition(self._span(meta), number)

    def import_(self, meta: Meta, children: Children) -> tree.Import:
        path, alias = children
        return tree.Import(self._span(meta), path, self._optional(alias))

    def from_import(self, meta: Meta, children: Children) -> tree.FromImport:
        path, *names = children
        return tree.FromImport(self._span(meta), path, tuple(names))

    def import_name(self, meta: Meta, children: Children) -> tree.ImportName:
        name, alias = children
        return tree.ImportName(self._span(meta), self._identifier(name), self._optional(alias))

    def path(self, meta: Meta, children: Children) -> tree.ModulePath:
        dots, *names = children
        return tree.ModulePath(self._span(meta), dots or 0, tuple(map(self._identifier, names)))

    def dots(self, meta: Meta, children: Children) -> int:
        return self._span(meta).text.count(".")

    def doc(self, meta: Meta, children: Children) -> str | None:
        lines = (each.removeprefix("##").removeprefix(" ").rstrip() for each in children)
        return "\n".join(lines) if children else None

    def documented(self, meta: Meta, children: Children) -> tree.Node:
        doc, node = children
        assert isinstance(node, tree.Layer | tree.Extern | tree.Let | tree.Tensors)
        return replace(node, doc=doc)

    # ------------------------------------------------------------ layers

    def layer(self, meta: Meta, children: Children) -> tree.Layer:
        (header, name, params), *body = children
        return tree.Layer(self._span(meta), name, params or (), tuple(body), None, header)

    def header(self, meta: Meta, children: Children) -> Children:
        name, params = children
        return [self._span(meta), self._identifier(name), params]

    def params(self, meta: Meta, children: Children) -> tuple[tree.Param, ...]:
        return tuple(each for each in children if each is not None)

    def param(self, meta: Meta, children: Children) -> tree.Param:
        doc, name, type_, default = children
        span = Span(self._source, name.start_pos, meta.end_pos)
        return tree.Param(span, self._identifier(name), type_, default, doc)

    def type_name(self, meta: Meta, children: Children) -> tree.TypeName:
        return tree.TypeName(self._span(meta), str(children[0]))

    def type_layer(self, meta: Meta, children: Children) -> tree.TypeName:
        return tree.TypeName(self._span(meta), "layer")

    def type_list(self, meta: Meta, children: Children) -> tree.TypeList:
        return tree.TypeList(self._span(meta), children[0])

    # ------------------------------------------------------------ statements

    def mode(self, meta: Meta, children: Children) -> tree.Mode:
        return tree.Mode(self._span(meta), tuple(children))

    def mode_size(self, meta: Meta, children: Children) -> tree.ModeDecl:
        name, binder, size = children
        return tree.ModeDecl(self._span(meta), self._name(name), binder, size, None)

    def mode_alias(self, meta: Meta, children: Children) -> tree.ModeDecl:
        name, binder, alias = children
        return tree.ModeDecl(self._span(meta), self._name(name), binder, None, alias)

    def index_binder(self, meta: Meta, children: Children) -> tree.Binder:
        binder: tree.Binder = children[0]
        return binder

    def conv(self, meta: Meta, children: Children) -> tree.Conv:
        options, *relations = children
        return tree.Conv(self._span(meta), options or (), tuple(relations))

    def relation(self, meta: Meta, children: Children) -> tree.Relation:
        result, binder, signal, *taps = children
        return tree.Relation(self._span(meta), result, binder, signal, tuple(taps))

    def ref(self, meta: Meta, children: Children) -> tree.Ref:
        name, *indices = children
        return tree.Ref(self._span(meta), self._name(name), tuple(indices))

    def input(self, meta: Meta, children: Children) -> tree.Tensors:
        return tree.Tensors(self._span(meta), "input", (), tuple(children), None)

    def weight(self, meta: Meta, children: Children) -> tree.Tensors:
        options, *declarations = children
        return tree.Tensors(self._span(meta), "weight", options or (), tuple(declarations), None)

    def buffer(self, meta: Meta, children: Children) -> tree.Tensors:
        options, *declarations = children
        return tree.Tensors(self._span(meta), "buffer", options or (), tuple(declarations), None)

    def tensor_decl(self, meta: Meta, children: Children) -> tree.TensorDecl:
        name, binder, modes = children
        return tree.TensorDecl(self._span(meta), self._identifier(name), binder, modes)

    def modes(self, meta: Meta, children: Children) -> tree.ModeList:
        return tree.ModeList(self._span(meta), children[0] or ())

    def let(self, meta: Meta, children: Children) -> tree.Let:
        *targets, value = children
        return tree.Let(self._span(meta), tuple(targets), value, None)

    def output(self, meta: Meta, children: Children) -> tree.Output:
        target, value = children
        return tree.Output(self._span(meta), target, value)

    def target(self, meta: Meta, children: Children) -> tree.Target:
        name, modes = children
        return tree.Target(self._span(meta), self._identifier(name), modes)

    def require(self, meta: Meta, children: Children) -> tree.Require:
        condition, message = children
        return tree.Require(self._span(meta), condition, message)

    def options(self, meta: Meta, children: Children) -> tuple[tree.Argument, ...]:
        arguments: tuple[tree.Argument, ...] = children[0]
        return arguments

    # ------------------------------------------------------------ extern, test

    def extern(self, meta: Meta, children: Children) -> tree.Extern:
        options, name, params, signature, target = children
        return tree.Extern(
            self._span(meta), self._identifier(name), options or (), params, signature, target, None
        )

    def signature(self, meta: Meta, children: Children) -> tree.Signature:
        inputs, outputs = children
        return tree.Signature(self._span(meta), inputs, outputs)

    def modes_list(self, meta: Meta, children: Children) -> tuple[tree.ModeList, ...]:
        return tuple(children)

    def test(self, meta: Meta, children: Children) -> tree.Test:
        title, *body = children
        return tree.Test(self._span(meta), title, tuple(body))

    def test_header(self, meta: Meta, children: Children) -> tree.String:
        title: tree.String = children[0]
        return title

    def assert_(self, meta: Meta, children: Children) -> tree.Assert:
        condition, message = children
        return tree.Assert(self._span(meta), condition, message)
