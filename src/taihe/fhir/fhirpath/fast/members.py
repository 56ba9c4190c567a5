"""Steps from items to their children."""

from __future__ import annotations

from taihe.fhir import definitions, model
from taihe.fhir.fhirpath.compiler import CONSTANTS
from taihe.fhir.fhirpath.fast.looks import EVERY, Look, having, kinds_of
from taihe.fhir.fhirpath.fast.shapes import Shape
from taihe.fhir.fhirpath.fast.writer import (
    Emit,
    NotFast,
    Pen,
)
from taihe.fhir.fhirpath.tree import (
    Call,
    Member,
    Node,
    Variable,
)

_MOST_GROUPS = 5

_ELEMENT_CHILDREN = ("extension", "id")


class Members(Pen):
    """Writes members, and what lies beside primitives."""

    def member(self, node: Member, focus: Shape, emit: Emit) -> None:
        """`name` and `source.name`."""
        self.each_of(node, focus, emit)

    def each_of(self, node: Node, focus: Shape, emit: Emit, look: Look = EVERY) -> None:
        """The items of a node that are worth looking at, for whom `look` says how."""
        depth, loops = self.indent, self.loops
        if isinstance(node, Member):
            source, name = node.source, node.name
            if source is None:
                if model.kind(name) or name in ("Resource", "DomainResource"):
                    self.typed_start(name, focus, emit)
                else:
                    self.child(focus, name, emit, look)
            elif name in _ELEMENT_CHILDREN and isinstance(source, Member):
                self.beside(
                    source, focus, lambda item: self.child(item, name, emit, look), having(name)
                )
            else:
                self.each_of(
                    source, focus, lambda item: self.child(item, name, emit, look), having(name)
                )
        elif isinstance(node, Call) and node.name in ("descendants", "children"):
            self.below(node, focus, emit, look)
        elif isinstance(node, Call) and node.name == "where" and node.source is not None:
            self.where(node, focus, emit, look)
        else:
            self.each(node, focus, emit)
        self.indent, self.loops = depth, loops

    def typed_start(self, name: str, focus: Shape, emit: Emit) -> None:
        """A name that is a type's: the focus itself where it is of it."""
        if focus.is_fhir:
            if model.is_a(focus.type, name):
                emit(focus)
            else:
                self.child(focus, name, emit)
        elif not focus.is_system:
            one = self.name()
            self.loop(one, f"started({focus.variable}, {name!r})")
            emit(Shape(one, ""))

    def child(self, item: Shape, name: str, emit: Emit, look: Look = EVERY) -> None:
        """The children of one item by name."""
        self.step()
        depth, loops = self.indent, self.loops
        if item.is_system:
            return
        if item.is_fhir and item.kind != "complex":
            if name in model.named("Element"):
                self.line("pass")  # keeps the lines that leave an id or extensions to the closures
            return
        if not item.is_fhir:
            one = self.name()
            self.loop(one, f"children({item.variable}, {name!r})")
            emit(Shape(one, ""))
        else:
            fields = model.named(item.place).get(name, ())
            groups = look.groups(fields)
            if sum(len(g) if g[0].type == "Resource" else 1 for g in groups) > _MOST_GROUPS:
                self.choice(item, [f for group in groups for f in group], emit)
            elif len(groups) > 1 and any(len(group) > 1 for group in groups):
                self.alternatives(item, groups, emit)
            else:
                for group in groups:
                    begin = len(self.lines)
                    body = (
                        self.alike(item, group, emit)
                        if len(group) > 1
                        else self.field(item, group[0], emit, look)
                    )
                    if body == len(self.lines):
                        del self.lines[begin:]
                    self.indent, self.loops = depth, loops
        self.indent, self.loops = depth, loops

    def choice(self, item: Shape, fields: list[model.Field], emit: Emit) -> None:
        """One of many types, as an item."""
        table: dict[str, object] = {}
        for field in fields:
            table[field.key] = (field.type, field.place, kinds_of(field))
            table["_" + field.key] = None
        found = self.name()
        table_name = self.constant(table)
        self.line(f"{found} = chosen({item.variable}, {table_name}, {item.owner})")
        self.enter(f"if {found} is not None:")
        emit(Shape(found, ""))

    def alternatives(self, item: Shape, groups: list[list[model.Field]], emit: Emit) -> None:
        """One of several types, of which some are written alike."""
        table: dict[str, object] = {}
        for at, group in enumerate(groups):
            for field in group:
                table[field.key] = (at, kinds_of(field))
                table["_" + field.key] = None
        number, found = self.name(), self.name()
        begin = len(self.lines)
        self.line(f"{number}, {found} = picked({item.variable}, {self.constant(table)})")
        header = len(self.lines)
        for at, group in enumerate(groups):
            depth, loops, start = self.indent, self.loops, len(self.lines)
            self.enter(f"if {number} == {at}:")
            body = len(self.lines)
            emit(Shape(found, group[0].type, group[0].place, item.owner))
            if body == len(self.lines):
                del self.lines[start:]
            self.indent, self.loops = depth, loops
        if header == len(self.lines):
            del self.lines[begin:]

    def alike(self, item: Shape, fields: list[model.Field], emit: Emit) -> int:
        """One of several types for which the same is written."""
        table: dict[str, object] = {}
        for field in fields:
            table[field.key] = kinds_of(field)
            table["_" + field.key] = None
        found = self.name()
        self.line(f"{found} = chosen_json({item.variable}, {self.constant(table)})")
        self.enter(f"if {found} is not None:")
        body = len(self.lines)
        emit(Shape(found, fields[0].type, fields[0].place, item.owner))
        return body

    def field(self, item: Shape, field: model.Field, emit: Emit, look: Look = EVERY) -> int:
        """One field; returns how many lines there were before what is emitted."""
        value = self.name()
        holder = item.variable
        if field.primitive:
            self.line(f"if {'_' + field.key!r} in {holder}: raise Slow")
        self.line(f"{value} = {holder}.get({field.key!r})")
        self.enter(f"if {value} is not None:")
        if field.many:
            self.line(f"if type({value}) is not list: raise Slow")
            one = self.name()
            self.loop(one, value)
            value = one
        shape = Shape(value, field.type, field.place, item.owner)
        self.check(shape)
        body = len(self.lines)
        if field.type == "Resource":
            return self.resource(shape, item, emit, look)
        emit(shape)
        return body

    def resource(self, shape: Shape, holder: Shape, emit: Emit, look: Look) -> int:
        """A resource inside another, whose type only data can say."""
        value = shape.variable
        types = [t for t in sorted(definitions.resource_types()) if look.has(t, t)]
        groups: dict[object, list[str]] = {}
        for type in types:
            groups.setdefault(look.alike(type, type), []).append(type)
        body = len(self.lines)
        if self.owners or len(groups) > _MOST_GROUPS:
            boxed = self.name()
            self.line(f"{boxed} = of_resource({value}, {self.nest(holder)})")
            body = len(self.lines)
            emit(Shape(boxed, ""))
            return body
        kind = self.name()
        self.line(f"{kind} = {value}.get('resourceType')")
        known = self.constant(definitions.resource_types())
        self.line(f"if {kind} not in {known}: raise Slow")
        begin = len(self.lines)
        for group in groups.values():
            depth, loops, start = self.indent, self.loops, len(self.lines)
            if len(group) == 1:
                self.enter(f"if {kind} == {group[0]!r}:")
            elif len(group) < len(definitions.resource_types()):
                self.enter(f"if {kind} in {self.constant(frozenset(group))}:")
            body = len(self.lines)
            emit(Shape(value, group[0], group[0], shape.owner))
            if body == len(self.lines):
                del self.lines[start:]
            self.indent, self.loops = depth, loops
        return begin

    def nest(self, item: Shape) -> str:
        """The element that a resource inside lies in."""
        if item.owner != "None" or not self.owners:
            return item.owner
        self.uses_env = True
        return "env.resource"

    def beside(self, node: Member, focus: Shape, emit: Emit, look: Look = EVERY) -> None:
        """A member whose id or extensions are asked for: of a primitive, they lie beside it."""

        def of(item: Shape) -> None:
            if not item.is_fhir or item.kind != "complex":
                self.child(item, node.name, emit)
                return
            fields = model.named(item.place).get(node.name, ())
            if len(fields) > _MOST_GROUPS:
                raise NotFast
            for field in fields:
                depth, loops, begin = self.indent, self.loops, len(self.lines)
                if not field.primitive:
                    body = self.field(item, field, emit, look)
                else:
                    body = self.sidecar(item, field, emit)
                if body == len(self.lines):
                    del self.lines[begin:]
                self.indent, self.loops = depth, loops

        if node.source is None:
            if model.kind(node.name):
                self.each(node, focus, emit)
            else:
                of(focus)
        else:
            self.each(node.source, focus, of)

    def sidecar(self, item: Shape, field: model.Field, emit: Emit) -> int:
        value, holder, kinds = self.name(), item.variable, self.constant(kinds_of(field))
        self.line(f"{value} = {holder}.get({'_' + field.key!r})")
        self.enter(f"if {value} is not None:")
        beside = self.name()
        self.line(f"{beside} = {holder}.get({field.key!r})")
        if field.many:
            self.line(f"if type({value}) is not list: raise Slow")
            self.line(
                f"for x in {beside} or ():\n{'    ' * (self.indent + 1)}"
                f"if x is not None and type(x) not in {kinds}: raise Slow"
            )
            one = self.name()
            self.loop(one, value)
            self.enter(f"if {one} is not None:")
            value = one
        else:
            self.line(f"if {beside} is not None and type({beside}) not in {kinds}: raise Slow")
        self.line(f"if type({value}) is not dict: raise Slow")
        body = len(self.lines)
        emit(Shape(value, "Element", "Element", item.owner))
        return body

    def guard(self, shape: Shape) -> None:
        """Begin a block for a value that may be missing."""
        if not shape.sure:
            self.enter(f"if {shape.variable} is not None:")

    def variable(self, node: Variable, focus: Shape, emit: Emit) -> None:
        """`%name`: the resource, a constant, or what was given."""
        name = node.name
        if name in CONSTANTS or name.startswith(("vs-", "ext-")):
            raise NotFast  # folded before
        if self.loops:
            self.work("1")
        if name in ("resource", "rootResource", "context") and self.root.type:
            emit(self.root)
        elif name in ("resource", "rootResource") and not self.root.type:
            resource = self.name()
            self.line(f"{resource} = env.{'root' if name == 'rootResource' else name}")
            self.enter(f"if {resource} is not None:")
            emit(Shape(resource, ""))
        elif not self.root.type:
            one = self.name()
            self.loop(one, f"env.variables[{name!r}]")
            emit(Shape(one, ""))
        else:
            raise NotFast

    def where(self, node: Call, focus: Shape, emit: Emit, look: Look = EVERY) -> None:
        """`where()`."""
        raise NotImplementedError

    def below(self, node: Call, focus: Shape, emit: Emit, look: Look = EVERY) -> None:
        """`children()` and `descendants()`."""
        raise NotImplementedError
