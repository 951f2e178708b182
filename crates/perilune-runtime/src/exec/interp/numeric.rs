//! Opcodes of arithmetic, bits and order.

use super::learn::{change, learn_kind};
use super::slow::*;
use super::{Flow, Machine};
use crate::semantics::arith::Arith;
use crate::semantics::compare::Order;
use crate::value::{Tag, Value};
use perilune_bytecode::ops::Instr;
use perilune_bytecode::quick::LiveOp;
use perilune_syntax::number as num;

/// Both integers: one `or`, one test.
#[inline(always)]
pub(super) fn both_int(x: Value, y: Value) -> bool {
    x.tag.0 | y.tag.0 == 0
}
#[inline(always)]
pub(super) fn both_float(x: Value, y: Value) -> bool {
    x.tag == Tag::FLT && y.tag == Tag::FLT
}
#[inline(always)]
pub(super) fn int(v: Value) -> i64 {
    v.bits as i64
}
#[inline(always)]
pub(super) fn float(v: Value) -> f64 {
    f64::from_bits(v.bits)
}

#[inline(always)]
fn both_numbers(x: Value, y: Value) -> bool {
    x.tag.0 | y.tag.0 <= 1
}
/// A number as a float.
#[inline(always)]
fn to_float(v: Value) -> f64 {
    if v.tag == Tag::INT {
        int(v) as f64
    } else {
        float(v)
    }
}

macro_rules! arith_op {
    ($m:ident, $i:ident, $x:expr, $y:expr, $op:expr, $int:expr, $float:expr) => {{
        let (x, y) = ($x, $y);
        if both_int(x, y) {
            $m.set($i.a(), Value::int($int(int(x), int(y))));
            Flow::Next
        } else if both_numbers(x, y) {
            $m.set($i.a(), Value::float($float(to_float(x), to_float(y))));
            Flow::Next
        } else {
            $m.save();
            slow_arith(&mut *$m.st, $op, x, y, $i)
        }
    }};
}

macro_rules! bit_op {
    ($m:ident, $i:ident, $x:expr, $y:expr, $op:expr, $int:expr) => {{
        let (x, y) = ($x, $y);
        if both_int(x, y) {
            $m.set($i.a(), Value::int($int(int(x), int(y))));
            Flow::Next
        } else {
            $m.save();
            slow_arith(&mut *$m.st, $op, x, y, $i)
        }
    }};
}

macro_rules! order_op {
    ($m:ident, $i:ident, $x:expr, $y:expr, $op:expr, $cmp:tt, $swap:expr) => {{
        let (x, y) = ($x, $y);
        let r = if both_int(x, y) {
            int(x) $cmp int(y)
        } else if both_float(x, y) {
            float(x) $cmp float(y)
        } else {
            $m.save();
            return slow_order(&mut *$m.st, $op, x, y, $swap, $i);
        };
        $m.branch(r, $i)
    }};
}

/// What each does is said in the opcode table.
impl Machine {
    #[inline(always)]
    pub(super) unsafe fn add_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            arith_op!(
                self,
                i,
                self.r(i.b()),
                self.r(i.c()),
                Arith::Add,
                i64::wrapping_add,
                |x: f64, y: f64| x + y
            )
        }
    }
    #[inline(always)]
    pub(super) unsafe fn sub_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            arith_op!(
                self,
                i,
                self.r(i.b()),
                self.r(i.c()),
                Arith::Sub,
                i64::wrapping_sub,
                |x: f64, y: f64| x - y
            )
        }
    }
    #[inline(always)]
    pub(super) unsafe fn mul_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            arith_op!(
                self,
                i,
                self.r(i.b()),
                self.r(i.c()),
                Arith::Mul,
                i64::wrapping_mul,
                |x: f64, y: f64| x * y
            )
        }
    }
    #[inline(always)]
    pub(super) unsafe fn int_division(&mut self, i: Instr, x: Value, y: Value, op: Arith) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            if both_int(x, y) && int(y) != 0 {
                let r = if op == Arith::Mod {
                    num::int_mod(int(x), int(y))
                } else {
                    num::int_floor_div(int(x), int(y))
                };
                self.set(i.a(), Value::int(r.unwrap_or(0)));
                return Flow::Next;
            }
            if both_float(x, y) {
                let (p, q) = (float(x), float(y));
                let r = if op == Arith::Mod {
                    num::float_mod(p, q)
                } else {
                    num::float_floor_div(p, q)
                };
                self.set(i.a(), Value::float(r));
                return Flow::Next;
            }
            self.save();
            slow_arith(&mut *self.st, op, x, y, i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn mod_<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.int_division(i, self.r(i.b()), self.r(i.c()), Arith::Mod) }
    }
    #[inline(always)]
    pub(super) unsafe fn idiv<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.int_division(i, self.r(i.b()), self.r(i.c()), Arith::IDiv) }
    }
    #[inline(always)]
    pub(super) unsafe fn float_op(&mut self, i: Instr, x: Value, y: Value, op: Arith) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            if x.is_number() && y.is_number() {
                let (p, q) = (to_float(x), to_float(y));
                let r = if op == Arith::Div {
                    p / q
                } else {
                    num::float_pow(p, q)
                };
                self.set(i.a(), Value::float(r));
                return Flow::Next;
            }
            self.save();
            slow_arith(&mut *self.st, op, x, y, i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn pow<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.float_op(i, self.r(i.b()), self.r(i.c()), Arith::Pow) }
    }
    #[inline(always)]
    pub(super) unsafe fn div_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.float_op(i, self.r(i.b()), self.r(i.c()), Arith::Div) }
    }
    #[inline(always)]
    pub(super) unsafe fn band<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            bit_op!(
                self,
                i,
                self.r(i.b()),
                self.r(i.c()),
                Arith::BAnd,
                |x: i64, y: i64| x & y
            )
        }
    }
    #[inline(always)]
    pub(super) unsafe fn bor<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            bit_op!(
                self,
                i,
                self.r(i.b()),
                self.r(i.c()),
                Arith::BOr,
                |x: i64, y: i64| x | y
            )
        }
    }
    #[inline(always)]
    pub(super) unsafe fn bxor<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            bit_op!(
                self,
                i,
                self.r(i.b()),
                self.r(i.c()),
                Arith::BXor,
                |x: i64, y: i64| x ^ y
            )
        }
    }
    #[inline(always)]
    pub(super) unsafe fn shl<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { bit_op!(self, i, self.r(i.b()), self.r(i.c()), Arith::Shl, num::shift_left) }
    }
    #[inline(always)]
    pub(super) unsafe fn shr<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            bit_op!(
                self,
                i,
                self.r(i.b()),
                self.r(i.c()),
                Arith::Shr,
                num::shift_right
            )
        }
    }
    #[inline(always)]
    pub(super) unsafe fn addi<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let x = self.r(i.b());
            if x.tag == Tag::INT {
                self.set(i.a(), Value::int(int(x).wrapping_add(i.d() as i64)));
                return Flow::Next;
            }
            if x.tag == Tag::FLT {
                self.set(i.a(), Value::float(float(x) + i.d() as f64));
                return Flow::Next;
            }
            self.flipped(Arith::Add, x, Value::int(i.d() as i64), i)
        }
    }
    /// The slow path of an operator with a constant, which `c` may put first.
    #[inline(always)]
    pub(super) unsafe fn flipped(&mut self, op: Arith, x: Value, k: Value, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            let (x, y) = if i.c() != 0 { (k, x) } else { (x, k) };
            slow_arith(&mut *self.st, op, x, y, i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn subi<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let x = self.r(i.b());
            if x.tag == Tag::INT {
                self.set(i.a(), Value::int(int(x).wrapping_sub(i.d() as i64)));
                return Flow::Next;
            }
            if x.tag == Tag::FLT {
                // PUC adds the negated constant, which shows for -0.0 - 0.
                self.set(i.a(), Value::float(float(x) + (-(i.d() as i64)) as f64));
                return Flow::Next;
            }
            self.save();
            slow_arith(&mut *self.st, Arith::Sub, x, Value::int(i.d() as i64), i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn constant_op(
        &mut self,
        i: Instr,
        op: Arith,
        on_int: impl Fn(i64, i64) -> i64,
        on_float: impl Fn(f64, f64) -> f64,
    ) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (x, k) = (self.r(i.b()), self.k(i.du() as usize));
            if both_int(x, k) {
                self.set(i.a(), Value::int(on_int(int(x), int(k))));
                return Flow::Next;
            }
            if both_numbers(x, k) {
                self.set(i.a(), Value::float(on_float(to_float(x), to_float(k))));
                return Flow::Next;
            }
            self.flipped(op, x, k, i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn addk_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.constant_op(i, Arith::Add, i64::wrapping_add, |x, y| x + y) }
    }
    #[inline(always)]
    pub(super) unsafe fn subk_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.constant_op(i, Arith::Sub, i64::wrapping_sub, |x, y| x - y) }
    }
    #[inline(always)]
    pub(super) unsafe fn mulk_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.constant_op(i, Arith::Mul, i64::wrapping_mul, |x, y| x * y) }
    }
    #[inline(always)]
    pub(super) unsafe fn modk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.int_division(i, self.r(i.b()), self.k(i.du() as usize), Arith::Mod) }
    }
    #[inline(always)]
    pub(super) unsafe fn powk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.float_op(i, self.r(i.b()), self.k(i.du() as usize), Arith::Pow) }
    }
    #[inline(always)]
    pub(super) unsafe fn divk_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.float_op(i, self.r(i.b()), self.k(i.du() as usize), Arith::Div) }
    }
    #[inline(always)]
    pub(super) unsafe fn idivk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.int_division(i, self.r(i.b()), self.k(i.du() as usize), Arith::IDiv) }
    }
    #[inline(always)]
    pub(super) unsafe fn constant_bits(
        &mut self,
        i: Instr,
        op: Arith,
        on_int: impl Fn(i64, i64) -> i64,
    ) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (x, k) = (self.r(i.b()), self.k(i.du() as usize));
            if both_int(x, k) {
                self.set(i.a(), Value::int(on_int(int(x), int(k))));
                return Flow::Next;
            }
            self.flipped(op, x, k, i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn bandk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.constant_bits(i, Arith::BAnd, |x, y| x & y) }
    }
    #[inline(always)]
    pub(super) unsafe fn bork<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.constant_bits(i, Arith::BOr, |x, y| x | y) }
    }
    #[inline(always)]
    pub(super) unsafe fn bxork<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.constant_bits(i, Arith::BXor, |x, y| x ^ y) }
    }
    #[inline(always)]
    pub(super) unsafe fn shli<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            bit_op!(
                self,
                i,
                self.r(i.b()),
                Value::int(i.d() as i64),
                Arith::Shl,
                num::shift_left
            )
        }
    }
    #[inline(always)]
    pub(super) unsafe fn shri<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            bit_op!(
                self,
                i,
                self.r(i.b()),
                Value::int(i.d() as i64),
                Arith::Shr,
                num::shift_right
            )
        }
    }
    #[inline(always)]
    pub(super) unsafe fn unm<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let x = self.r(i.b());
            if x.tag == Tag::INT {
                self.set(i.a(), Value::int(int(x).wrapping_neg()));
                return Flow::Next;
            }
            if x.tag == Tag::FLT {
                self.set(i.a(), Value::float(-float(x)));
                return Flow::Next;
            }
            self.save();
            slow_arith(&mut *self.st, Arith::Unm, x, x, i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn bnot<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let x = self.r(i.b());
            bit_op!(self, i, x, x, Arith::BNot, |x: i64, _| !x)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn eq<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (x, y) = (self.r(i.a()), self.r(i.b()));
            let heap = &(*self.st).heap;
            if let Some(equal) = x.equals_at_once(y, heap) {
                return self.branch(equal, i);
            }
            if x.tag == Tag::STR {
                return self.branch(x.raw_equals(y, heap), i);
            }
            self.save();
            slow_equals(&mut *self.st, x, y, i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn lt_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { order_op!(self, i, self.r(i.a()), self.r(i.b()), Order::Lt, <, false) }
    }
    #[inline(always)]
    pub(super) unsafe fn le_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { order_op!(self, i, self.r(i.a()), self.r(i.b()), Order::Le, <=, false) }
    }
    #[inline(always)]
    pub(super) unsafe fn eqk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (x, k) = (self.r(i.a()), self.k(i.b() as usize));
            let heap = &(*self.st).heap;
            let equal = x.equals_at_once(k, heap);
            self.branch(equal.unwrap_or_else(|| x.raw_equals(k, heap)), i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn eqi<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (x, n) = (self.r(i.a()), i.b() as i8);
            let r = if x.tag == Tag::INT {
                int(x) == n as i64
            } else {
                x.tag == Tag::FLT && float(x) == n as f64
            };
            self.branch(r, i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn order_imm(
        &mut self,
        i: Instr,
        on_int: impl Fn(i64, i64) -> bool,
        on_float: impl Fn(f64, f64) -> bool,
        op: Order,
        swap: bool,
    ) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (x, n) = (self.r(i.a()), i.b() as i8);
            if x.tag == Tag::INT {
                return self.branch(on_int(int(x), n as i64), i);
            }
            if x.tag == Tag::FLT {
                return self.branch(on_float(float(x), n as f64), i);
            }
            self.save();
            slow_order(&mut *self.st, op, x, Value::int(n as i64), swap, i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn lti<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.order_imm(i, |x, y| x < y, |x, y| x < y, Order::Lt, false) }
    }
    #[inline(always)]
    pub(super) unsafe fn lei<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.order_imm(i, |x, y| x <= y, |x, y| x <= y, Order::Le, false) }
    }
    #[inline(always)]
    pub(super) unsafe fn gti<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.order_imm(i, |x, y| x > y, |x, y| x > y, Order::Lt, true) }
    }
    #[inline(always)]
    pub(super) unsafe fn gei<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.order_imm(i, |x, y| x >= y, |x, y| x >= y, Order::Le, true) }
    }
}

/// The generic form of an instruction, which learns the kind of its operands, and its forms for one
/// kind, which give up when they meet another.
macro_rules! kinds {
    ($($generic:ident [$INT:ident $FLOAT:ident $ANY:ident] |$m:ident, $i:ident| $x:expr, $y:expr;
       $(int $int:ident $on_int:expr,)? float $float:ident $on_float:expr => $finish:ident;)*) => {
        impl Machine {$(
            #[inline(always)]
            pub(super) unsafe fn $generic<const T: bool>(&mut self, $i: Instr) -> Flow {
                // SAFETY: rule 4.
                unsafe {
                    let $m = &*self;
                    learn_kind(self.pc, $x, $y, [LiveOp::$INT, LiveOp::$FLOAT, LiveOp::$ANY])
                }
            }
            $(#[inline(always)]
            pub(super) unsafe fn $int<const T: bool>(&mut self, $i: Instr) -> Flow {
                // SAFETY: rule 4.
                unsafe {
                    let $m = &*self;
                    let (x, y) = ($x, $y);
                    if both_int(x, y) {
                        return self.$finish($i, $on_int(int(x), int(y)));
                    }
                    change(self.pc, LiveOp::$ANY)
                }
            })?
            #[inline(always)]
            pub(super) unsafe fn $float<const T: bool>(&mut self, $i: Instr) -> Flow {
                // SAFETY: rule 4.
                unsafe {
                    let $m = &*self;
                    let (x, y) = ($x, $y);
                    if both_float(x, y) {
                        return self.$finish($i, $on_float(float(x), float(y)));
                    }
                    change(self.pc, LiveOp::$ANY)
                }
            }
        )*}
    };
}

impl Machine {
    #[inline(always)]
    unsafe fn put(&mut self, i: Instr, v: impl Into<Number>) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set(i.a(), v.into().0) };
        Flow::Next
    }
    #[inline(always)]
    unsafe fn decide(&mut self, i: Instr, truth: bool) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.branch(truth, i) }
    }
}

/// A number as a value.
struct Number(Value);

impl From<i64> for Number {
    #[inline(always)]
    fn from(i: i64) -> Number {
        Number(Value::int(i))
    }
}
impl From<f64> for Number {
    #[inline(always)]
    fn from(f: f64) -> Number {
        Number(Value::float(f))
    }
}

kinds! {
    add [ADD_INT ADD_FLOAT ADD_ANY] |m, i| m.r(i.b()), m.r(i.c());
        int add_int i64::wrapping_add, float add_float |x: f64, y: f64| x + y => put;
    sub [SUB_INT SUB_FLOAT SUB_ANY] |m, i| m.r(i.b()), m.r(i.c());
        int sub_int i64::wrapping_sub, float sub_float |x: f64, y: f64| x - y => put;
    mul [MUL_INT MUL_FLOAT MUL_ANY] |m, i| m.r(i.b()), m.r(i.c());
        int mul_int i64::wrapping_mul, float mul_float |x: f64, y: f64| x * y => put;
    div [DIV_ANY DIV_FLOAT DIV_ANY] |m, i| m.r(i.b()), m.r(i.c());
        float div_float |x: f64, y: f64| x / y => put;
    addk [ADDK_INT ADDK_FLOAT ADDK_ANY] |m, i| m.r(i.b()), m.k(i.du() as usize);
        int addk_int i64::wrapping_add, float addk_float |x: f64, y: f64| x + y => put;
    subk [SUBK_INT SUBK_FLOAT SUBK_ANY] |m, i| m.r(i.b()), m.k(i.du() as usize);
        int subk_int i64::wrapping_sub, float subk_float |x: f64, y: f64| x - y => put;
    mulk [MULK_INT MULK_FLOAT MULK_ANY] |m, i| m.r(i.b()), m.k(i.du() as usize);
        int mulk_int i64::wrapping_mul, float mulk_float |x: f64, y: f64| x * y => put;
    divk [DIVK_ANY DIVK_FLOAT DIVK_ANY] |m, i| m.r(i.b()), m.k(i.du() as usize);
        float divk_float |x: f64, y: f64| x / y => put;
    lt [LT_INT LT_FLOAT LT_ANY] |m, i| m.r(i.a()), m.r(i.b());
        int lt_int |x: i64, y: i64| x < y, float lt_float |x: f64, y: f64| x < y => decide;
    le [LE_INT LE_FLOAT LE_ANY] |m, i| m.r(i.a()), m.r(i.b());
        int le_int |x: i64, y: i64| x <= y, float le_float |x: f64, y: f64| x <= y => decide;
}
