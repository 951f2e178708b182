//! The resolved syntax tree: what the parser makes of a chunk, and all that the tree walker and the
//! bytecode compiler know of it.
//!
//! Expressions, lists and functions live in arenas of the [`Chunk`] and name each other by index, so that a
//! chain of a million operators neither recurses when it is dropped nor costs a box per node. Names
//! are resolved while parsing: an expression says whether it reads a local, an upvalue, a
//! compile-time constant or a field of `_ENV`.

use std::ops::Range;

use crate::lines::Lines;
pub use crate::nodes::{List, Listed, Nodes};
use crate::symbols::Symbols;

/// A stretch of the source: byte offsets `start..end`, and the line (from 1) on which it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset just past the last byte.
    pub end: u32,
    /// Line of `start`, from 1.
    pub line: u32,
}

macro_rules! index_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);
        impl $name {
            /// The index as a `usize`.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index_type!(
    /// A string of the chunk (name or literal), interned in [`Chunk::symbols`].
    Symbol
);
index_type!(
    /// An expression, an index into [`Nodes::exprs`].
    ExprId
);
index_type!(
    /// A function, an index into [`Chunk::funcs`].
    FuncId
);
index_type!(
    /// A local variable of one function, an index into [`Function::locals`].
    LocalId
);
index_type!(
    /// A label of one function, an index into [`Function::labels`].
    LabelId
);

/// Which version of the language the source is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Lua 5.5: loop variables are constant, `global` declares.
    #[default]
    Lua55,
    /// Lua 5.4: loop variables can be assigned, `global` is an ordinary name, a vararg has no name,
    /// an attribute stands behind its name only.
    Lua54,
}

/// The main function of every chunk.
pub const MAIN: FuncId = FuncId(0);

/// A function and what it refers to: all that its bytecode depends on, but for the functions inside it.
#[derive(Clone, Copy)]
pub struct Unit<'a> {
    /// Which function it is.
    pub id: FuncId,
    /// The function.
    pub function: &'a Function,
    /// Its expressions, and perhaps others.
    pub nodes: &'a Nodes,
    /// The chunk's strings, at least those that it needs.
    pub symbols: &'a Symbols,
    /// The chunk's text, at least to the token behind the function.
    pub text: &'a [u8],
    /// The lines of that text.
    pub lines: &'a Lines,
    /// The dialect of the chunk.
    pub dialect: Dialect,
}

/// One parsed chunk.
#[derive(Debug)]
pub struct Chunk {
    /// All expressions.
    pub nodes: Nodes,
    /// All functions; the main function is `main`.
    pub funcs: Vec<Function>,
    /// The main function, [`MAIN`]: vararg, with the one upvalue `_ENV`.
    pub main: FuncId,
    /// The interned strings.
    pub symbols: Symbols,
    /// The dialect it was parsed as.
    pub dialect: Dialect,
    /// The lines of its text.
    pub lines: Lines,
}

impl Chunk {
    /// Visits every statement of every function; one comes before those inside it.
    pub fn each_stmt(&self, visit: &mut dyn FnMut(&Stmt)) {
        for function in &self.funcs {
            each_in(&self.nodes, &function.body, visit);
        }
    }
    /// The bytes of a symbol.
    pub fn text(&self, s: Symbol) -> &[u8] {
        self.symbols.text(s)
    }
    /// The expression behind an id.
    pub fn expr(&self, e: ExprId) -> &Expr {
        self.nodes.expr(e)
    }
    /// The entries of a list.
    pub fn list<T: Listed>(&self, list: List<T>) -> &[T] {
        self.nodes.list(list)
    }
    /// The value of an expression, if the rules of compile-time constants know it.
    pub fn constant(&self, e: ExprId) -> Option<Constant> {
        self.nodes.constant(e)
    }
    /// A function with what its bytecode depends on; `text` is what the chunk was parsed from.
    pub fn unit<'a>(&'a self, id: FuncId, text: &'a [u8]) -> Unit<'a> {
        Unit {
            id,
            function: self.func(id),
            nodes: &self.nodes,
            symbols: &self.symbols,
            text,
            lines: &self.lines,
            dialect: self.dialect,
        }
    }
    /// The function behind an id.
    pub fn func(&self, f: FuncId) -> &Function {
        &self.funcs[f.index()]
    }
}

/// A function body.
#[derive(Debug)]
pub struct Function {
    /// From `function` (or the chunk's start) to `end`.
    pub span: Span,
    /// Line of the `function` keyword; 0 for the main function.
    pub line: u32,
    /// Line of the `end`; 0 for the main function, as in PUC.
    pub end_line: u32,
    /// How many fixed parameters (`self` included); they are the first locals.
    pub params: u32,
    /// What `...` is.
    pub vararg: Vararg,
    /// Every local of this function in order of declaration, compile-time constants included.
    pub locals: Vec<Local>,
    /// What it takes from the functions around it, in order of first use.
    pub upvalues: Vec<Upvalue>,
    /// Labels, in order of appearance; `goto` before and after them are resolved.
    pub labels: Vec<Label>,
    /// The statements.
    pub body: Block,
}

/// The vararg parameter of a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vararg {
    /// Not a vararg function.
    #[default]
    None,
    /// `...`
    Anonymous,
    /// `...name`: the local that holds the vararg table (it comes right after the fixed
    /// parameters and is constant). `used_as_value` is false when every use of the name is an
    /// indexing `name[e]` or `name.n` for reading inside this very function, so that no table is
    /// needed.
    Named {
        /// The local.
        local: LocalId,
        /// Whether a real table must exist.
        used_as_value: bool,
    },
}

/// A local variable.
#[derive(Debug)]
pub struct Local {
    /// Its name. Names of hidden locals start with `(`, as `(for state)` in PUC.
    pub name: Symbol,
    /// Where it is declared.
    pub span: Span,
    /// What may be done with it.
    pub kind: LocalKind,
    /// Its register, from the function's first: how many variables with registers are in scope where it
    /// is declared. Compile-time constants have none.
    pub slot: u8,
    /// Some closure takes it as an upvalue.
    pub captured: bool,
    /// It is assigned after its declaration.
    pub assigned: bool,
}

/// What may be done with a variable.
#[derive(Clone, Debug, PartialEq)]
pub enum LocalKind {
    /// An ordinary variable.
    Regular,
    /// Cannot be assigned: `<const>` with a value known at run time only, a loop control
    /// variable of 5.5, a named vararg table.
    Const,
    /// `<close>`.
    Close,
    /// `<const>` whose value is known at compile time. It needs no register; its uses are
    /// [`ExprKind::Constant`].
    CompileTime(Constant),
}

/// A value known at compile time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant {
    /// `nil`
    Nil,
    /// `true` or `false`
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string.
    Str(Symbol),
}

/// What a function takes from the function around it.
#[derive(Debug)]
pub struct Upvalue {
    /// The variable's name.
    pub name: Symbol,
    /// Where it is found in the enclosing function.
    pub source: UpvalueSource,
    /// It cannot be assigned (its variable is `<const>`, `<close>` or a control variable).
    pub read_only: bool,
}

/// Where an upvalue comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpvalueSource {
    /// A local of the enclosing function. For the main function's `_ENV`: `Local(LocalId(0))`.
    Local(LocalId),
    /// An upvalue of the enclosing function.
    Upvalue(u32),
}

/// A label.
#[derive(Debug)]
pub struct Label {
    /// Its name.
    pub name: Symbol,
    /// Line of the label.
    pub line: u32,
}

/// A block: a scope.
#[derive(Clone, Copy, Debug, Default)]
pub struct Block {
    /// Its statements in order.
    pub stmts: List<Stmt>,
    /// Span of the whole block; `end` is where the closing keyword starts.
    pub span: Span,
    /// Line of the token that ends the block (`end`, `until`, `else`, end of file...).
    pub end_line: u32,
}

/// A condition and the block that it guards.
pub type Arm = (ExprId, Block);

/// A declared name, and where it stands.
pub type Name = (Symbol, Span);

/// A statement.
#[derive(Debug)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// Where it stands; `span.line` is the line of its first token.
    pub span: Span,
}

/// The kinds of statement.
#[derive(Debug)]
pub enum StmtKind {
    /// `local a, b <const> = ...`: the locals `vars` (contiguous ids) come into scope after the
    /// expressions. Where the last of them is [`LocalKind::CompileTime`], the last expression
    /// has that constant as its value, and needs code only if it is not known as a whole (PUC's rule:
    /// as many expressions as variables).
    Local {
        /// The declared locals.
        vars: Range<u32>,
        /// Initial values.
        exprs: List<ExprId>,
    },
    /// `local function f`: in scope inside the body.
    LocalFunction {
        /// The local.
        var: LocalId,
        /// The body.
        func: FuncId,
        /// An [`ExprKind::Function`] of it.
        expr: ExprId,
    },
    /// `global a, b = ...`, `global <const> a`; names without values declare only, and make no
    /// code. `global *` makes no statement but this one with no names.
    Global {
        /// The declared names, and where they stand.
        names: List<Name>,
        /// With values, what each name is, as [`ExprKind::Global`].
        targets: List<ExprId>,
        /// Initial values; when not empty each name is checked to be nil before it is assigned
        /// ("global 'x' already defined").
        exprs: List<ExprId>,
    },
    /// `global function f`: checked to be undefined, then assigned.
    GlobalFunction {
        /// The name, as [`ExprKind::Global`].
        target: ExprId,
        /// An [`ExprKind::Function`].
        expr: ExprId,
    },
    /// `a, b.c = ...`
    Assign {
        /// Locals, upvalues, globals or index expressions.
        targets: List<ExprId>,
        /// The values.
        exprs: List<ExprId>,
    },
    /// `function a.b.c:m() ... end`
    Function {
        /// What is assigned.
        target: ExprId,
        /// An [`ExprKind::Function`].
        expr: ExprId,
    },
    /// A call for its effects.
    Call(ExprId),
    /// `do ... end`
    Do(Block),
    /// `while cond do body end`
    While {
        /// The condition.
        cond: ExprId,
        /// The body.
        body: Block,
    },
    /// `repeat body until cond`; the condition sees the body's locals.
    Repeat {
        /// The body.
        body: Block,
        /// The condition.
        cond: ExprId,
    },
    /// `if ... elseif ... else ... end`
    If {
        /// Conditions and their blocks.
        arms: List<Arm>,
        /// The `else` block.
        otherwise: Option<Block>,
    },
    /// `for v = start, limit, step do`
    NumericFor {
        /// The control variable.
        var: LocalId,
        /// First value.
        start: ExprId,
        /// Last value.
        limit: ExprId,
        /// Step, 1 when absent.
        step: Option<ExprId>,
        /// The body.
        body: Block,
    },
    /// `for a, b in explist do`
    GenericFor {
        /// The variables (contiguous ids).
        vars: Range<u32>,
        /// The expression list, adjusted to four values (iterator, state, control, closing).
        exprs: List<ExprId>,
        /// The body.
        body: Block,
    },
    /// `return ...`
    Return(List<ExprId>),
    /// `return f(...)` where no variable of the function is to be closed: the callee, a call or method call,
    /// takes this function's place.
    TailCall(ExprId),
    /// `break`
    Break,
    /// `goto label`
    Goto(LabelId),
    /// `::label::`
    Label(LabelId),
}

/// An expression.
#[derive(Clone, Copy, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands; for a call, `span.start` is the callee's start.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Clone, Copy, Debug)]
pub enum ExprKind {
    /// `nil`
    Nil,
    /// `true`
    True,
    /// `false`
    False,
    /// An integer literal.
    Int(i64),
    /// A float literal.
    Float(f64),
    /// A string literal.
    Str(Symbol),
    /// `...`
    Vararg {
        /// Line of the token before it, which is that of its instruction in PUC.
        line: u32,
    },
    /// A function expression.
    Function(FuncId),
    /// A local of this function.
    Local {
        /// Which.
        id: LocalId,
        /// Its register, as in [`Local::slot`].
        slot: u8,
    },
    /// An upvalue of this function, an index into [`Function::upvalues`].
    Upvalue(u32),
    /// A compile-time constant, by name.
    Constant(Constant),
    /// A global: the field `name` of `env`, which is a Local, Upvalue or Constant expression for
    /// `_ENV`.
    Global {
        /// The variable `_ENV`.
        env: ExprId,
        /// The field.
        name: Symbol,
    },
    /// `obj[key]`, and `obj.name` with a [`ExprKind::Str`] key.
    Index {
        /// The object.
        obj: ExprId,
        /// The key.
        key: ExprId,
    },
    /// `callee(args)`
    Call {
        /// The callee.
        callee: ExprId,
        /// The arguments.
        args: List<ExprId>,
        /// The line PUC gives the call instruction: that of the callee's first token's suffix
        /// line (`luaK_fixline(fs, line)` in `funcargs`).
        line: u32,
    },
    /// `obj:name(args)`
    Method {
        /// The object.
        obj: ExprId,
        /// The method's name.
        name: Symbol,
        /// The arguments.
        args: List<ExprId>,
        /// As for `Call`.
        line: u32,
    },
    /// `lhs op rhs`, not `and`/`or`.
    Binary {
        /// The operator.
        op: BinOp,
        /// Left operand.
        lhs: ExprId,
        /// Right operand.
        rhs: ExprId,
        /// Line of the operator.
        line: u32,
    },
    /// `op operand`
    Unary {
        /// The operator.
        op: UnOp,
        /// The operand.
        operand: ExprId,
        /// Line of the operator.
        line: u32,
    },
    /// `lhs and rhs`
    And {
        /// Left operand.
        lhs: ExprId,
        /// Right operand.
        rhs: ExprId,
    },
    /// `lhs or rhs`
    Or {
        /// Left operand.
        lhs: ExprId,
        /// Right operand.
        rhs: ExprId,
    },
    /// `(e)`: one value, and not assignable.
    Paren(ExprId),
    /// A table constructor; items in source order.
    Table(List<TableItem>),
}

/// One item of a table constructor.
#[derive(Clone, Copy, Debug)]
pub enum TableItem {
    /// `e`
    Positional(ExprId),
    /// `name = e` or `[k] = e`
    Keyed(ExprId, ExprId),
}

/// Binary operators that evaluate both operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BinOp {
    Add,
    Sub,
    Mul,
    Mod,
    Pow,
    Div,
    IDiv,
    BAnd,
    BOr,
    BXor,
    Shl,
    Shr,
    Concat,
    Eq,
    Lt,
    Le,
    Ne,
    Gt,
    Ge,
}

/// Unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum UnOp {
    Neg,
    BNot,
    Not,
    Len,
}

fn each_in(nodes: &Nodes, block: &Block, visit: &mut dyn FnMut(&Stmt)) {
    for stmt in nodes.list(block.stmts) {
        visit(stmt);
        match &stmt.kind {
            StmtKind::Do(body)
            | StmtKind::While { body, .. }
            | StmtKind::Repeat { body, .. }
            | StmtKind::NumericFor { body, .. }
            | StmtKind::GenericFor { body, .. } => each_in(nodes, body, visit),
            StmtKind::If { arms, otherwise } => {
                nodes
                    .list(*arms)
                    .iter()
                    .for_each(|(_, body)| each_in(nodes, body, visit));
                otherwise.iter().for_each(|body| each_in(nodes, body, visit));
            }
            StmtKind::Local { .. }
            | StmtKind::LocalFunction { .. }
            | StmtKind::Global { .. }
            | StmtKind::GlobalFunction { .. }
            | StmtKind::Assign { .. }
            | StmtKind::Function { .. }
            | StmtKind::Call(_)
            | StmtKind::Return(_)
            | StmtKind::TailCall(_)
            | StmtKind::Break
            | StmtKind::Goto(_)
            | StmtKind::Label(_) => {}
        }
    }
}
