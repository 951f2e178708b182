//! A compiled function as plain data: what the compiler makes, files hold, the verifier checks and
//! a state instantiates.

use crate::lines::Lines;
use crate::ops::Instr;
use crate::text::{TextId, Texts};
use std::sync::Arc;

/// A compiled function. Two are equal if they are the same function, whatever the numbers of their
/// texts.
#[derive(Clone, Debug, Default)]
pub struct Proto {
    /// The texts that it names, those of the whole chunk as a rule.
    pub texts: Arc<Texts>,
    /// The source name as given to `load`: `@file`, `=text` or the source itself; None when stripped.
    pub source: Option<TextId>,
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
    pub lines: Lines,
    /// Local variables with their live ranges, in order of `start_pc`; empty when stripped.
    pub locals: Vec<LocalVar>,
}

impl Proto {
    /// Names the source of this function and of those in it. What others share keeps its name.
    pub fn set_source(&mut self, name: &[u8]) {
        if self.source() == Some(name) {
            return;
        }
        let mut texts = Texts::clone(&self.texts);
        let source = texts.push(name);
        let texts = Arc::new(texts);
        self.each_own(&mut |p| (p.texts, p.source) = (texts.clone(), Some(source)));
    }

    /// Visits this function, and those in it that it does not share.
    pub(crate) fn each_own(&mut self, visit: &mut dyn FnMut(&mut Proto)) {
        visit(self);
        for child in self.protos.iter_mut().filter_map(Arc::get_mut) {
            child.each_own(visit);
        }
    }

    /// The bytes of a text that it names.
    #[inline]
    pub fn text(&self, id: TextId) -> &[u8] {
        self.texts.get(id)
    }

    /// The bytes of a text that it may name.
    pub fn optional_text(&self, id: Option<TextId>) -> Option<&[u8]> {
        id.map(|id| self.text(id))
    }

    /// The source name; None when stripped.
    pub fn source(&self) -> Option<&[u8]> {
        self.optional_text(self.source)
    }
}

impl PartialEq for Proto {
    fn eq(&self, other: &Proto) -> bool {
        let numbers = |p: &Proto| {
            let lines = (p.line_defined, p.last_line_defined);
            (lines, p.num_params, p.is_vararg, p.vararg_table, p.max_stack)
        };
        numbers(self) == numbers(other)
            && self.source() == other.source()
            && self.code == other.code
            && self.lines == other.lines
            && pairwise(&self.consts, &other.consts, |a, b| {
                same_const((self, a), (other, b))
            })
            && pairwise(&self.upvalues, &other.upvalues, |a, b| {
                self.optional_text(a.name) == other.optional_text(b.name)
                    && UpvalueDesc { name: b.name, ..*a } == *b
            })
            && pairwise(&self.locals, &other.locals, |a, b| {
                self.text(a.name) == other.text(b.name) && LocalVar { name: b.name, ..*a } == *b
            })
            && self.protos == other.protos
    }
}

fn pairwise<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn same_const((p, a): (&Proto, &Const), (q, b): (&Proto, &Const)) -> bool {
    match (a, b) {
        (Const::Str(a), Const::Str(b)) => p.text(*a) == q.text(*b),
        (Const::Str(_), _) | (_, Const::Str(_)) => false,
        (a, b) => a == b,
    }
}

/// A constant. Which text a string is, only the function knows.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Const {
    Nil,
    False,
    True,
    Int(i64),
    Float(f64),
    Str(TextId),
}

/// Where a closure finds an upvalue when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpvalueDesc {
    /// Its name; None when stripped.
    pub name: Option<TextId>,
    /// True: register `index` of the enclosing frame; false: its upvalue `index`.
    pub in_stack: bool,
    /// Which.
    pub index: u8,
    /// It cannot be assigned.
    pub read_only: bool,
}

/// Debug information of a local variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalVar {
    /// Its name; `(for state)` and the like for hidden ones.
    pub name: TextId,
    /// First instruction where it is live.
    pub start_pc: u32,
    /// First instruction where it is dead.
    pub end_pc: u32,
    /// Its register.
    pub reg: u8,
}

/// The functions of a chunk in their order: each is followed by those nested in it.
pub fn functions(main: &Arc<Proto>) -> impl Iterator<Item = &Arc<Proto>> {
    let mut rest = vec![main];
    std::iter::from_fn(move || {
        let f = rest.pop()?;
        rest.extend(f.protos.iter().rev());
        Some(f)
    })
}
