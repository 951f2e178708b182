//! The quick opcodes: what the instructions of one state rewrite themselves into.
//!
//! A generic instruction that runs learns what its operands are and becomes a quick one, which tests
//! for just that. A quick instruction keeps operand a, and comparisons keep all of them; the others
//! may hold what was learned. Operands that do not fit stand in a site of the function (see the
//! runtime's feedback). Files, dumps and the verifier know generic opcodes only; the generic form of a
//! rewritten instruction is the one in its [`Proto`](crate::proto::Proto).

use crate::ops::{Instr, OPS, Op};

/// Calls the macro `$consumer` with `quick { rows }` and then the rows of the opcode table. A quick row
/// is `doc NAME method GENERIC [operand meaning ...]`.
#[macro_export]
macro_rules! for_each_live_op {
    ($consumer:ident) => {
        $crate::for_each_op! { $consumer quick {
            /// R[a] = slot c of the record R[b], of shape d
            GETFIELD_SLOT getfield_slot GETFIELD [c slot d shape];
            /// R[a] = node c of the dictionary R[b], if its key is K[d]
            GETFIELD_NODE getfield_node GETFIELD [c node];
            /// R[a] = a slot of the record R[b], by the shapes of site d
            GETFIELD_POLY getfield_poly GETFIELD [d site];
            /// R[a] = a field of a class of R[b], by the path of site d
            GETFIELD_CLASS getfield_class GETFIELD [d site];
            /// GETFIELD that has seen too many shapes
            GETFIELD_ANY getfield_any GETFIELD [];
            /// R[a] = slot c of the global table, of shape d
            GETTABUP_SLOT gettabup_slot GETTABUP [c slot d shape];
            /// R[a] = node c of the global table, a dictionary, if its key is K[d]
            GETTABUP_NODE gettabup_node GETTABUP [c node];
            /// R[a+1] = R[b]; R[a] = slot c of the record R[b], of shape d
            SELF_SLOT self_slot SELF [c slot d shape];
            /// R[a+1] = R[b]; R[a] = a field of a class of R[b], by the path of site d
            SELF_CLASS self_class SELF [d site];
            /// SELF that has seen too many shapes
            SELF_ANY self_any SELF [];
            /// slot b of the record R[a] = R[c]; d: representation and shape
            SETFIELD_SLOT setfield_slot SETFIELD [b slot d shape];
            /// a slot of the record R[a] = R[c], old or new, by the shapes of site d
            SETFIELD_SITE setfield_site SETFIELD [d site];
            /// node b of the dictionary R[a] = R[c], if its key is K[d]
            SETFIELD_NODE setfield_node SETFIELD [b node];
            /// SETFIELD that has seen too many shapes
            SETFIELD_ANY setfield_any SETFIELD [];
            /// slot b of the record R[a] = K[c]; d: representation and shape
            SETFIELDK_SLOT setfieldk_slot SETFIELDK [b slot d shape];
            /// a slot of the record R[a] = K[c], old or new, by the shapes of site d
            SETFIELDK_SITE setfieldk_site SETFIELDK [d site];
            /// SETFIELDK that has seen too many shapes
            SETFIELDK_ANY setfieldk_any SETFIELDK [];
            /// slot c of the global table = R[a]; d: representation and shape
            SETTABUP_SLOT settabup_slot SETTABUP [c slot d shape];
            /// node c of the global table, a dictionary, = R[a], if its key is K[d]
            SETTABUP_NODE settabup_node SETTABUP [c node];
            /// R[a] = R[b][R[c]], an array of integers
            GETINDEX_INT getindex_int GETINDEX [];
            /// R[a] = R[b][R[c]], an array of floats
            GETINDEX_FLOAT getindex_float GETINDEX [];
            /// R[a] = R[b][R[c]], an array of any values
            GETINDEX_GENERIC getindex_generic GETINDEX [];
            /// GETINDEX of changing kinds
            GETINDEX_ANY getindex_any GETINDEX [];
            /// R[a][R[b]] = R[c], an array of integers
            SETINDEX_INT setindex_int SETINDEX [];
            /// R[a][R[b]] = R[c], an array of floats
            SETINDEX_FLOAT setindex_float SETINDEX [];
            /// R[a][R[b]] = R[c], an array of any values
            SETINDEX_GENERIC setindex_generic SETINDEX [];
            /// SETINDEX of changing kinds
            SETINDEX_ANY setindex_any SETINDEX [];
            /// R[a] = R[b] + R[c], integers
            ADD_INT add_int ADD [];
            /// R[a] = R[b] + R[c], floats
            ADD_FLOAT add_float ADD [];
            /// ADD of changing kinds
            ADD_ANY add_any ADD [];
            /// R[a] = R[b] - R[c], integers
            SUB_INT sub_int SUB [];
            /// R[a] = R[b] - R[c], floats
            SUB_FLOAT sub_float SUB [];
            /// SUB of changing kinds
            SUB_ANY sub_any SUB [];
            /// R[a] = R[b] * R[c], integers
            MUL_INT mul_int MUL [];
            /// R[a] = R[b] * R[c], floats
            MUL_FLOAT mul_float MUL [];
            /// MUL of changing kinds
            MUL_ANY mul_any MUL [];
            /// R[a] = R[b] / R[c], floats
            DIV_FLOAT div_float DIV [];
            /// DIV of changing kinds
            DIV_ANY div_any DIV [];
            /// R[a] = R[b] + K[d], integers
            ADDK_INT addk_int ADDK [];
            /// R[a] = R[b] + K[d], floats
            ADDK_FLOAT addk_float ADDK [];
            /// ADDK of changing kinds
            ADDK_ANY addk_any ADDK [];
            /// R[a] = R[b] - K[d], integers
            SUBK_INT subk_int SUBK [];
            /// R[a] = R[b] - K[d], floats
            SUBK_FLOAT subk_float SUBK [];
            /// SUBK of changing kinds
            SUBK_ANY subk_any SUBK [];
            /// R[a] = R[b] * K[d], integers
            MULK_INT mulk_int MULK [];
            /// R[a] = R[b] * K[d], floats
            MULK_FLOAT mulk_float MULK [];
            /// MULK of changing kinds
            MULK_ANY mulk_any MULK [];
            /// R[a] = R[b] / K[d], floats
            DIVK_FLOAT divk_float DIVK [];
            /// DIVK of changing kinds
            DIVK_ANY divk_any DIVK [];
            /// if (R[a] < R[b]) is c then pc += d, integers
            LT_INT lt_int LT [];
            /// if (R[a] < R[b]) is c then pc += d, floats
            LT_FLOAT lt_float LT [];
            /// LT of changing kinds
            LT_ANY lt_any LT [];
            /// if (R[a] <= R[b]) is c then pc += d, integers
            LE_INT le_int LE [];
            /// if (R[a] <= R[b]) is c then pc += d, floats
            LE_FLOAT le_float LE [];
            /// LE of changing kinds
            LE_ANY le_any LE [];
            /// FORLOOP over integers
            FORLOOP_INT forloop_int FORLOOP [];
            /// FORLOOP over floats
            FORLOOP_FLOAT forloop_float FORLOOP [];
            /// CALL of the Lua function with the number d, which has no varargs
            CALL_KNOWN call_known CALL [d function];
            /// CALL of various Lua functions
            CALL_LUA call_lua CALL [];
            /// CALL of a native
            CALL_NATIVE call_native CALL [];
            /// CALL of a native that resumes or yields
            CALL_SWITCH call_switch CALL [];
            /// CALL of changing kinds
            CALL_ANY call_any CALL [];
            /// TFORCALL of `next`, whose next place in the table is probably d
            TFORCALL_NEXT tforcall_next TFORCALL [d place];
            /// TFORCALL of the iterator of `ipairs`
            TFORCALL_IPAIRS tforcall_ipairs TFORCALL [];
            /// TFORCALL of another function
            TFORCALL_ANY tforcall_any TFORCALL [];
        } }
    };
}

/// Generic opcodes, and their forms that are for operands of all kinds and learn nothing.
const WIDEST: &[(Op, LiveOp)] = &[
    (Op::ADD, LiveOp::ADD_ANY),
    (Op::SUB, LiveOp::SUB_ANY),
    (Op::MUL, LiveOp::MUL_ANY),
    (Op::DIV, LiveOp::DIV_ANY),
    (Op::ADDK, LiveOp::ADDK_ANY),
    (Op::SUBK, LiveOp::SUBK_ANY),
    (Op::MULK, LiveOp::MULK_ANY),
    (Op::DIVK, LiveOp::DIVK_ANY),
    (Op::LT, LiveOp::LT_ANY),
    (Op::LE, LiveOp::LE_ANY),
    (Op::GETINDEX, LiveOp::GETINDEX_ANY),
    (Op::SETINDEX, LiveOp::SETINDEX_ANY),
    (Op::CALL, LiveOp::CALL_ANY),
    (Op::TFORCALL, LiveOp::TFORCALL_ANY),
];

/// The part of an operand that is a shape's number; above it stands a representation.
pub const SHAPE_MASK: u32 = 0x00ff_ffff;

macro_rules! define_live_ops {
    (quick { $($(#[doc = $qdoc:literal])* $quick:ident $qmethod:ident $generic:ident [$($operand:ident $meaning:ident)*];)* }
     $($(#[doc = $doc:literal])* $name:ident $method:ident
        ($a:ident, $b:ident, $c:ident, $d:ident) [$($eff:ident)*];)*) => {
        /// The operation of an instruction of a running function: generic or quick.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(clippy::upper_case_acronyms, non_camel_case_types)]
        pub enum LiveOp {
            $($(#[doc = $doc])* $name,)*
            $($(#[doc = $qdoc])* $quick,)*
        }

        /// What the table says of one quick opcode.
        #[derive(Debug)]
        pub struct QuickInfo {
            /// The opcode.
            pub op: LiveOp,
            /// Its mnemonic.
            pub name: &'static str,
            /// Its line of documentation.
            pub doc: &'static str,
            /// The opcode that it was.
            pub generic: Op,
            /// Operands that hold what was learned, and what that is.
            pub learned: &'static [(&'static str, &'static str)],
        }

        /// The quick opcodes, the first of which has the number `OPS.len()`.
        pub static QUICK_OPS: &[QuickInfo] = &[$(QuickInfo {
            op: LiveOp::$quick,
            name: stringify!($quick),
            doc: concat!($($qdoc),*),
            generic: Op::$generic,
            learned: &[$((stringify!($operand), stringify!($meaning))),*],
        },)*];
    };
}
for_each_live_op!(define_live_ops);

impl LiveOp {
    /// Its row, if it is a quick one.
    pub fn quick(self) -> Option<&'static QuickInfo> {
        (self as usize).checked_sub(OPS.len()).map(|i| &QUICK_OPS[i])
    }
    /// The opcode with this number, if there is one.
    pub fn from_u8(n: u8) -> Option<LiveOp> {
        match OPS.get(n as usize) {
            Some(info) => Some(LiveOp::from(info.op)),
            None => QUICK_OPS.get(n as usize - OPS.len()).map(|q| q.op),
        }
    }
}

macro_rules! define_from {
    ($($(#[doc = $doc:literal])* $name:ident $method:ident
        ($a:ident, $b:ident, $c:ident, $d:ident) [$($eff:ident)*];)*) => {
        impl From<Op> for LiveOp {
            fn from(op: Op) -> LiveOp {
                match op {
                    $(Op::$name => LiveOp::$name,)*
                }
            }
        }
    };
}
crate::for_each_op!(define_from);

impl Instr {
    /// The same instruction under another opcode.
    #[inline]
    pub const fn with_op(self, op: LiveOp) -> Instr {
        Instr(self.0 & !0xff | op as u64)
    }
    /// The same instruction with another b.
    #[inline]
    pub const fn with_b(self, b: u8) -> Instr {
        Instr(self.0 & !0x00ff_0000 | (b as u64) << 16)
    }
    /// The same instruction with another c.
    #[inline]
    pub const fn with_c(self, c: u8) -> Instr {
        Instr(self.0 & !0xff00_0000 | (c as u64) << 24)
    }
    /// A generic instruction in the form that is for operands of all kinds and learns nothing, if there is one.
    pub fn widest(self) -> Instr {
        let op = self.op();
        let wide = WIDEST.iter().find(|row| row.0 == op);
        wide.map_or(self, |row| self.with_op(row.1))
    }
    /// The shape that a quick instruction holds itself.
    pub fn learned_shape(self) -> Option<u32> {
        let info = LiveOp::from_u8(self.op_byte())?.quick()?;
        let shape = info.learned.iter().any(|&(_, meaning)| meaning == "shape");
        shape.then(|| self.du() & SHAPE_MASK)
    }
    /// What a quick instruction has learned, in words; None for a generic one.
    pub fn learned(self) -> Option<String> {
        let info = LiveOp::from_u8(self.op_byte())?.quick()?;
        let mut words = vec![info.name.to_string()];
        for (operand, meaning) in info.learned {
            let value = match *operand {
                "b" => u32::from(self.b()),
                "c" => u32::from(self.c()),
                _ if *meaning == "shape" => self.du() & SHAPE_MASK,
                _ => self.du(),
            };
            words.push(format!("{meaning} {value}"));
        }
        Some(words.join(" "))
    }
}
