//! Numbers as Lua has them: numerals to values, values to text, and the arithmetic of integers and
//! floats. Written once; constant folding, the interpreters and the compiled tiers borrow it.

mod decimal;
mod format;
mod parse;

pub use format::{FormatFlags, float_to_text, format_float, format_int, write_float, write_int, write_uint};
pub use parse::{hex_digit, is_space, str_to_float, str_to_int, str_to_number};

/// A number: one of the two subtypes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Num {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
}

impl Num {
    /// The number as a float; integers are rounded to the nearest one.
    #[inline]
    pub fn to_float(self) -> f64 {
        match self {
            Num::Int(i) => i as f64,
            Num::Float(f) => f,
        }
    }

    /// The number as an integer, if it has that exact value.
    #[inline]
    pub fn to_int(self) -> Option<i64> {
        match self {
            Num::Int(i) => Some(i),
            Num::Float(f) => float_to_int_exact(f),
        }
    }
}

/// `a // b` of integers: rounds towards minus infinity, wraps for `mininteger // -1`. `None` when `b`
/// is zero ("attempt to perform 'n//0'").
#[inline]
pub fn int_floor_div(a: i64, b: i64) -> Option<i64> {
    match b {
        0 => None,
        -1 => Some(a.wrapping_neg()),
        b => {
            let q = a / b;
            // The signs differ and the division is not exact: one less.
            Some(if (a ^ b) < 0 && q * b != a { q - 1 } else { q })
        }
    }
}

/// `a % b` of integers: the result has the sign of `b`. `None` when `b` is zero ("attempt to perform
/// 'n%%0'").
#[inline]
pub fn int_mod(a: i64, b: i64) -> Option<i64> {
    match b {
        0 => None,
        -1 => Some(0),
        b => {
            let r = a % b;
            Some(if r != 0 && (r ^ b) < 0 { r + b } else { r })
        }
    }
}

/// `a // b` of floats.
#[inline]
pub fn float_floor_div(a: f64, b: f64) -> f64 {
    (a / b).floor()
}

/// `a % b` of floats: C's `fmod`, moved to the sign of `b`.
#[inline]
pub fn float_mod(a: f64, b: f64) -> f64 {
    let m = a % b;
    let moves = if m > 0.0 { b < 0.0 } else { m < 0.0 && b > 0.0 };
    if moves { m + b } else { m }
}

/// `a ^ b`: C's `pow`, with the square as a product.
#[inline]
pub fn float_pow(a: f64, b: f64) -> f64 {
    if b == 2.0 { a * a } else { a.powf(b) }
}

/// `a << b`; a negative `b` shifts to the right. Both shifts fill with zeros; shifts of 64 and more
/// give 0.
#[inline]
pub fn shift_left(a: i64, b: i64) -> i64 {
    if b <= -64 || b >= 64 {
        0
    } else if b >= 0 {
        ((a as u64) << b) as i64
    } else {
        ((a as u64) >> -b) as i64
    }
}

/// `a >> b`, logical; a negative `b` shifts to the left.
#[inline]
pub fn shift_right(a: i64, b: i64) -> i64 {
    shift_left(a, b.wrapping_neg())
}

const TWO_63: f64 = 9_223_372_036_854_775_808.0;

/// A float that already is a whole number (or NaN, infinite), as an integer if it is in range.
#[inline]
fn whole_to_int(f: f64) -> Option<i64> {
    if (-TWO_63..TWO_63).contains(&f) {
        Some(f as i64)
    } else {
        None
    }
}

/// The integer that equals `f`, if there is one.
#[inline]
pub fn float_to_int_exact(f: f64) -> Option<i64> {
    if !(-TWO_63..TWO_63).contains(&f) {
        return None;
    }
    let i = f as i64;
    if i as f64 == f { Some(i) } else { None }
}

/// The largest integer not above `f`; `None` out of the range of integers and for NaN.
#[inline]
pub fn float_floor_to_int(f: f64) -> Option<i64> {
    whole_to_int(f.floor())
}

/// The smallest integer not below `f`; `None` out of the range of integers and for NaN.
#[inline]
pub fn float_ceil_to_int(f: f64) -> Option<i64> {
    whole_to_int(f.ceil())
}

/// Whether every float operation sees `i` exactly: `|i| <= 2^53`.
#[inline]
fn int_fits_float(i: i64) -> bool {
    ((1u64 << 53).wrapping_add(i as u64)) <= (1u64 << 54)
}

/// `i < f`, exact.
#[inline]
pub fn int_lt_float(i: i64, f: f64) -> bool {
    if int_fits_float(i) {
        return (i as f64) < f;
    }
    match float_ceil_to_int(f) {
        Some(fi) => i < fi,
        None => f > 0.0,
    }
}

/// `i <= f`, exact.
#[inline]
pub fn int_le_float(i: i64, f: f64) -> bool {
    if int_fits_float(i) {
        return (i as f64) <= f;
    }
    match float_floor_to_int(f) {
        Some(fi) => i <= fi,
        None => f > 0.0,
    }
}

/// `f < i`, exact.
#[inline]
pub fn float_lt_int(f: f64, i: i64) -> bool {
    if int_fits_float(i) {
        return f < (i as f64);
    }
    match float_floor_to_int(f) {
        Some(fi) => fi < i,
        None => f < 0.0,
    }
}

/// `f <= i`, exact.
#[inline]
pub fn float_le_int(f: f64, i: i64) -> bool {
    if int_fits_float(i) {
        return f <= (i as f64);
    }
    match float_ceil_to_int(f) {
        Some(fi) => fi <= i,
        None => f < 0.0,
    }
}

/// `i == f`, exact.
#[inline]
pub fn int_eq_float(i: i64, f: f64) -> bool {
    float_to_int_exact(f) == Some(i)
}

/// `a < b` of any two numbers.
#[inline]
pub fn num_lt(a: Num, b: Num) -> bool {
    match (a, b) {
        (Num::Int(a), Num::Int(b)) => a < b,
        (Num::Int(a), Num::Float(b)) => int_lt_float(a, b),
        (Num::Float(a), Num::Int(b)) => float_lt_int(a, b),
        (Num::Float(a), Num::Float(b)) => a < b,
    }
}

/// `a <= b` of any two numbers.
#[inline]
pub fn num_le(a: Num, b: Num) -> bool {
    match (a, b) {
        (Num::Int(a), Num::Int(b)) => a <= b,
        (Num::Int(a), Num::Float(b)) => int_le_float(a, b),
        (Num::Float(a), Num::Int(b)) => float_le_int(a, b),
        (Num::Float(a), Num::Float(b)) => a <= b,
    }
}

/// `a == b` of any two numbers.
#[inline]
pub fn num_eq(a: Num, b: Num) -> bool {
    match (a, b) {
        (Num::Int(a), Num::Int(b)) => a == b,
        (Num::Int(a), Num::Float(b)) | (Num::Float(b), Num::Int(a)) => int_eq_float(a, b),
        (Num::Float(a), Num::Float(b)) => a == b,
    }
}

/// The last value an integer `for` loop may reach: `limit` clipped to the integers. `None`: the
/// loop does not run. `step` is not zero.
#[inline]
pub fn for_limit(init: i64, limit: Num, step: i64) -> Option<i64> {
    let clipped = match limit {
        Num::Int(l) => l,
        Num::Float(f) => float_for_limit(f, step)?,
    };
    let skips = if step > 0 { init > clipped } else { init < clipped };
    if skips { None } else { Some(clipped) }
}

fn float_for_limit(f: f64, step: i64) -> Option<i64> {
    let whole = if step < 0 {
        float_ceil_to_int(f)
    } else {
        float_floor_to_int(f)
    };
    if whole.is_some() {
        return whole;
    }
    if f > 0.0 {
        if step < 0 { None } else { Some(i64::MAX) }
    } else if step > 0 {
        None
    } else {
        Some(i64::MIN)
    }
}

/// How many times an integer `for` loop goes round *after* its first iteration; `None` when it does
/// not run at all. `step` is not zero.
#[inline]
pub fn for_count(init: i64, limit: Num, step: i64) -> Option<u64> {
    let limit = for_limit(init, limit, step)?;
    Some(if step > 0 {
        (limit as u64).wrapping_sub(init as u64) / step as u64
    } else {
        (init as u64).wrapping_sub(limit as u64) / step.unsigned_abs()
    })
}

/// Whether a float `for` loop does not even start. A limit that is NaN lets it run once. `step` is not
/// zero.
#[inline]
pub fn float_for_skips(init: f64, limit: f64, step: f64) -> bool {
    if step > 0.0 { limit < init } else { init < limit }
}

/// Whether a float `for` loop that has started has an iteration with the control value `value`. `step` is not zero.
#[inline]
pub fn float_for_runs(value: f64, limit: f64, step: f64) -> bool {
    if step > 0.0 {
        value <= limit
    } else {
        limit <= value
    }
}
