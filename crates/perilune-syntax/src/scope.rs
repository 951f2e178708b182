//! Names -> variables. The parser drives this resolver declaration by declaration and block by block,
//! so that a name means what it means at its place in the source.

use crate::ast::{
    Constant, Dialect, Label, LabelId, Local, LocalId, LocalKind, Span, Symbol, Upvalue, UpvalueSource,
    Vararg,
};

/// The most variables that may be in registers at once in one function.
const MAX_LOCALS: u32 = 200;
/// The most upvalues of a function.
const MAX_UPVALUES: usize = 255;
/// The most declarations, pending gotos or visible labels of a chunk at one time.
const MAX_DECLARATIONS: usize = 32767;

/// What a declaration declares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum VarKind {
    Regular,
    Const,
    /// The named vararg parameter.
    VarargTable,
    Close,
    CompileTime(Constant),
    /// A global variable; constant or not.
    Global {
        constant: bool,
    },
}

/// A declaration. `name` is `None` for `global *`.
#[derive(Clone, Copy, Debug)]
struct Declaration {
    name: Option<Symbol>,
    kind: VarKind,
    /// Its local variable, unless it is global or hidden.
    local: Option<LocalId>,
    /// How many registers variables take, this one included; set when it becomes active.
    level: u32,
    /// While it is active: the declaration of the same name that it hides, as in [`Scopes::bindings`].
    hides: u32,
}

impl Declaration {
    fn in_register(&self) -> bool {
        !matches!(self.kind, VarKind::CompileTime(_) | VarKind::Global { .. })
    }
}

/// Why a declaration or a use is refused; the parser adds the place.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Reported at the current token, `near` it.
    Syntax(String),
    /// Reported on the line of the last token used, without `near`.
    Semantic(Vec<u8>),
    /// A limit: reported without a position.
    Limit(&'static str),
}

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found {
    Local(LocalId),
    /// The named vararg parameter of this very function.
    VarargParam(LocalId),
    Upvalue(u32),
    Constant(Constant),
    Global(GlobalRule),
}

/// Which rule allows a name to be global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GlobalRule {
    /// No declaration is in force: every name is.
    Preamble,
    /// Declarations are in force, and none is for this name.
    Undeclared,
    /// A declaration of the name, or `global *`.
    Declared { constant: bool },
}

/// A block being parsed.
struct BlockState {
    /// How many declarations of the function were active at its start.
    active: usize,
    first_label: usize,
    first_goto: usize,
    is_loop: bool,
    /// A variable of this block or of one around it is to be closed.
    closing: bool,
}

struct VisibleLabel {
    name: Symbol,
    line: u32,
    active: usize,
    id: LabelId,
}

struct PendingGoto {
    name: Symbol,
    line: u32,
    active: usize,
    /// Index into the function's `goto_targets`.
    index: usize,
}

/// A function being parsed.
#[derive(Default)]
pub(crate) struct FunctionState {
    /// Line of its definition, 0 for the main function.
    pub line: u32,
    pub vararg: Vararg,
    pub locals: Vec<Local>,
    pub upvalues: Vec<Upvalue>,
    pub labels: Vec<Label>,
    /// Where each `goto` leads, in order of appearance.
    pub goto_targets: Vec<LabelId>,
    /// Index of its first declaration.
    first: usize,
    /// How many of its declarations are active.
    active: usize,
    first_label: usize,
    /// How many locals have been in a register, over the whole function.
    registered: usize,
    blocks: Vec<BlockState>,
}

/// All open scopes.
pub(crate) struct Scopes {
    dialect: Dialect,
    functions: Vec<FunctionState>,
    /// Empty functions with room in their lists.
    spare: Vec<FunctionState>,
    declarations: Vec<Declaration>,
    /// For each symbol the innermost active declaration of that name: its index + 1, or 0.
    bindings: Vec<u32>,
    /// How many declarations of global variables by name are active.
    named_globals: u32,
    /// The active `global *`, the innermost last: whether they are constant.
    all_globals: Vec<bool>,
    /// The name of the environment.
    env: Symbol,
    labels: Vec<VisibleLabel>,
    gotos: Vec<PendingGoto>,
}

fn quoted(before: &str, name: &[u8], after: &str) -> Refusal {
    Refusal::Semantic([before.as_bytes(), b"'", name, b"'", after.as_bytes()].concat())
}

impl Scopes {
    /// No scope yet; `env` is the name of the environment, an upvalue of the main function.
    pub(crate) fn new(dialect: Dialect, env: Symbol) -> Self {
        Scopes {
            dialect,
            functions: Vec::new(),
            spare: Vec::new(),
            declarations: Vec::new(),
            bindings: Vec::new(),
            named_globals: 0,
            all_globals: Vec::new(),
            env,
            labels: Vec::new(),
            gotos: Vec::new(),
        }
    }

    /// Enters a function and its outermost block.
    pub(crate) fn open_function(&mut self, line: u32) {
        let spare = self.spare.pop().unwrap_or_default();
        self.functions.push(FunctionState {
            line,
            first: self.declarations.len(),
            first_label: self.labels.len(),
            ..spare
        });
        self.enter_block(false);
    }

    /// Takes back a function of which nothing is needed any more: the next one gets the room of its lists.
    pub(crate) fn reuse(&mut self, mut function: FunctionState) {
        function.locals.clear();
        function.upvalues.clear();
        function.labels.clear();
        function.goto_targets.clear();
        function.blocks.clear();
        self.spare.push(FunctionState {
            vararg: Vararg::None,
            active: 0,
            registered: 0,
            ..function
        });
    }

    /// Leaves the function whose outermost block has been left.
    pub(crate) fn close_function(&mut self) -> Option<FunctionState> {
        self.functions.pop()
    }

    fn top(&self) -> usize {
        self.functions.len() - 1
    }

    /// The function being parsed.
    pub(crate) fn current(&mut self) -> &mut FunctionState {
        let top = self.top();
        &mut self.functions[top]
    }

    // Declarations.

    fn declare_any(
        &mut self,
        name: Option<Symbol>,
        kind: VarKind,
        local: Option<LocalId>,
    ) -> Result<(), Refusal> {
        if self.declarations.len() + 2 > MAX_DECLARATIONS {
            return Err(Refusal::Limit("too many variable declarations (limit is 32767)"));
        }
        self.declarations.push(Declaration {
            name,
            kind,
            local,
            level: 0,
            hides: 0,
        });
        Ok(())
    }

    /// Declares a local variable; it comes into scope with [`Self::activate`].
    pub(crate) fn declare_local(
        &mut self,
        name: Symbol,
        kind: VarKind,
        span: Span,
    ) -> Result<LocalId, Refusal> {
        let locals = &mut self.current().locals;
        let id = LocalId(locals.len() as u32);
        let local_kind = match kind {
            VarKind::Regular | VarKind::Global { .. } => LocalKind::Regular,
            VarKind::Const | VarKind::VarargTable => LocalKind::Const,
            VarKind::Close => LocalKind::Close,
            VarKind::CompileTime(c) => LocalKind::CompileTime(c),
        };
        locals.push(Local {
            name,
            span,
            kind: local_kind,
            slot: 0,
            captured: false,
            assigned: false,
        });
        self.declare_any(Some(name), kind, Some(id))?;
        Ok(id)
    }

    /// Declares a variable that takes a register but that no source can name.
    pub(crate) fn declare_hidden(&mut self) -> Result<(), Refusal> {
        self.declare_any(None, VarKind::Regular, None)
    }

    /// Declares a global variable, or with no name all of them.
    pub(crate) fn declare_global(&mut self, name: Option<Symbol>, constant: bool) -> Result<(), Refusal> {
        self.declare_any(name, VarKind::Global { constant }, None)
    }

    /// Brings the next `count` declared locals into scope.
    pub(crate) fn activate(&mut self, count: usize) -> Result<(), Refusal> {
        let mut level = self.registers();
        for _ in 0..count {
            let function = self.current();
            let index = function.first + function.active;
            function.active += 1;
            function.registered += 1;
            if function.registered > MAX_DECLARATIONS {
                return Err(Refusal::Limit("too many local variables (limit is 32767)"));
            }
            level += 1;
            self.declarations[index].level = level;
            if level > MAX_LOCALS {
                return Err(self.limit(self.top(), MAX_LOCALS, "local variables"));
            }
            self.bind(index);
            if let Some(id) = self.declarations[index].local {
                self.current().locals[id.index()].slot = level as u8 - 1;
            }
        }
        Ok(())
    }

    /// Brings the next `count` declarations into scope that need no register.
    pub(crate) fn activate_unregistered(&mut self, count: usize) {
        for _ in 0..count {
            let function = self.current();
            let index = function.first + function.active;
            function.active += 1;
            self.bind(index);
        }
    }

    /// A declaration becomes active: its name stands for it.
    fn bind(&mut self, index: usize) {
        let declaration = &mut self.declarations[index];
        match (declaration.kind, declaration.name) {
            (VarKind::Global { constant }, None) => self.all_globals.push(constant),
            (VarKind::Global { .. }, Some(_)) => self.named_globals += 1,
            (_, _) => {}
        }
        let Some(name) = declaration.name else { return };
        if self.bindings.len() <= name.index() {
            self.bindings.resize(name.index() + 1, 0);
        }
        let binding = &mut self.bindings[name.index()];
        declaration.hides = std::mem::replace(binding, index as u32 + 1);
    }

    /// The active declaration that came last goes out of scope.
    fn unbind(&mut self, index: usize) {
        let declaration = &self.declarations[index];
        match (declaration.kind, declaration.name) {
            (VarKind::Global { .. }, None) => drop(self.all_globals.pop()),
            (VarKind::Global { .. }, Some(_)) => self.named_globals -= 1,
            (_, _) => {}
        }
        if let Some(name) = declaration.name {
            self.bindings[name.index()] = declaration.hides;
        }
    }

    /// Turns the local declared last into a compile-time constant.
    pub(crate) fn make_constant(&mut self, value: Constant) {
        if let Some(last) = self.declarations.last_mut() {
            last.kind = VarKind::CompileTime(value);
        }
        if let Some(local) = self.current().locals.last_mut() {
            local.kind = LocalKind::CompileTime(value);
        }
    }

    /// How many registers the active variables of the current function take.
    fn registers(&self) -> u32 {
        let function = &self.functions[self.top()];
        let active = &self.declarations[function.first..function.first + function.active];
        active
            .iter()
            .rev()
            .find(|d| d.in_register())
            .map_or(0, |d| d.level)
    }

    fn limit(&self, function: usize, limit: u32, what: &str) -> Refusal {
        let place = match self.functions[function].line {
            0 => "main function".to_string(),
            line => format!("function at line {line}"),
        };
        Refusal::Syntax(format!("too many {what} (limit is {limit}) in {place}"))
    }

    // Uses.

    /// Finds what `name` stands for here; captures it as an upvalue where it has to be.
    pub(crate) fn find(&mut self, name: Symbol) -> Result<Found, Refusal> {
        let Some((level, found)) = self.find_bound(name) else {
            return Ok(Found::Global(self.undeclared_rule()));
        };
        match found {
            Found::Constant(_) | Found::Global(_) => Ok(found),
            Found::Local(_) | Found::VarargParam(_) | Found::Upvalue(_) if level == self.top() => Ok(found),
            Found::Local(_) | Found::VarargParam(_) | Found::Upvalue(_) => {
                self.find_upvalue(self.top(), name, level, found)
            }
        }
    }

    /// The innermost active declaration of `name`, or the main function's environment, and the function
    /// that it belongs to.
    fn find_bound(&self, name: Symbol) -> Option<(usize, Found)> {
        let binding = self.bindings.get(name.index()).copied().unwrap_or_default();
        let Some(index) = binding.checked_sub(1) else {
            return (name == self.env).then_some((0, Found::Upvalue(0)));
        };
        let declaration = &self.declarations[index as usize];
        let level = self.functions.iter().rposition(|f| f.first <= index as usize)?;
        let found = match declaration.kind {
            VarKind::CompileTime(value) => Found::Constant(value),
            VarKind::Global { constant } => Found::Global(GlobalRule::Declared { constant }),
            VarKind::VarargTable => Found::VarargParam(declaration.local?),
            VarKind::Regular | VarKind::Const | VarKind::Close => Found::Local(declaration.local?),
        };
        Some((level, found))
    }

    /// What the declarations of globals say of a name that none is for.
    fn undeclared_rule(&self) -> GlobalRule {
        match self.all_globals.last() {
            Some(&constant) => GlobalRule::Declared { constant },
            None if self.named_globals > 0 => GlobalRule::Undeclared,
            None => GlobalRule::Preamble,
        }
    }

    /// The upvalue of the function at `level` for a variable of the function at `owner`, which is around it.
    fn find_upvalue(
        &mut self,
        level: usize,
        name: Symbol,
        owner: usize,
        found: Found,
    ) -> Result<Found, Refusal> {
        let upvalues = &self.functions[level].upvalues;
        if let Some(index) = upvalues.iter().position(|u| u.name == name) {
            return Ok(Found::Upvalue(index as u32));
        }
        let outer = if level - 1 == owner {
            self.capture(owner, found)
        } else {
            self.find_upvalue(level - 1, name, owner, found)?
        };
        match outer {
            Found::Local(id) | Found::VarargParam(id) => {
                let read_only = self.functions[level - 1].locals[id.index()].kind != LocalKind::Regular;
                self.add_upvalue(level, name, UpvalueSource::Local(id), read_only)
            }
            Found::Upvalue(index) => {
                let read_only = self.functions[level - 1].upvalues[index as usize].read_only;
                self.add_upvalue(level, name, UpvalueSource::Upvalue(index), read_only)
            }
            found @ (Found::Constant(_) | Found::Global(_)) => Ok(found),
        }
    }

    /// Notes that an inner function uses a variable of the function at `level`.
    fn capture(&mut self, level: usize, found: Found) -> Found {
        let function = &mut self.functions[level];
        match found {
            Found::Local(id) => function.locals[id.index()].captured = true,
            Found::VarargParam(id) => {
                function.locals[id.index()].captured = true;
                function.needs_vararg_table();
            }
            Found::Upvalue(_) | Found::Constant(_) | Found::Global(_) => {}
        }
        found
    }

    fn add_upvalue(
        &mut self,
        level: usize,
        name: Symbol,
        source: UpvalueSource,
        read_only: bool,
    ) -> Result<Found, Refusal> {
        if self.functions[level].upvalues.len() >= MAX_UPVALUES {
            return Err(self.limit(level, MAX_UPVALUES as u32, "upvalues"));
        }
        let upvalues = &mut self.functions[level].upvalues;
        upvalues.push(Upvalue {
            name,
            source,
            read_only,
        });
        Ok(Found::Upvalue(upvalues.len() as u32 - 1))
    }

    /// The name of a local that may not be assigned; otherwise notes the assignment.
    pub(crate) fn assign_local(&mut self, id: LocalId) -> Option<Symbol> {
        let local = &mut self.current().locals[id.index()];
        if local.kind != LocalKind::Regular {
            return Some(local.name);
        }
        local.assigned = true;
        None
    }

    /// As [`Self::assign_local`], for an upvalue.
    pub(crate) fn assign_upvalue(&mut self, index: u32) -> Option<Symbol> {
        let mut level = self.top();
        let upvalue = &self.functions[level].upvalues[index as usize];
        if upvalue.read_only {
            return Some(upvalue.name);
        }
        let mut source = upvalue.source;
        while level > 0 {
            level -= 1;
            match source {
                UpvalueSource::Local(id) => {
                    self.functions[level].locals[id.index()].assigned = true;
                    break;
                }
                UpvalueSource::Upvalue(outer) => {
                    source = self.functions[level].upvalues[outer as usize].source;
                }
            }
        }
        None
    }

    // Blocks, labels and gotos.

    pub(crate) fn enter_block(&mut self, is_loop: bool) {
        let (first_label, first_goto) = (self.labels.len(), self.gotos.len());
        let closing = self.is_closing();
        let function = self.current();
        let active = function.active;
        function.blocks.push(BlockState {
            active,
            first_label,
            first_goto,
            is_loop,
            closing,
        });
    }

    /// Whether a variable of the function that is in scope is to be closed.
    pub(crate) fn is_closing(&mut self) -> bool {
        self.current().blocks.last().is_some_and(|b| b.closing)
    }

    /// A variable of the innermost block is to be closed.
    pub(crate) fn set_closing(&mut self) {
        if let Some(block) = self.current().blocks.last_mut() {
            block.closing = true;
        }
    }

    /// Leaves the innermost block: its variables go out of scope, and gotos that wait for one of its
    /// labels are resolved.
    pub(crate) fn leave_block(&mut self, text: &dyn Fn(Symbol) -> Vec<u8>) -> Result<(), Refusal> {
        let function = self.current();
        let Some(block) = function.blocks.pop() else {
            return Ok(());
        };
        let outermost = function.blocks.is_empty();
        self.resolve_gotos(&block, text)?;
        self.labels.truncate(block.first_label);
        let function = self.current();
        let end = function.first + function.active;
        function.active = block.active;
        let keep = function.first + block.active;
        for index in (keep..end).rev() {
            self.unbind(index);
        }
        self.declarations.truncate(keep);
        if let Some(goto) = self.gotos.get(block.first_goto)
            && outermost
        {
            let after = format!(" for <goto> at line {}", goto.line);
            return Err(quoted("no visible label ", &text(goto.name), &after));
        }
        Ok(())
    }

    fn resolve_gotos(&mut self, block: &BlockState, text: &dyn Fn(Symbol) -> Vec<u8>) -> Result<(), Refusal> {
        if self.gotos.len() == block.first_goto {
            return Ok(());
        }
        let pending = self.gotos.split_off(block.first_goto);
        for mut goto in pending {
            let labels = &self.labels[block.first_label..];
            match labels.iter().find(|l| l.name == goto.name) {
                Some(label) if goto.active < label.active => {
                    return Err(self.jump_into_scope(&goto, text));
                }
                Some(label) => {
                    let id = label.id;
                    self.current().goto_targets[goto.index] = id;
                }
                None => {
                    goto.active = block.active;
                    self.gotos.push(goto);
                }
            }
        }
        Ok(())
    }

    fn jump_into_scope(&self, goto: &PendingGoto, text: &dyn Fn(Symbol) -> Vec<u8>) -> Refusal {
        let function = &self.functions[self.top()];
        let variable = self.declarations[function.first + goto.active].name;
        let variable = variable.map_or(b"*".to_vec(), text);
        let place = format!("> at line {} jumps into the scope of ", goto.line);
        let before = [b"<goto ", &text(goto.name)[..], place.as_bytes()].concat();
        Refusal::Semantic([&before[..], b"'", &variable, b"'"].concat())
    }

    /// Whether a `break` here is inside a loop.
    pub(crate) fn in_loop(&mut self) -> bool {
        self.current().blocks.iter().any(|b| b.is_loop)
    }

    /// Adds a `goto`. The result indexes `goto_targets`.
    pub(crate) fn add_goto(&mut self, name: Symbol, line: u32) -> Result<usize, Refusal> {
        if self.gotos.len() >= MAX_DECLARATIONS {
            return Err(Refusal::Limit("too many labels/gotos (limit is 32767)"));
        }
        let function = self.current();
        let index = function.goto_targets.len();
        function.goto_targets.push(LabelId(u32::MAX));
        let active = function.active;
        self.gotos.push(PendingGoto {
            name,
            line,
            active,
            index,
        });
        Ok(index)
    }

    /// Refuses a label whose name is visible already.
    pub(crate) fn check_label(&self, name: Symbol, text: &[u8]) -> Result<(), Refusal> {
        let first = self.functions[self.top()].first_label;
        match self.labels[first..].iter().find(|l| l.name == name) {
            Some(label) => {
                let after = format!(" already defined on line {}", label.line);
                Err(quoted("label ", text, &after))
            }
            None => Ok(()),
        }
    }

    /// Adds a label. `last`: only labels and semicolons follow it in its block, so the block's
    /// variables count as out of scope already.
    pub(crate) fn add_label(&mut self, name: Symbol, line: u32, last: bool) -> Result<LabelId, Refusal> {
        if self.labels.len() >= MAX_DECLARATIONS {
            return Err(Refusal::Limit("too many labels/gotos (limit is 32767)"));
        }
        let function = self.current();
        let id = LabelId(function.labels.len() as u32);
        function.labels.push(Label { name, line });
        let block_active = function.blocks.last().map_or(0, |b| b.active);
        let active = if last { block_active } else { function.active };
        self.labels.push(VisibleLabel {
            name,
            line,
            active,
            id,
        });
        Ok(id)
    }

    /// The dialect of the chunk.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }
}

impl FunctionState {
    /// Notes a use of the named vararg parameter that needs a real table.
    pub(crate) fn needs_vararg_table(&mut self) {
        if let Vararg::Named { used_as_value, .. } = &mut self.vararg {
            *used_as_value = true;
        }
    }

    /// Whether `local` is the named vararg parameter.
    pub(crate) fn is_vararg_table(&self, local: LocalId) -> bool {
        matches!(self.vararg, Vararg::Named { local: l, .. } if l == local)
    }
}
