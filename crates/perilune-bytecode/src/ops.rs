//! THE opcode table: one row per instruction, from which the enum, the decoder, the printer's
//! operand kinds, the verifier's checks, the effect flags and the documentation are derived.
//!
//! An instruction is one 64-bit word: `op` (bits 0-7), `a` (8-15), `b` (16-23), `c` (24-31) and `d`
//! (32-63, signed or unsigned as the row says). `R[x]` is a register of the frame, `K[x]` a
//! constant, `U[x]` an upvalue, `P[x]` a nested function. Jumps are relative to the next
//! instruction.
//!
//! Notes:
//! 1. A call's window is `R[a]` (the function) and the registers after it (the arguments); its
//!    results are written from `R[a]` on. Where a count operand is 0 the real count is "up to the
//!    frame's top", which the previous open-ended instruction (`CALL`, `VARARG`) has set, and which
//!    the very next instruction must consume.
//! 2. `flip` is 1 where source order was constant-then-register; it matters to metamethods and
//!    messages only.
//! 3. A conditional jump goes to its target when the condition's truth equals `c`, else falls
//!    through.

/// How an operand is to be read; the printer and the verifier work from this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// Unused; must be 0.
    None,
    /// A register that is read.
    Read,
    /// A register that is written.
    Write,
    /// A register that is read and written.
    ReadWrite,
    /// The first register of a window whose extent the row's notes give.
    Window,
    /// An index of a constant of any kind.
    Const,
    /// An index of a string constant.
    StrConst,
    /// An index of a numeric constant.
    NumConst,
    /// An index of an upvalue.
    Upvalue,
    /// An index of a nested function.
    Proto,
    /// A signed immediate integer.
    Int,
    /// An unsigned immediate or count.
    Count,
    /// 0 or 1.
    Flag,
    /// A jump distance relative to the next instruction.
    Jump,
}

/// What an instruction may do, as far as its consumers must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effects {
    /// It may run Lua code (metamethods, calls), and so collect, raise or yield.
    pub calls: bool,
    /// It may raise an error without calling.
    pub raises: bool,
    /// It may allocate.
    pub allocates: bool,
    /// Control may go elsewhere than to the next instruction.
    pub branches: bool,
}

macro_rules! effects {
    ($($f:ident)*) => {{
        #[allow(unused_mut)]
        let mut e = Effects { calls: false, raises: false, allocates: false, branches: false };
        $(e.$f = true;)*
        e
    }};
}

/// Calls the macro `$consumer` with the whole opcode table, after the tokens `$before`. A row is
/// `doc NAME method (a, b, c, d operand kinds) [effects]`.
#[macro_export]
macro_rules! for_each_op {
    ($consumer:ident $($before:tt)*) => {
        $consumer! {
            $($before)*
            /// R[a] = R[b]
            MOVE move_ (Write, Read, None, None) [];
            /// R[a] = integer d
            LOADI loadi (Write, None, None, Int) [];
            /// R[a] = float of the integer d
            LOADF loadf (Write, None, None, Int) [];
            /// R[a] = K[d]
            LOADK loadk (Write, None, None, Const) [];
            /// R[a] ... R[a+b] = nil
            LOADNIL loadnil (Window, Count, None, None) [];
            /// R[a] = false
            LOADFALSE loadfalse (Write, None, None, None) [];
            /// R[a] = true
            LOADTRUE loadtrue (Write, None, None, None) [];
            /// R[a] = U[b]
            GETUPVAL getupval (Write, Upvalue, None, None) [];
            /// U[b] = R[a]
            SETUPVAL setupval (Read, Upvalue, None, None) [];
            /// R[a] = U[b][K[d]]: a global
            GETTABUP gettabup (Write, Upvalue, None, StrConst) [calls raises];
            /// U[b][K[d]] = R[a]
            SETTABUP settabup (Read, Upvalue, None, StrConst) [calls raises allocates];
            /// R[a] = R[b][K[d]]
            GETFIELD getfield (Write, Read, None, StrConst) [calls raises];
            /// R[a] = R[b][R[c]]
            GETINDEX getindex (Write, Read, Read, None) [calls raises];
            /// R[a] = R[b][integer d]
            GETINT getint (Write, Read, None, Int) [calls raises];
            /// R[a][K[d]] = R[c]
            SETFIELD setfield (Read, None, Read, StrConst) [calls raises allocates];
            /// R[a][K[d]] = K[c]
            SETFIELDK setfieldk (Read, None, Const, StrConst) [calls raises allocates];
            /// R[a][R[b]] = R[c]
            SETINDEX setindex (Read, Read, Read, None) [calls raises allocates];
            /// R[a][R[b]] = K[c]
            SETINDEXK setindexk (Read, Read, Const, None) [calls raises allocates];
            /// R[a][integer d] = R[c]
            SETINT setint (Read, None, Read, Int) [calls raises allocates];
            /// R[a][integer d] = K[c]
            SETINTK setintk (Read, None, Const, Int) [calls raises allocates];
            /// R[a+1] = R[b]; R[a] = R[b][K[d]]
            SELF self_ (Window, Read, None, StrConst) [calls raises];
            /// R[a] = {} with room for d array items and b record fields
            NEWTABLE newtable (Write, Count, None, Count) [allocates];
            /// R[a][d+i] = R[a+i] for 1 <= i <= b; b = 0: up to top (note 1)
            SETLIST setlist (Window, Count, None, Count) [allocates raises];
            /// R[a] = R[b] + R[c]
            ADD add (Write, Read, Read, None) [calls raises];
            /// R[a] = R[b] - R[c]
            SUB sub (Write, Read, Read, None) [calls raises];
            /// R[a] = R[b] * R[c]
            MUL mul (Write, Read, Read, None) [calls raises];
            /// R[a] = R[b] % R[c]
            MOD mod_ (Write, Read, Read, None) [calls raises];
            /// R[a] = R[b] ^ R[c]
            POW pow (Write, Read, Read, None) [calls raises];
            /// R[a] = R[b] / R[c]
            DIV div (Write, Read, Read, None) [calls raises];
            /// R[a] = R[b] // R[c]
            IDIV idiv (Write, Read, Read, None) [calls raises];
            /// R[a] = R[b] & R[c]
            BAND band (Write, Read, Read, None) [calls raises];
            /// R[a] = R[b] | R[c]
            BOR bor (Write, Read, Read, None) [calls raises];
            /// R[a] = R[b] ~ R[c]
            BXOR bxor (Write, Read, Read, None) [calls raises];
            /// R[a] = R[b] << R[c]
            SHL shl (Write, Read, Read, None) [calls raises];
            /// R[a] = R[b] >> R[c]
            SHR shr (Write, Read, Read, None) [calls raises];
            /// R[a] = R[b] + integer d (c: note 2)
            ADDI addi (Write, Read, Flag, Int) [calls raises];
            /// R[a] = R[b] - integer d
            SUBI subi (Write, Read, None, Int) [calls raises];
            /// R[a] = R[b] + K[d] (c: note 2)
            ADDK addk (Write, Read, Flag, NumConst) [calls raises];
            /// R[a] = R[b] - K[d]
            SUBK subk (Write, Read, None, NumConst) [calls raises];
            /// R[a] = R[b] * K[d] (c: note 2)
            MULK mulk (Write, Read, Flag, NumConst) [calls raises];
            /// R[a] = R[b] % K[d]
            MODK modk (Write, Read, None, NumConst) [calls raises];
            /// R[a] = R[b] ^ K[d]
            POWK powk (Write, Read, None, NumConst) [calls raises];
            /// R[a] = R[b] / K[d]
            DIVK divk (Write, Read, None, NumConst) [calls raises];
            /// R[a] = R[b] // K[d]
            IDIVK idivk (Write, Read, None, NumConst) [calls raises];
            /// R[a] = R[b] & K[d] (c: note 2)
            BANDK bandk (Write, Read, Flag, NumConst) [calls raises];
            /// R[a] = R[b] | K[d] (c: note 2)
            BORK bork (Write, Read, Flag, NumConst) [calls raises];
            /// R[a] = R[b] ~ K[d] (c: note 2)
            BXORK bxork (Write, Read, Flag, NumConst) [calls raises];
            /// R[a] = R[b] << integer d
            SHLI shli (Write, Read, None, Int) [calls raises];
            /// R[a] = R[b] >> integer d
            SHRI shri (Write, Read, None, Int) [calls raises];
            /// R[a] = -R[b]
            UNM unm (Write, Read, None, None) [calls raises];
            /// R[a] = ~R[b]
            BNOT bnot (Write, Read, None, None) [calls raises];
            /// R[a] = not R[b]
            NOT not (Write, Read, None, None) [];
            /// R[a] = #R[b]
            LEN len (Write, Read, None, None) [calls raises];
            /// R[a] = R[a] .. ... .. R[a+b-1]
            CONCAT concat (Window, Count, None, None) [calls raises allocates];
            /// close the upvalues at and above R[a], and its pending to-be-closed variables
            CLOSE close (Window, None, None, None) [calls raises];
            /// mark R[a] as to-be-closed
            TBC tbc (Read, None, None, None) [raises allocates];
            /// pc += d
            JMP jmp (None, None, None, Jump) [branches];
            /// if (R[a] == R[b]) is c then pc += d (note 3)
            EQ eq (Read, Read, Flag, Jump) [calls raises branches];
            /// if (R[a] < R[b]) is c then pc += d
            LT lt (Read, Read, Flag, Jump) [calls raises branches];
            /// if (R[a] <= R[b]) is c then pc += d
            LE le (Read, Read, Flag, Jump) [calls raises branches];
            /// if (R[a] == K[b]) is c then pc += d; no metamethods: K is not a table
            EQK eqk (Read, Const, Flag, Jump) [branches];
            /// if (R[a] == integer b, signed) is c then pc += d
            EQI eqi (Read, Int, Flag, Jump) [branches];
            /// if (R[a] < integer b) is c then pc += d
            LTI lti (Read, Int, Flag, Jump) [calls raises branches];
            /// if (R[a] <= integer b) is c then pc += d
            LEI lei (Read, Int, Flag, Jump) [calls raises branches];
            /// if (R[a] > integer b) is c then pc += d
            GTI gti (Read, Int, Flag, Jump) [calls raises branches];
            /// if (R[a] >= integer b) is c then pc += d
            GEI gei (Read, Int, Flag, Jump) [calls raises branches];
            /// if (truth of R[a]) is c then pc += d
            TEST test (Read, None, Flag, Jump) [branches];
            /// if (truth of R[b]) is c then R[a] = R[b], pc += d
            TESTSET testset (Write, Read, Flag, Jump) [branches];
            /// R[a], ... R[a+c-2] = R[a](R[a+1] ... R[a+b-1]); b = 0, c = 0: open (note 1)
            CALL call (Window, Count, Count, None) [calls raises allocates branches];
            /// return R[a](R[a+1] ... R[a+b-1]); c: upvalues of this frame are open
            TAILCALL tailcall (Window, Count, Flag, None) [calls raises allocates branches];
            /// return R[a] ... R[a+b-2]; b = 0: up to top; c: upvalues or to-be-closed are open
            RETURN return_ (Window, Count, Flag, None) [calls raises branches];
            /// return
            RETURN0 return0 (None, None, None, None) [branches];
            /// return R[a]
            RETURN1 return1 (Read, None, None, None) [branches];
            /// prepare a numeric loop: R[a] init, R[a+1] limit, R[a+2] step become R[a] iteration
            /// count (integers) or limit (floats), R[a+1] step, R[a+2] control variable; if it does
            /// not run, pc += d (to behind the FORLOOP), else falls into the body
            FORPREP forprep (Window, None, None, Jump) [raises branches];
            /// next round of a numeric loop: update R[a], R[a+2]; if it goes on, pc += d (to the body)
            FORLOOP forloop (Window, None, None, Jump) [branches];
            /// prepare a generic loop: R[a] iterator, R[a+1] state, R[a+2] control, R[a+3] closing
            /// become R[a+2] closing (marked to-be-closed) and R[a+3] control; pc += d (to TFORCALL)
            TFORPREP tforprep (Window, None, None, Jump) [raises allocates branches];
            /// R[a+3], ... R[a+2+c] = R[a](R[a+1], R[a+3]); the call's window is R[a+3]...R[a+5]
            TFORCALL tforcall (Window, None, Count, None) [calls raises allocates branches];
            /// if R[a+3] is not nil, pc += d (to the body)
            TFORLOOP tforloop (Window, None, None, Jump) [branches];
            /// R[a] = closure of P[d]
            CLOSURE closure_ (Write, None, None, Proto) [allocates];
            /// R[a], ... R[a+c-2] = varargs; c = 0: all of them, sets top; b > 0: R[b-1] is the
            /// vararg table to read them from
            VARARG vararg (Window, Count, Count, None) [raises allocates];
            /// R[a] = varargs[R[c]] of this frame, which is an index or "n" (named vararg without a table)
            GETVARG getvarg (Write, None, Read, None) [];
            /// the frame has varargs: move the a fixed parameters above them; b = 1: R[a] = table of
            /// the varargs
            VARARGPREP varargprep (Count, Flag, None, None) [allocates raises];
            /// raise "global 'K[d]' already defined" if R[a] is not nil
            ERRNNIL errnnil (Read, None, None, StrConst) [raises];
        }
    };
}

macro_rules! define_ops {
    ($($(#[doc = $doc:literal])* $name:ident $method:ident
        ($a:ident, $b:ident, $c:ident, $d:ident) [$($eff:ident)*];)*) => {
        /// The operation of an instruction.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(clippy::upper_case_acronyms)]
        pub enum Op {
            $($(#[doc = $doc])* $name,)*
        }

        /// Everything the table says of one opcode.
        #[derive(Debug)]
        pub struct OpInfo {
            /// The opcode.
            pub op: Op,
            /// Its mnemonic.
            pub name: &'static str,
            /// Its line of documentation.
            pub doc: &'static str,
            /// How operands a, b, c, d are read.
            pub operands: [Operand; 4],
            /// What it may do.
            pub effects: Effects,
        }

        /// The table, indexed by opcode number.
        pub static OPS: &[OpInfo] = &[$(OpInfo {
            op: Op::$name,
            name: stringify!($name),
            doc: concat!($($doc),*),
            operands: [Operand::$a, Operand::$b, Operand::$c, Operand::$d],
            effects: effects!($($eff)*),
        },)*];
    };
}
for_each_op!(define_ops);

impl Op {
    /// The opcode with this number, if there is one.
    #[inline]
    pub fn from_u8(n: u8) -> Option<Op> {
        OPS.get(n as usize).map(|i| i.op)
    }
    /// Its row of the table.
    #[inline]
    pub fn info(self) -> &'static OpInfo {
        &OPS[self as usize]
    }
}

/// One instruction word.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Instr(pub u64);

impl Instr {
    /// Assembles an instruction.
    #[inline]
    pub const fn new(op: Op, a: u8, b: u8, c: u8, d: i32) -> Instr {
        Instr(op as u64 | (a as u64) << 8 | (b as u64) << 16 | (c as u64) << 24 | (d as u32 as u64) << 32)
    }
    /// The opcode's number; in verified code always that of an [`Op`].
    #[inline]
    pub const fn op_byte(self) -> u8 {
        self.0 as u8
    }
    /// The opcode.
    ///
    /// # Panics
    /// If the byte is not the number of an opcode.
    #[inline]
    pub fn op(self) -> Op {
        OPS[self.op_byte() as usize].op
    }
    /// Operand a.
    #[inline]
    pub const fn a(self) -> u8 {
        (self.0 >> 8) as u8
    }
    /// Operand b.
    #[inline]
    pub const fn b(self) -> u8 {
        (self.0 >> 16) as u8
    }
    /// Operand c.
    #[inline]
    pub const fn c(self) -> u8 {
        (self.0 >> 24) as u8
    }
    /// Operand d, signed.
    #[inline]
    pub const fn d(self) -> i32 {
        (self.0 >> 32) as i32
    }
    /// Operand d, unsigned.
    #[inline]
    pub const fn du(self) -> u32 {
        (self.0 >> 32) as u32
    }
    /// The same instruction with another d (a patched jump).
    #[inline]
    pub const fn with_d(self, d: i32) -> Instr {
        Instr(self.0 & 0xffff_ffff | (d as u32 as u64) << 32)
    }
}

impl std::fmt::Debug for Instr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match Op::from_u8(self.op_byte()) {
            Some(op) => write!(
                f,
                "{} {} {} {} {}",
                op.info().name,
                self.a(),
                self.b(),
                self.c(),
                self.d()
            ),
            None => write!(f, "{:#018x}", self.0),
        }
    }
}
