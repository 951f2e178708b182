//! Bytecode from anywhere -> bytecode that an engine may run without checking it again.
//!
//! What a [`VerifiedProto`] promises of every function in it:
//!
//! 1. Every opcode is known, unused operands are 0, flags are 0 or 1.
//! 2. Every register, window of registers, constant, upvalue and nested function that an
//!    instruction names exists, and constants are of the kind it wants. Every text that is named exists.
//! 3. Jumps land on instructions, and control cannot run off the end of the code.
//! 4. `VARARGPREP` is the first instruction of exactly the vararg functions, and runs once;
//!    `VARARG` and `GETVARG` occur in those only.
//! 5. An instruction with an open number of results is followed at once by the one that takes them,
//!    and that one cannot be reached in any other way.
//! 6. The instructions of a loop belong together.
//! 7. Where a return says that nothing is to be closed, nothing is; a call's window and a loop's
//!    registers are never open upvalues; to-be-closed variables are marked in stack order.
//! 8. An upvalue that a nested function takes exists in the function around it.
//! 9. Debug information, where there is any, fits the code.

mod code;
#[cfg(test)]
mod hostile;
mod open;
mod operands;
#[cfg(test)]
mod tests;

use crate::proto::{Const, Proto};
use crate::text::TextId;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

/// Deepest nesting of functions.
pub const MAX_DEPTH: usize = 200;
/// Most instructions, constants or nested functions of one function.
const MAX_ITEMS: usize = i32::MAX as usize / 2;
/// Most upvalues of a function.
const MAX_UPVALUES: usize = 255;

/// A function, and those nested in it, that was verified.
#[derive(Clone, Debug)]
pub struct VerifiedProto(Arc<Proto>);

impl VerifiedProto {
    /// The function.
    pub fn proto(&self) -> &Arc<Proto> {
        &self.0
    }
    /// The function.
    pub fn into_inner(self) -> Arc<Proto> {
        self.0
    }
}

/// Why bytecode was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// Line on which the function is defined, 0 for a main function.
    pub function: u32,
    /// The instruction, where it is about one.
    pub pc: Option<usize>,
    /// The rule that is broken.
    pub message: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.function {
            0 => f.write_str("main function")?,
            line => write!(f, "function at line {line}")?,
        }
        if let Some(pc) = self.pc {
            write!(f, ", instruction {pc}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for VerifyError {}

/// The outcome of a check: a broken rule, and the instruction that breaks it.
type Check<T = ()> = Result<T, (Option<usize>, String)>;

/// A broken rule of the whole function.
fn broken<T>(message: impl Into<String>) -> Check<T> {
    Err((None, message.into()))
}

/// Checks a function and all functions nested in it.
///
/// # Errors
/// When one of the promises of a [`VerifiedProto`] does not hold.
pub fn verify(proto: Arc<Proto>) -> Result<VerifiedProto, VerifyError> {
    verify_tree(&proto)?;
    Ok(VerifiedProto(proto))
}

/// Walks the functions without recursion. One that is shared by several is checked once by itself,
/// and once for each function around it.
fn verify_tree(root: &Proto) -> Result<(), VerifyError> {
    let mut verifier = Verifier::default();
    let mut checked: HashSet<*const Proto> = HashSet::new();
    let mut edges: HashMap<(*const Proto, *const Proto), usize> = HashMap::new();
    let mut work = vec![(root, 1, false)];
    while let Some((proto, depth, shared)) = work.pop() {
        if depth > MAX_DEPTH {
            let message = format!("functions nest deeper than {MAX_DEPTH}");
            return Err(failed(proto, (None, message)));
        }
        if !shared || checked.insert(proto) {
            verifier.function(proto).map_err(|e| failed(proto, e))?;
        }
        for child in &proto.protos {
            // Nobody else can come to know a function meanwhile that only this one knows.
            let shared = Arc::strong_count(child) > 1;
            if shared {
                let seen = edges.entry((proto, &**child)).or_insert(0);
                if *seen > depth {
                    continue;
                }
                *seen = depth + 1;
            }
            captures(proto, child).map_err(|e| failed(child, e))?;
            work.push((child, depth + 1, shared));
        }
    }
    Ok(())
}

#[cold]
fn failed(function: &Proto, (pc, message): (Option<usize>, String)) -> VerifyError {
    VerifyError {
        function: function.line_defined,
        pc,
        message,
    }
}

/// Whether a function captures registers of the one around it.
fn captures_registers(function: &Proto) -> bool {
    function.upvalues.iter().any(|u| u.in_stack)
}

/// Rule 8.
fn captures(outer: &Proto, inner: &Proto) -> Check {
    for (n, up) in inner.upvalues.iter().enumerate() {
        let (limit, what) = match up.in_stack {
            true => (usize::from(outer.max_stack), "register"),
            false => (outer.upvalues.len(), "upvalue"),
        };
        if usize::from(up.index) >= limit {
            let index = up.index;
            return broken(format!(
                "upvalue {n} is {what} {index} of a function that has {limit}"
            ));
        }
    }
    Ok(())
}

/// What one function after the other needs for its check.
#[derive(Default)]
struct Verifier {
    notes: code::Notes,
    flow: open::Flow,
}

impl Verifier {
    fn function(&mut self, proto: &Proto) -> Check {
        header(proto)?;
        texts(proto)?;
        debug_info(proto)?;
        code::check(proto, &mut self.notes)?;
        open::check(proto, &self.notes, &mut self.flow)
    }
}

fn header(p: &Proto) -> Check {
    if p.code.is_empty() {
        return broken("there is no code");
    }
    if p.code.len().max(p.consts.len()).max(p.protos.len()) > MAX_ITEMS {
        return broken(format!(
            "more than {MAX_ITEMS} instructions, constants or functions"
        ));
    }
    if p.upvalues.len() > MAX_UPVALUES {
        return broken(format!("more than {MAX_UPVALUES} upvalues"));
    }
    if p.max_stack < 2 {
        return broken(format!("stack size {} is less than 2", p.max_stack));
    }
    if p.max_stack <= p.num_params {
        return broken(format!(
            "stack size {} is too small for {} parameters",
            p.max_stack, p.num_params
        ));
    }
    if p.vararg_table && !p.is_vararg {
        return broken("there is a vararg table but no varargs");
    }
    Ok(())
}

/// Rule 2, for texts.
fn texts(p: &Proto) -> Check {
    let exists = |id: TextId| id.index() < p.texts.len();
    if p.source.is_some_and(|id| !exists(id)) {
        return broken("the text that is its source name does not exist");
    }
    let missing = |k: &Const| matches!(k, Const::Str(id) if !exists(*id));
    if let Some(n) = p.consts.iter().position(missing) {
        return broken(format!("the text that is constant {n} does not exist"));
    }
    if let Some(n) = p
        .upvalues
        .iter()
        .position(|u| u.name.is_some_and(|id| !exists(id)))
    {
        return broken(format!("the text that is the name of upvalue {n} does not exist"));
    }
    if let Some(n) = p.locals.iter().position(|v| !exists(v.name)) {
        return broken(format!(
            "the text that is the name of local variable {n} does not exist"
        ));
    }
    Ok(())
}

/// Rule 9.
fn debug_info(p: &Proto) -> Check {
    if !p.lines.is_empty() && p.lines.len() != p.code.len() {
        return broken(format!(
            "{} lines for {} instructions",
            p.lines.len(),
            p.code.len()
        ));
    }
    let mut next = 0;
    for (n, mark) in p.lines.marks.iter().enumerate() {
        if mark.pc < next || mark.pc as usize >= p.lines.len() {
            return broken(format!(
                "line mark {n} is not behind the one before and inside the code"
            ));
        }
        next = mark.pc + 1;
    }
    let mut last_start = 0;
    for (n, var) in p.locals.iter().enumerate() {
        if var.start_pc > var.end_pc || var.end_pc as usize > p.code.len() {
            return broken(format!("range of local variable {n} is not inside the code"));
        }
        if var.start_pc < last_start {
            return broken(format!("local variable {n} is out of order"));
        }
        if var.reg >= p.max_stack {
            return broken(format!(
                "local variable {n} is in register {}, which does not exist",
                var.reg
            ));
        }
        last_start = var.start_pc;
    }
    Ok(())
}
