//! What a walk over a chunk notes about its variables, labels, globals and calls.

use crate::ast::{ExprId, FuncId, LocalId, Span, Symbol};

/// A local variable of the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Var {
    /// The function it belongs to.
    pub func: FuncId,
    /// Which of its locals.
    pub local: LocalId,
}

/// How a local came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Declared by `local`, with an expression of its own or not.
    Declared { has_value: bool },
    /// `local function`, or `local x = function`.
    Function(FuncId),
    /// A parameter.
    Parameter,
    /// The `self` of `function a:b()`, which nobody wrote.
    ImplicitSelf,
    /// The named vararg parameter.
    Vararg,
    /// The variable of a numeric loop.
    Counter,
    /// A variable of a generic loop: which one, from 0.
    Iterated(u32),
}

/// What is known of one local.
#[derive(Clone, Debug)]
pub(super) struct LocalFacts {
    /// How it came to be.
    pub origin: Origin,
    /// How often it is read, its own function's body excepted.
    pub reads: u32,
    /// How often it is read inside the function that it names.
    pub own_reads: u32,
    /// How often it is assigned after its declaration.
    pub writes: u32,
    /// The variable that it hides.
    pub hides: Option<Var>,
}

/// What happens to a global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Its value is taken.
    Read,
    /// Its value is taken only to see whether there is one, or to keep it.
    Tested,
    /// It is assigned.
    Write,
}

/// A use of a global variable, or of a field of one.
#[derive(Clone, Debug)]
pub(super) struct GlobalUse {
    /// The global.
    pub name: Symbol,
    /// The field of it, if the use is of that.
    pub field: Option<Symbol>,
    /// Where the name (or the field's name) stands.
    pub span: Span,
    /// What happens to it.
    pub what: Use,
    /// In the main function, not in one inside it.
    pub outside: bool,
    /// The locals that are visible there, if the global is not known.
    pub visible: Vec<Symbol>,
}

/// A call of a local variable.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallUse {
    /// What is called.
    pub callee: Var,
    /// The call.
    pub call: ExprId,
}

/// All that the walk notes.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// For each function its locals.
    pub locals: Vec<Vec<LocalFacts>>,
    /// For each function whether a `goto` leads to its labels.
    pub labels: Vec<Vec<bool>>,
    /// Uses of globals, in the order of the walk.
    pub globals: Vec<GlobalUse>,
    /// Declarations of globals.
    pub declared: Vec<Symbol>,
    /// Calls of locals.
    pub calls: Vec<CallUse>,
    /// The chunk assigns `_ENV`, so nothing is known of its globals.
    pub has_own_globals: bool,
}

impl Facts {
    /// What is known of a variable.
    pub(super) fn of(&self, v: Var) -> &LocalFacts {
        &self.locals[v.func.index()][v.local.index()]
    }
    /// What is known of a variable.
    pub(super) fn of_mut(&mut self, v: Var) -> &mut LocalFacts {
        &mut self.locals[v.func.index()][v.local.index()]
    }
}
