//! How execution is cut short: Lua errors and stops; and the texts of the errors that several places
//! raise.

/// Why a Rust function of the runtime returns early. The error value itself is a root of the heap
/// (see `State::take_error`). Never swallow one: it may be a [`Throw::Stop`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Throw {
    /// A Lua error; `pcall` catches it.
    Error,
    /// A limit struck or the host said stop; nothing in Lua catches it.
    Stop,
}

/// What stopped a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopReason {
    /// Ctrl-C, or the host asked for it.
    Interrupted,
    /// The time limit.
    Timeout,
    /// The instruction limit.
    Instructions,
    /// The memory cap.
    Memory,
}

impl StopReason {
    /// The message shown to a person.
    pub fn message(self) -> &'static str {
        match self {
            StopReason::Interrupted => "interrupted!",
            StopReason::Timeout => "time limit exceeded",
            StopReason::Instructions => "instruction limit exceeded",
            StopReason::Memory => "memory limit exceeded",
        }
    }
}

/// Error texts used in more than one place.
pub mod text {
    #![allow(missing_docs)]
    pub const NO_MEMORY: &str = "not enough memory";
    pub const STACK_OVERFLOW: &str = "stack overflow";
    pub const C_STACK_OVERFLOW: &str = "C stack overflow";
    pub const ERROR_IN_HANDLER: &str = "error in error handling";
    pub const NO_INTEGER: &str = "number has no integer representation";
    pub const DIVIDE_BY_ZERO: &str = "attempt to divide by zero";
    pub const MODULO_BY_ZERO: &str = "attempt to perform 'n%0'";
    pub const YIELD_OUTSIDE: &str = "attempt to yield from outside a coroutine";
    pub const YIELD_ACROSS: &str = "attempt to yield across a C-call boundary";
    pub const INDEX_NIL: &str = "table index is nil";
    pub const INDEX_NAN: &str = "table index is NaN";
    pub const TABLE_OVERFLOW: &str = "table overflow";
    pub const INDEX_CHAIN: &str = "'__index' chain too long; possible loop";
    pub const NEWINDEX_CHAIN: &str = "'__newindex' chain too long; possible loop";
    pub const STRING_TOO_LONG: &str = "string length overflow";
}
