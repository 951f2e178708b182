//! A compiled function as plain data: what the compiler makes, files hold, the verifier checks and
//! a state instantiates.

use crate::ops::Instr;
use std::sync::Arc;

/// A compiled function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proto {
    /// The source name as given to `load`: `@file`, `=text` or the source itself; None when stripped.
    pub source: Option<Arc<[u8]>>,
    /// Line of `function`, 0 for a main function.
    pub line_defined: u32,
    /// Line of `end`, 0 for a main function.
    pub last_line_defined: u32,
    /// Fixed parameters.
    pub num_params: u8,
    /// Whether it takes varargs; its first instruction is then `VARARGPREP`.
    pub is_vararg: bool,
    /// Whether the vararg parameter has a table (`...name` used as a value): register `num_params`.
    pub vararg_table: bool,
    /// Registers it needs, at least 2.
    pub max_stack: u8,
    /// The instructions.
    pub code: Vec<Instr>,
    /// The constants; no two are identical.
    pub consts: Vec<Const>,
    /// The nested functions.
    pub protos: Vec<Arc<Proto>>,
    /// The upvalues it takes.
    pub upvalues: Vec<UpvalueDesc>,
    /// Line of each instruction; empty when stripped.
    pub lines: Vec<u32>,
    /// Local variables with their live ranges, in order of `start_pc`; empty when stripped.
    pub locals: Vec<LocalVar>,
}

impl Proto {
    /// Names the source of this function and of those in it. What others share keeps its name.
    pub fn set_source(&mut self, name: &Arc<[u8]>) {
        self.source = Some(name.clone());
        for child in self.protos.iter_mut().filter_map(Arc::get_mut) {
            child.set_source(name);
        }
    }
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Const {
    Nil,
    False,
    True,
    Int(i64),
    Float(f64),
    Str(Arc<[u8]>),
}

/// Where a closure finds an upvalue when it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpvalueDesc {
    /// Its name; None when stripped.
    pub name: Option<Arc<[u8]>>,
    /// True: register `index` of the enclosing frame; false: its upvalue `index`.
    pub in_stack: bool,
    /// Which.
    pub index: u8,
    /// It cannot be assigned.
    pub read_only: bool,
}

/// Debug information of a local variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalVar {
    /// Its name; `(for state)` and the like for hidden ones.
    pub name: Arc<[u8]>,
    /// First instruction where it is live.
    pub start_pc: u32,
    /// First instruction where it is dead.
    pub end_pc: u32,
    /// Its register.
    pub reg: u8,
}
