//! What compiled code may rely on: layouts of objects, codes of its answers, and the helpers it calls.
//!
//! Compiled code keeps everything that outlives a call in the Lua stack, and the rules of
//! `exec/compiled` say how. Offsets are in bytes.
#![allow(unsafe_code)]

use crate::object::shape::Rep;
use crate::object::{ArrayKind, Closure, Frame, ProtoObj, Table, Thread, Upval, frame_flags};
use crate::state::State;
use crate::value::{Tag, Value};
use perilune_bytecode::quick::QUICK_OPS;
use std::mem::offset_of;

pub use crate::object::feedback::{ABSENT, MAX_DEPTH, NEVER, Path, Place, STRING, Step, StoreWay, WAYS};

macro_rules! layout {
    ($($(#[$doc:meta])* $vis:vis const $name:ident: $type:ty = $value:expr;)*) => {
        $($(#[$doc])* $vis const $name: $type = $value;)*

        /// All of these numbers.
        pub(super) const ALL: &[i64] = &[$($name as i64),*];
    };
}

/// Where compiled code finds things.
#[allow(missing_docs)]
pub mod layout {
    use super::*;
    use crate::exec::Compiled;
    use crate::heap::{Heap, Roots};

    layout! {
        pub const VALUE: i32 = size_of::<Value>() as i32;
        pub const VALUE_TAG: i32 = offset_of!(Value, tag) as i32;
        pub const FRAME: i32 = size_of::<Frame>() as i32;
        pub const FRAME_BASE: i32 = offset_of!(Frame, base) as i32;
        pub const FRAME_FUNC: i32 = offset_of!(Frame, func) as i32;
        /// The word of a record with its continuation, flags and count of `__call` metamethods, which a tail call
        /// masks with [`KEPT_FLAGS`] and joins with [`TAIL_FLAGS`].
        pub const FRAME_FLAGS: i32 = offset_of!(Frame, tags) as i32;
        pub const KEPT_FLAGS: i32 = i32::from_le_bytes([
            0xff,
            0xff,
            frame_flags::LUA | frame_flags::HOOK | frame_flags::FINALISER,
            0,
        ]);
        pub const TAIL_FLAGS: i32 = i32::from_le_bytes([0, 0, frame_flags::TAIL, 0]);
        pub const FRAME_AUX: i32 = offset_of!(Frame, aux) as i32;
        pub const FRAME_HOOK_PC: i32 = offset_of!(Frame, hook_pc) as i32;
        pub const FRAME_EXTRA: i32 = offset_of!(Frame, nextra) as i32;
        pub const FRAME_PC: i32 = offset_of!(Frame, pc) as i32;
        /// In the word that [`CallMark::word`] makes: where the operand c begins, and where what is not so in an ordinary call.
        pub const MARK_RESULTS: u8 = super::CallMark::RESULTS;
        pub const MARK_RARE: u8 = super::CallMark::RARE;
        pub const CLOSURE_PROTO: i32 = offset_of!(Closure, proto) as i32;
        pub const CLOSURE_UPVALS: i32 = size_of::<Closure>() as i32;
        pub const UPVAL_AT: i32 = offset_of!(Upval, at) as i32;
        pub const PROTO_CODE: i32 = offset_of!(ProtoObj, code) as i32;
        pub const PROTO_CONSTS: i32 = offset_of!(ProtoObj, consts) as i32;
        pub const PROTO_NUMBER: i32 = offset_of!(ProtoObj, number) as i32;
        pub const PROTO_ENTRY: i32 = offset_of!(ProtoObj, entry) as i32;
        pub const OBJECT_BARRIER: i32 = offset_of!(crate::heap::Header, barrier) as i32;
        /// The byte of a string that has the bit [`STRING_SHORT`] if the string is interned.
        pub const STRING_FLAGS: i32 = offset_of!(crate::heap::Header, flags) as i32;
        pub const STRING_SHORT: i32 = 1;
        pub const STRING_LENGTH: i32 = offset_of!(crate::heap::Header, aux) as i32;
        pub const NATIVE_FUNCTION: i32 = offset_of!(crate::object::Native, function) as i32;
        pub const DICT_USED: i32 = offset_of!(crate::object::Dict, nused) as i32;
        pub const DICT_NODES: i32 = size_of::<crate::object::Dict>() as i32;
        pub const NODE: i32 = size_of::<crate::object::Node>() as i32;
        pub const NODE_KEY: i32 = crate::object::Node::KEY as i32;
        pub const NODE_KEY_TAG: i32 = crate::object::Node::KEY_TAG as i32;
        pub const NODE_VALUE: i32 = crate::object::Node::VALUE as i32;
        pub const NODE_VALUE_TAG: i32 = crate::object::Node::VALUE_TAG as i32;
        pub const TABLE_SHAPE: i32 = offset_of!(crate::heap::Header, aux) as i32;
        /// The absent-metamethod cache.
        pub const TABLE_FLAGS: i32 = offset_of!(crate::heap::Header, flags) as i32;
        pub const TABLE_METATABLE: i32 = offset_of!(Table, metatable) as i32;
        pub const TABLE_ARRAY: i32 = offset_of!(Table, array) as i32;
        pub const TABLE_LENGTH: i32 = offset_of!(Table, asize) as i32;
        pub const TABLE_CAPACITY: i32 = offset_of!(Table, acap) as i32;
        pub const TABLE_FIELDS: i32 = offset_of!(Table, fields) as i32;
        pub const TABLE_KIND: i32 = offset_of!(Table, kind) as i32;
        pub const TABLE_ROOM: i32 = offset_of!(Table, room) as i32;
        pub const THREAD_FRAME: i32 = offset_of!(Thread, frame) as i32;
        pub const THREAD_TOP: i32 = offset_of!(Thread, top) as i32;
        /// The metatable of strings.
        pub const STATE_STRING_META: i32 = (offset_of!(State, heap)
            + offset_of!(Heap, roots)
            + offset_of!(Roots, metatables)
            + Heap::STRING_META * size_of::<usize>()) as i32;
        pub const STATE_THREAD: i32 = offset_of!(State, thread) as i32;
        const STATE_COMPILED: usize = offset_of!(State, compiled);
        /// Where compiled code leaves its tag or status for the entry from Rust.
        pub const STATE_STATUS: i32 = (STATE_COMPILED + offset_of!(Compiled, status)) as i32;
        /// The lowest address that the native stack pointer may have on entry of compiled code.
        pub const STATE_STACK_LIMIT: i32 = (STATE_COMPILED + offset_of!(Compiled, stack_limit)) as i32;
        /// Instructions left to the limit.
        pub const STATE_FUEL: i32 = offset_of!(State, fuel) as i32;
        /// Under a stress mode, how many instructions compiled code executes before it leaves.
        pub const STATE_COUNTDOWN: i32 = (STATE_COMPILED + offset_of!(Compiled, countdown)) as i32;
        /// The address of the iterator of `ipairs`.
        pub const STATE_IPAIRS: i32 = (STATE_COMPILED + offset_of!(Compiled, ipairs)) as i32;
        pub(super) const STATE_HELPERS: i32 = (STATE_COMPILED + offset_of!(Compiled, helpers)) as i32;
        pub(super) const STATE_SHARED: i32 = (STATE_COMPILED + offset_of!(Compiled, shared)) as i32;
    }
}

/// Tags of values.
#[allow(missing_docs)]
pub mod tag {
    use super::Tag;
    pub const INT: i32 = Tag::INT.0 as i32;
    pub const FLOAT: i32 = Tag::FLT.0 as i32;
    pub const NIL: i32 = Tag::NIL.0 as i32;
    pub const FALSE: i32 = Tag::FALSE.0 as i32;
    pub const TRUE: i32 = Tag::TRUE.0 as i32;
    pub const STRING: i32 = Tag::STR.0 as i32;
    pub const TABLE: i32 = Tag::TABLE.0 as i32;
    pub const CLOSURE: i32 = Tag::CLOSURE.0 as i32;
    pub const NATIVE: i32 = Tag::NATIVE.0 as i32;
}

/// Kinds of arrays.
#[allow(missing_docs)]
pub mod kind {
    use super::ArrayKind;
    pub const INT: i32 = ArrayKind::Int as i32;
    pub const FLOAT: i32 = ArrayKind::Float as i32;
    pub const GENERIC: i32 = ArrayKind::Generic as i32;
}

/// The representation of a slot that admits any value.
pub const ANY_REP: u8 = Rep::VALUE.0;
/// The shape number of a table that is a dictionary.
pub const DICTIONARY: u32 = crate::object::shape::DICTIONARY;

const _: () = {
    assert!(offset_of!(Frame, tags).is_multiple_of(4));
    assert!(offset_of!(Frame, cont) == offset_of!(Frame, tags) + 1);
    assert!(offset_of!(Frame, flags) == offset_of!(Frame, tags) + 2);
    assert!(offset_of!(Frame, ncall) == offset_of!(Frame, tags) + 3);
};

/// What compiled code returns in place of a value's tag. All are above the tags of values.
pub mod status {
    /// It returned no value.
    pub const NONE: i32 = 0x40;
    /// Its results have been delivered to its caller's registers, and its frame is gone.
    pub const DELIVERED: i32 = 0x41;
    /// The frame of the function goes on in the interpreter, and has not returned yet.
    pub const EXIT: i32 = 0x42;
    /// All native activations up to the loop that entered compiled code are to return this.
    pub const LEAVE: i32 = 0x43;
    /// As [`DELIVERED`], by compiled code: base and frame are in place as after any return of it.
    pub const PLACED: i32 = 0x44;
}

/// What the results of a call are for.
pub mod result {
    use crate::object::cont;
    /// They go to the function's slot and those above it.
    pub const NORMAL: u8 = cont::NORMAL;
    /// One goes to the register that the instruction writes.
    pub const STORE: u8 = cont::STORE;
    /// The truth of one decides the instruction's jump.
    pub const CONDITION: u8 = cont::CONDITION;
}

pub use crate::heap::Event;

/// An event as the argument of a helper.
pub const fn event_code(e: Event) -> i64 {
    e as i64
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])* $variant:ident = $code:literal $name:literal;)*) => {
        /// Why compiled code of a function left to the interpreter. Codes and names are stable: one that is
        /// given up is not given again.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Reason {
            $($(#[doc = $doc])* $variant = $code,)*
        }

        impl Reason {
            /// All of them, in the order of their codes.
            pub const ALL: &[Reason] = &[$(Reason::$variant),*];

            /// The reason with that code.
            pub fn from_code(code: u8) -> Option<Reason> {
                Reason::ALL.iter().copied().find(|r| *r as u8 == code)
            }
            /// Its name in logs.
            pub fn name(self) -> &'static str {
                match self {
                    $(Reason::$variant => $name,)*
                }
            }
            /// What it means, for people.
            pub fn about(self) -> &'static str {
                match self {
                    $(Reason::$variant => concat!($($doc),*).trim_ascii(),)*
                }
            }
        }
    };
}

reasons! {
    /// A value has another type than the code states.
    Type = 1 "type";
    /// A stress mode asked for it.
    Stress = 2 "stress";
    /// The instructions left to the limit are to be counted one by one.
    Limit = 3 "limit";
}

macro_rules! helpers {
    ($($(#[doc = $doc:literal])* $name:ident $function:ident;)*) => {
        /// A function of the runtime that compiled code calls by the C convention.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Helper {
            $($(#[doc = $doc])* $name,)*
        }

        /// How many helpers there are.
        pub const HELPERS: usize = [$(Helper::$name),*].len();

        impl Helper {
            /// Every helper, in the order of their numbers.
            pub const ALL: [Helper; HELPERS] = [$(Helper::$name),*];

            /// What listings call it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Helper::$name => stringify!($function),)*
                }
            }
            /// The address of its function.
            pub(crate) fn address(self) -> usize {
                match self {
                    $(Helper::$name => crate::exec::helpers::$function as *const () as usize,)*
                }
            }
        }
    };
}

helpers! {
    /// `step(state, base, frame, pc | op << 32) -> code`: executes the instruction at `pc`, which had the live
    /// opcode `op` when it was compiled, with all that it calls. 0: go
    /// on behind it; 1: at its jump's target; else the status to return.
    Step step;
    /// `call_native(state, base, frame, pc | op << 32) -> code`: as `step`, of a CALL that has called natives so far.
    CallNative call_native;
    /// `switch(state, base, frame, pc | op << 32) -> code, frame`: as `step`, of an instruction that may pass control to another
    /// coroutine. 2: so it has; the code with which that goes on, in place of this frame's, stands where the state has the
    /// status. The second word is the running frame.
    Switch switch;
    /// `poll(state, base, frame, pc | live << 32) -> code`: what the interrupt word asks for, before the
    /// instruction at `pc`. Only registers below `live` are in use, unless that is 0. 0: go on; else the
    /// status to return.
    Poll poll;
    /// `exit(state, base, frame, pc | reason << 32)`: the frame goes on at `pc` in the interpreter.
    Exit exit;
    /// `enter_slowly(state, base, frame, nargs) -> status`: a call of compiled code that could not begin: calls
    /// the function below `base` with `nargs` values for the caller's frame, until it has returned.
    EnterSlowly enter_slowly;
    /// `push(state, base, frame, nargs) -> code`: pushes the frame of a function with varargs. 0: it is the
    /// running frame; else the status to return.
    Push push;
    /// `finish(state, callee) -> status`: compiled code that was called has left to the interpreter: runs it
    /// there until it has returned to the frame above `callee`.
    Finish finish;
    /// `give_back(state, base, frame, pc) -> status`: executes a RETURN.
    GiveBack give_back;
    /// `tail(state, base, frame, pc) -> code`: executes a TAILCALL. 1: the address of the code that the frame
    /// goes on with stands where the state has the status; 0: there stands the status to return.
    Tail tail;
    /// `make_table(state, base, instruction, pc) -> code`: tries to execute a NEWTABLE without a look at frames; so
    /// do those that follow. 0: not done; 1: go on behind it; 2: at its jump's target.
    MakeTable make_table;
    /// A SETLIST.
    FillTable fill_table;
    /// A GETINDEX.
    GetKey get_key;
    /// A SETINDEX.
    SetKey set_key;
    /// A GETINDEX_INT, GETINDEX_FLOAT or GETINDEX_GENERIC.
    GetElement get_element;
    /// A GETINDEX_ANY.
    GetItem get_item;
    /// A SETINDEX_ANY.
    SetItem set_item;
    /// A GETFIELD_SLOT or GETTABUP_SLOT.
    GetSlot get_slot;
    /// A SETFIELD_SLOT, SETFIELDK_SLOT or SETTABUP_SLOT.
    SetSlot set_slot;
    /// A SETFIELD_SITE or SETFIELDK_SITE.
    SetSite set_site;
    /// A GETFIELD of code that was made ahead, a GETFIELD_POLY or a GETFIELD_CLASS.
    GetCached get_cached;
    /// A SELF of code that was made ahead, or a SELF_CLASS.
    GetCachedMethod get_cached_method;
    /// A SETFIELD, SETFIELDK or SETTABUP of code that was made ahead.
    SetCached set_cached;
    /// A TFORCALL of code that was made ahead.
    Iterate iterate;
    /// A GETFIELD_ANY.
    GetField get_field;
    /// A GETTABUP.
    GetShared get_shared;
    /// A CLOSURE.
    MakeClosure make_closure;
    /// A CONCAT.
    Concatenate concatenate;
    /// A CLOSE.
    CloseVariables close_variables;
    /// A TBC.
    MarkVariable mark_variable;
    /// A SELF_ANY.
    GetMethod get_method;
    /// A TFORCALL_NEXT.
    NextEntry next_entry;
    /// A TFORCALL_IPAIRS.
    NextItem next_item;
    /// A GETINT.
    GetNumber get_number;
    /// A SETINT.
    SetNumber set_number;
    /// A LEN.
    Length length;
    /// An EQ.
    Equal equal;
    /// `operate(state, slot, event) -> function`: the operator `event` for the two arguments above the slot. 1: its result
    /// stands in the slot; 0: the runtime is to execute it; else the metamethod, a Lua function, stands in the slot, and
    /// this is what it runs.
    Operate operate;
    /// The same of a read of a field, for the object and key above the slot.
    FindIndex find_index;
    /// `find_new_index(state, slot) -> function`: the metamethod of a store into a field, for the object, key and value
    /// above the slot, if it is a Lua function: puts it into the slot. What it runs, else 0.
    FindNewIndex find_new_index;
    /// `find_callee(state, slot, n) -> function`: the same of a call of what is in the slot with `n - 1` arguments, which
    /// move up together with it.
    FindCallee find_callee;
    /// `jumped(state, base, frame, pc) -> code`: where the comparison `pc`, which has called, has led: 1 or 2.
    Jumped jumped;
}

impl Helper {
    /// Where its address stands, relative to the state.
    pub const fn offset(self) -> i32 {
        layout::STATE_HELPERS + self as i32 * size_of::<usize>() as i32
    }
}

macro_rules! shared {
    ($($(#[doc = $doc:literal])* $name:ident $text:literal;)*) => {
        /// Machine code that all compiled functions share: each piece is called, or gone to, by its address.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Shared {
            $($(#[doc = $doc])* $name,)*
        }

        /// How many pieces of shared code there are.
        pub const SHARED: usize = [$(Shared::$name),*].len();

        impl Shared {
            /// Every piece, in the order of their numbers.
            pub const ALL: [Shared; SHARED] = [$(Shared::$name),*];

            /// What listings call it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Shared::$name => $text,)*
                }
            }
        }
    };
}

shared! {
    /// Calls [`Helper::Step`].
    Step "step";
    /// Calls [`Helper::CallNative`].
    CallNative "call_native";
    /// Calls [`Helper::Switch`].
    Switch "switch";
    /// Calls [`Helper::Poll`].
    Poll "poll";
    /// Calls [`Helper::Exit`] and returns its status.
    Exit "exit";
    /// Calls [`Helper::EnterSlowly`] and returns its status.
    EnterSlowly "enter_slowly";
    /// After a call that has not returned one value: a callee that has left to the interpreter is finished there
    /// by [`Helper::Finish`].
    AfterCall "after_call";
    /// Gives the values of a RETURN to a caller that is compiled code: TAG says whether that was done, and
    /// [`status::PLACED`] is to be returned, or is 0.
    Deliver "deliver";
}

impl Shared {
    /// Where its address stands, relative to the state.
    pub const fn offset(self) -> i32 {
        layout::STATE_SHARED + self as i32 * size_of::<usize>() as i32
    }
}

/// The saved pc of a frame that is in a CALL of compiled code, from which the callee's record can be made:
/// the number of the instruction after the CALL, and its operands a and c. A call of a metamethod leaves one too, as of a
/// CALL above the registers. The pc of an interpreted frame is even.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallMark {
    /// The number of the instruction after the CALL.
    pub next: u32,
    /// The CALL's operand a.
    pub a: u8,
    /// The CALL's operand c.
    pub c: u8,
    /// The callee has been replaced by a tail call.
    pub tail: bool,
    /// What the callee's results are for: a code of [`result`].
    pub how: u8,
    /// What was called is an object, whose `__call` the callee is.
    pub object: bool,
}

impl CallMark {
    /// Of an ordinary call in window `a`, without results.
    pub const fn new(next: u32, a: u8) -> CallMark {
        CallMark {
            next,
            a,
            c: 1,
            tail: false,
            how: result::NORMAL,
            object: false,
        }
    }
    /// As the word that is saved.
    pub const fn word(self) -> u64 {
        let rare = (self.object as u64) << 8 | self.how as u64;
        let call = (self.next as u64) << 18 | (self.c as u64) << Self::RESULTS | (self.a as u64) << 2;
        rare << Self::RARE | call | (self.tail as u64) << 1 | 1
    }
    /// Where the operand c begins in the word.
    const RESULTS: u8 = 10;
    /// Where the rest begins, which is 0 for an ordinary call.
    const RARE: u8 = 50;
    /// The bit of the word that says whether the callee has been replaced by a tail call.
    pub const TAIL: i32 = 2;
    /// What a saved word says; None for the pc of an interpreted frame.
    #[inline(always)]
    pub const fn of(word: u64) -> Option<CallMark> {
        if word & 1 == 0 {
            return None;
        }
        Some(CallMark {
            next: (word >> 18) as u32,
            a: (word >> 2) as u8,
            c: (word >> Self::RESULTS) as u8,
            tail: word & CallMark::TAIL as u64 != 0,
            how: (word >> Self::RARE) as u8,
            object: word >> (Self::RARE + 8) != 0,
        })
    }
}

/// A hash of everything that compiled code relies on: another number means that code which was made ahead is for
/// another runtime.
pub const FINGERPRINT: u64 = {
    let mut hash = Fnv::new().text(env!("CARGO_PKG_VERSION"));
    let mut n = 0;
    while n < layout::ALL.len() {
        hash = hash.number(layout::ALL[n]);
        n += 1;
    }
    n = 0;
    while n < HELPERS {
        hash = hash.text(Helper::ALL[n].name());
        n += 1;
    }
    n = 0;
    while n < SHARED {
        hash = hash.text(Shared::ALL[n].name());
        n += 1;
    }
    n = 0;
    while n < CODES.len() {
        hash = hash.number(CODES[n] as i64);
        n += 1;
    }
    n = 0;
    while n < QUICK_OPS.len() {
        hash = hash.text(QUICK_OPS[n].name);
        n += 1;
    }
    hash.number(perilune_bytecode::file::FINGERPRINT as i64).0
};

/// Numbers of other lists that stand in code.
const CODES: &[i32] = &[
    tag::INT,
    tag::FLOAT,
    tag::NIL,
    tag::FALSE,
    tag::TRUE,
    tag::STRING,
    tag::TABLE,
    tag::CLOSURE,
    tag::NATIVE,
    kind::INT,
    kind::FLOAT,
    kind::GENERIC,
    status::NONE,
    status::DELIVERED,
    status::EXIT,
    status::LEAVE,
    status::PLACED,
    ANY_REP as i32,
    DICTIONARY as i32,
];

/// FNV-1a, a hash of 64 bits (Fowler, Noll and Vo).
struct Fnv(u64);

impl Fnv {
    const fn new() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
    const fn byte(self, byte: u8) -> Fnv {
        Fnv((self.0 ^ byte as u64).wrapping_mul(0x0100_0000_01b3))
    }
    const fn bytes(self, bytes: &[u8]) -> Fnv {
        let (mut hash, mut n) = (self, 0);
        while n < bytes.len() {
            hash = hash.byte(bytes[n]);
            n += 1;
        }
        hash
    }
    const fn text(self, text: &str) -> Fnv {
        self.bytes(text.as_bytes()).byte(0)
    }
    const fn number(self, number: i64) -> Fnv {
        self.bytes(&number.to_le_bytes())
    }
}
