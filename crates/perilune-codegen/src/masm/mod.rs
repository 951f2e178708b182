//! The macro assembler: operations that every target has -> machine code in a buffer.
//!
//! A template of the baseline compiler is written once, against [`Masm`]; what an operation becomes on
//! a target is the business of its file. Operations are those that templates need, not those of a
//! processor: where a target lacks one (an operand in memory, a wide immediate) it makes it from
//! several instructions with a scratch register of its own, which is none of those named here.
//!
//! Registers have roles. Four are pinned while compiled code runs: [`Masm::BASE`] (the frame's first
//! register), [`Masm::FRAME`] (its record), [`Masm::STATE`] and [`Masm::WORD`] (the interrupt word);
//! calls preserve them by the convention of the runtime. [`Masm::TEMPS`] are free between calls, and
//! calls destroy them.

pub mod a64;
mod buffer;
pub mod x64;

/// A general register of the target, by its number there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Reg(pub u8);

/// A floating-point register of the target, by its number there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct FReg(pub u8);

/// A place in the code, perhaps not known yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Label(pub u32);

/// How many bits an operation looks at. Loads of less than 64 bits extend with zeros; so do
/// arithmetic operations of 32 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Width {
    W8,
    W32,
    W64,
}

/// A comparison of integers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Cond {
    Eq,
    Ne,
    /// Signed.
    Lt,
    Le,
    Gt,
    Ge,
    /// Unsigned.
    Below,
    BelowEq,
    Above,
    AboveEq,
}

/// A comparison of floats. The `Not` ones are also true when an operand is NaN, the others never.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum FCond {
    Eq,
    Lt,
    Le,
    NotEq,
    NotLt,
    NotLe,
}

/// An operation on two integers; all of them wrap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Alu {
    Add,
    Sub,
    And,
    Or,
    Xor,
    Mul,
}

/// A shift.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Shift {
    Left,
    /// Zeros come in.
    Right,
    /// Copies of the sign come in.
    Arith,
}

/// An operation on two floats (never fused with another).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Falu {
    Add,
    Sub,
    Mul,
    Div,
}

/// What a float becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Funary {
    Neg,
    Abs,
    Sqrt,
    /// Rounded towards minus infinity.
    Floor,
}

/// Assembled code. Pool entries of 8 bytes each follow it, filled in by whoever installs it.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// The instructions, padded to 16 bytes.
    pub bytes: Vec<u8>,
    /// Where each label is, by its number: an offset in `bytes`, or `u32::MAX` if it was never placed.
    pub labels: Vec<u32>,
    /// Calls of other code: offsets of the fields that are to point there, and its numbers.
    pub far: Vec<(u32, u32)>,
}

/// What code may use beyond what every processor of its architecture has; without it, it does the same otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Isa {
    /// x86-64: shifts from one register to another.
    pub bmi2: bool,
    /// x86-64: operations on floats that leave their operands alone.
    pub avx: bool,
}

/// A target's assembler.
///
/// Destinations may be the same register as an operand, in all operations. Offsets are in bytes and
/// may have any value of their type. Immediates of 32 bits are sign-extended to the width.
// `from_int` and `from_bits` are named for the instruction, whose destination is no `Self`.
#[allow(clippy::wrong_self_convention)]
pub trait Masm: Sized {
    /// The frame's first register; preserved by calls of helpers.
    const BASE: Reg;
    /// The frame's record; preserved by calls of helpers.
    const FRAME: Reg;
    /// The state; preserved by calls of helpers.
    const STATE: Reg;
    /// The interrupt word; preserved by calls of helpers.
    const WORD: Reg;
    /// The payload that compiled code returns; a temporary.
    const RET: Reg;
    /// The tag or status that compiled code returns; a temporary.
    const TAG: Reg;
    /// How many arguments a call of compiled code has; a temporary.
    const NARGS: Reg;
    /// The count of a variable shift; a temporary.
    const COUNT: Reg;
    /// The first arguments of a helper; temporaries.
    const ARGS: [Reg; 5];
    /// What may be used between calls; at least 8, [`Masm::RET`] and [`Masm::TAG`] among them.
    const TEMPS: &'static [Reg];
    /// As [`Masm::TEMPS`], for floats; at least 8.
    const FTEMPS: &'static [FReg];

    /// An empty buffer.
    fn new() -> Self;
    /// From here on, the code may use this.
    fn allow(&mut self, _isa: Isa) {}
    /// How many bytes have been assembled.
    fn offset(&self) -> u32;
    /// A label that is not placed yet.
    fn label(&mut self) -> Label;
    /// Places a label here.
    fn bind(&mut self, l: Label);
    /// Fills in the distances to labels and pool entries.
    ///
    /// # Panics
    /// If a label that is used was never placed, or lies too far away.
    fn finish(self) -> Code;

    /// d = s
    fn mov(&mut self, d: Reg, s: Reg);
    /// d = i
    fn imm(&mut self, d: Reg, i: i64);
    /// d = pool entry `entry`
    fn pool(&mut self, d: Reg, entry: u32);
    /// d = base + off
    fn lea(&mut self, d: Reg, base: Reg, off: i32);
    /// d = `[base + off]`
    fn load(&mut self, w: Width, d: Reg, base: Reg, off: i32);
    /// `[base + off]` = s
    fn store(&mut self, w: Width, s: Reg, base: Reg, off: i32);
    /// `[base + off]` = i
    fn store_imm(&mut self, w: Width, i: i32, base: Reg, off: i32);
    /// d = `[base + (index << scale) + off]`; scale is 0 to 3
    fn load_index(&mut self, w: Width, d: Reg, base: Reg, index: Reg, scale: u8, off: i32);
    /// `[base + (index << scale) + off]` = s
    fn store_index(&mut self, w: Width, s: Reg, base: Reg, index: Reg, scale: u8, off: i32);

    /// d = a op b, of 32 or 64 bits
    fn alu(&mut self, op: Alu, w: Width, d: Reg, a: Reg, b: Reg);
    /// d = a op i
    fn alu_imm(&mut self, op: Alu, w: Width, d: Reg, a: Reg, i: i32);
    /// d = d op `[base + off]`; of 8 bits only for `Or`, and then the upper bits of d stay as they are
    fn alu_load(&mut self, op: Alu, w: Width, d: Reg, base: Reg, off: i32);
    /// `[base + off]` = `[base + off]` op i; of 32 or 64 bits
    fn alu_store_imm(&mut self, op: Alu, w: Width, i: i32, base: Reg, off: i32);
    /// d = a shifted by n (below the width), of 32 or 64 bits
    fn shift_imm(&mut self, op: Shift, w: Width, d: Reg, a: Reg, n: u8);
    /// d = a shifted by what [`Masm::COUNT`] holds (below the width); neither d nor a is that register
    fn shift(&mut self, op: Shift, w: Width, d: Reg, a: Reg);
    /// d = -a, of 64 bits
    fn neg(&mut self, d: Reg, a: Reg);
    /// d = ~a, of 64 bits
    fn not(&mut self, d: Reg, a: Reg);
    /// [`Masm::RET`] = [`Masm::RET`] / b, [`Masm::TAG`] = the remainder: signed, of 64 bits, rounded towards
    /// zero. b is neither of the two, not 0, and not -1 when RET holds the smallest integer.
    fn divide(&mut self, b: Reg);

    /// Goes to `l`.
    fn jump(&mut self, l: Label);
    /// Goes to `l` if `a cond b`.
    fn branch(&mut self, c: Cond, w: Width, a: Reg, b: Reg, l: Label);
    /// Goes to `l` if `a cond i`.
    fn branch_imm(&mut self, c: Cond, w: Width, a: Reg, i: i32, l: Label);
    /// Goes to `l` if `a cond [base + off]`.
    fn branch_load(&mut self, c: Cond, w: Width, a: Reg, base: Reg, off: i32, l: Label);
    /// Goes to `l` if `[base + off] cond i`; comparisons of 8 bits are unsigned ones.
    fn branch_load_imm(&mut self, c: Cond, w: Width, base: Reg, off: i32, i: i32, l: Label);
    /// Goes to `l` if `a & i` is zero (`Eq`) or not (`Ne`).
    fn branch_bits(&mut self, c: Cond, w: Width, a: Reg, i: i32, l: Label);
    /// Goes to `l` if the native stack pointer is below `[base + off]`.
    fn branch_stack_below(&mut self, base: Reg, off: i32, l: Label);

    /// d = s
    fn fmov(&mut self, d: FReg, s: FReg);
    /// d = i, exactly these bits
    fn fimm(&mut self, d: FReg, i: f64);
    /// d = `[base + off]`
    fn fload(&mut self, d: FReg, base: Reg, off: i32);
    /// `[base + off]` = s
    fn fstore(&mut self, s: FReg, base: Reg, off: i32);
    /// d = `[base + (index << 3)]`
    fn fload_index(&mut self, d: FReg, base: Reg, index: Reg);
    /// `[base + (index << 3)]` = s
    fn fstore_index(&mut self, s: FReg, base: Reg, index: Reg);
    /// d = a op b
    fn falu(&mut self, op: Falu, d: FReg, a: FReg, b: FReg);
    /// d = op a
    fn funary(&mut self, op: Funary, d: FReg, a: FReg);
    /// d = the float nearest to the signed integer s
    fn from_int(&mut self, d: FReg, s: Reg);
    /// d = s without its fraction, as a signed integer; any value when it does not fit
    fn to_int(&mut self, d: Reg, s: FReg);
    /// d = the bits of s
    fn bits(&mut self, d: Reg, s: FReg);
    /// d = the float with the bits s
    fn from_bits(&mut self, d: FReg, s: Reg);
    /// Goes to `l` if `a cond b`.
    fn fbranch(&mut self, c: FCond, a: FReg, b: FReg, l: Label);

    /// The beginning of code that is called: keeps the return address where [`Masm::ret`] finds it.
    fn enter(&mut self);
    /// Returns from code that began with [`Masm::enter`].
    fn ret(&mut self);
    /// Calls compiled code, whose address is at `[base + off]`.
    fn call(&mut self, base: Reg, off: i32);
    /// Calls code of this buffer that begins with [`Masm::enter`].
    fn call_label(&mut self, l: Label);
    /// Calls other code, by its number, that begins with [`Masm::enter`]: the distance is filled in by [`Masm::patch`]
    /// when it is known.
    fn call_far(&mut self, code: u32);
    /// The field of an instruction that is to point so many bytes behind itself; None if that is too far.
    fn patch(field: u32, distance: i64) -> Option<u32>;
    /// Goes to compiled code, whose address is at `[base + off]`, which will return to this code's
    /// caller.
    fn tail_call(&mut self, base: Reg, off: i32);
    /// Calls the helper whose address is at `[STATE + off]` by the C convention, with arguments in
    /// [`Masm::ARGS`] and its result in [`Masm::RET`]; cares for the alignment of the stack.
    fn call_helper(&mut self, off: i32);
    /// Goes to the address in `r`.
    fn jump_to(&mut self, r: Reg);
    /// The entry from Rust, a C function of five arguments: code address, base, frame, state, interrupt
    /// word. Keeps what the C convention wants kept, puts the last four into their registers, calls
    /// the code with [`Masm::NARGS`] = 0, stores [`Masm::TAG`] (64 bits) at `[STATE + status]` and
    /// returns [`Masm::RET`].
    fn entry_from_rust(&mut self, status: i32);
    /// An instruction that must not be reached.
    fn trap(&mut self);
}
