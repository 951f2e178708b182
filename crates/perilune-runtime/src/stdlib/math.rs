//! The `math` library, with its pseudo-random generator (xoshiro256**).

use super::util;
use crate::error::Throw;
use crate::native::Ret;
use crate::semantics::compare::{Order, raw_order};
use crate::state::State;
use crate::value::Value;

/// Registers the library.
pub fn open(st: &mut State) -> Result<(), Throw> {
    let lib = util::library(
        st,
        &[
            ("abs", abs),
            ("acos", acos),
            ("asin", asin),
            ("atan", atan),
            ("ceil", ceil),
            ("cos", cos),
            ("deg", deg),
            ("exp", exp),
            ("tointeger", tointeger),
            ("floor", floor),
            ("fmod", fmod),
            ("frexp", frexp),
            ("ult", ult),
            ("ldexp", ldexp),
            ("log", log),
            ("max", max),
            ("min", min),
            ("modf", modf),
            ("random", random),
            ("randomseed", randomseed),
            ("rad", rad),
            ("sin", sin),
            ("sqrt", sqrt),
            ("tan", tan),
        ],
    )?;
    super::add_module(st, "math", lib)?;
    util::set_with_names(st, lib, "type", type_, &["integer", "float"])?;
    st.set_field(lib, "pi", Value::float(std::f64::consts::PI))?;
    st.set_field(lib, "huge", Value::float(f64::INFINITY))?;
    st.set_field(lib, "maxinteger", Value::int(i64::MAX))?;
    st.set_field(lib, "mininteger", Value::int(i64::MIN))?;
    st.generator = Generator::seeded(st.seed(), 0);
    Ok(())
}

/// The float function `function` of argument 1.
#[inline]
fn unary(st: &mut State, function: impl Fn(f64) -> f64) -> Result<Ret, Throw> {
    let x = st.check_num(1)?;
    Ok(Ret::One(Value::float(function(x))))
}

fn abs(st: &mut State) -> Result<Ret, Throw> {
    match st.arg(1).as_int() {
        Some(n) => Ok(Ret::One(Value::int(n.wrapping_abs()))),
        None => unary(st, f64::abs),
    }
}

fn sin(st: &mut State) -> Result<Ret, Throw> {
    unary(st, f64::sin)
}

fn cos(st: &mut State) -> Result<Ret, Throw> {
    unary(st, f64::cos)
}

fn tan(st: &mut State) -> Result<Ret, Throw> {
    unary(st, f64::tan)
}

fn asin(st: &mut State) -> Result<Ret, Throw> {
    unary(st, f64::asin)
}

fn acos(st: &mut State) -> Result<Ret, Throw> {
    unary(st, f64::acos)
}

fn atan(st: &mut State) -> Result<Ret, Throw> {
    let y = st.check_num(1)?;
    let x = st.opt_num(2, 1.0)?;
    Ok(Ret::One(Value::float(y.atan2(x))))
}

fn exp(st: &mut State) -> Result<Ret, Throw> {
    unary(st, f64::exp)
}

fn sqrt(st: &mut State) -> Result<Ret, Throw> {
    unary(st, f64::sqrt)
}

fn deg(st: &mut State) -> Result<Ret, Throw> {
    unary(st, |x| x * (180.0 / std::f64::consts::PI))
}

fn rad(st: &mut State) -> Result<Ret, Throw> {
    unary(st, |x| x * (std::f64::consts::PI / 180.0))
}

/// A float rounded towards zero, where that fits an integer.
#[inline]
fn truncated(x: f64) -> Option<i64> {
    const LIMIT: f64 = (1u64 << 63) as f64;
    (-LIMIT..LIMIT).contains(&x).then_some(x as i64)
}

fn floor(st: &mut State) -> Result<Ret, Throw> {
    let value = st.arg(1);
    if value.is_int() {
        return Ok(Ret::One(value));
    }
    let x = st.check_num(1)?;
    // What does not fit is integral, infinite or not a number.
    Ok(Ret::One(match truncated(x) {
        Some(n) => Value::int(n - i64::from(n as f64 > x)),
        None => Value::float(x),
    }))
}

fn ceil(st: &mut State) -> Result<Ret, Throw> {
    let value = st.arg(1);
    if value.is_int() {
        return Ok(Ret::One(value));
    }
    let x = st.check_num(1)?;
    Ok(Ret::One(match truncated(x) {
        Some(n) => Value::int(n + i64::from((n as f64) < x)),
        None => Value::float(x),
    }))
}

fn tointeger(st: &mut State) -> Result<Ret, Throw> {
    match st.arg(1).to_integer(&st.heap) {
        Some(n) => Ok(Ret::One(Value::int(n))),
        None => {
            st.check_any(1)?;
            Ok(Ret::One(Value::NIL))
        }
    }
}

fn fmod(st: &mut State) -> Result<Ret, Throw> {
    if let (Some(a), Some(b)) = (st.arg(1).as_int(), st.arg(2).as_int()) {
        if b == 0 {
            return Err(st.arg_error(2, "zero"));
        }
        return Ok(Ret::One(Value::int(a.wrapping_rem(b))));
    }
    let b = st.check_num(2)?;
    let a = st.check_num(1)?;
    Ok(Ret::One(Value::float(a % b)))
}

fn modf(st: &mut State) -> Result<Ret, Throw> {
    let value = st.arg(1);
    let (whole, fraction) = if value.is_int() {
        (value, 0.0)
    } else {
        let x = st.check_num(1)?;
        match truncated(x) {
            Some(n) => (Value::int(n), if x == n as f64 { 0.0 } else { x - n as f64 }),
            None => (Value::float(x), if x.is_nan() { x } else { 0.0 }),
        }
    };
    Ok(Ret::Two(whole, Value::float(fraction)))
}

fn ult(st: &mut State) -> Result<Ret, Throw> {
    let a = st.check_int(1)?;
    let b = st.check_int(2)?;
    Ok(Ret::One(Value::bool((a as u64) < b as u64)))
}

fn log(st: &mut State) -> Result<Ret, Throw> {
    let x = st.check_num(1)?;
    let result = if st.arg(2).is_nil() {
        x.ln()
    } else {
        let base = st.check_num(2)?;
        if base == 2.0 {
            x.log2()
        } else if base == 10.0 {
            x.log10()
        } else {
            x.ln() / base.ln()
        }
    };
    Ok(Ret::One(Value::float(result)))
}

/// `x` as a fraction in [0.5, 1) and a power of two.
fn split_float(x: f64) -> (f64, i64) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let (scaled, shift) = if x.is_subnormal() {
        (x * (1u64 << 54) as f64, -54)
    } else {
        (x, 0)
    };
    let bits = scaled.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i64 - 1022;
    let fraction = f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52);
    (fraction, exponent + shift)
}

fn frexp(st: &mut State) -> Result<Ret, Throw> {
    let x = st.check_num(1)?;
    let (fraction, exponent) = split_float(x);
    Ok(Ret::Two(Value::float(fraction), Value::int(exponent)))
}

/// `x * 2^exponent`, rounded once.
fn scale_float(x: f64, exponent: i32) -> f64 {
    let (fraction, own) = split_float(x);
    if fraction == 0.0 || !fraction.is_finite() {
        return x;
    }
    let exponent = own + i64::from(exponent);
    if exponent > 1024 {
        return x.signum() * f64::INFINITY;
    }
    if exponent < -1080 {
        return x.signum() * 0.0;
    }
    let power = |e: i64| f64::from_bits(((e + 1023) as u64) << 52);
    if exponent >= -1021 {
        return fraction * 2.0 * power(exponent - 1);
    }
    fraction * power(exponent + 200) * power(-200)
}

fn ldexp(st: &mut State) -> Result<Ret, Throw> {
    let x = st.check_num(1)?;
    let exponent = st.check_int(2)? as i32;
    Ok(Ret::One(Value::float(scale_float(x, exponent))))
}

/// The argument that no other one beats; `beats(i, best)` compares two arguments.
fn best(
    st: &mut State,
    beats: impl Fn(&mut State, usize, usize) -> Result<bool, Throw>,
) -> Result<Ret, Throw> {
    if st.nargs() == 0 {
        return Err(st.arg_error(1, "value expected"));
    }
    let mut best = 1;
    for i in 2..=st.nargs() {
        if beats(st, i, best)? {
            best = i;
        }
    }
    Ok(Ret::One(st.arg(best)))
}

/// Whether argument `a` is less than argument `b`.
fn less(st: &mut State, a: usize, b: usize) -> Result<bool, Throw> {
    let (a, b) = (st.arg(a), st.arg(b));
    match raw_order(st, Order::Lt, a, b) {
        Some(is_less) => Ok(is_less),
        None => st.less_than(a, b),
    }
}

fn min(st: &mut State) -> Result<Ret, Throw> {
    best(st, less)
}

fn max(st: &mut State) -> Result<Ret, Throw> {
    best(st, |st, i, best| less(st, best, i))
}

/// Its upvalues are the names of the two kinds.
fn type_(st: &mut State) -> Result<Ret, Throw> {
    let value = st.arg(1);
    if value.is_number() {
        return Ok(Ret::One(st.upvalue(if value.is_int() { 1 } else { 2 })));
    }
    st.check_any(1)?;
    Ok(Ret::One(Value::NIL))
}

/// The state of the pseudo-random generator.
#[derive(Default)]
pub struct Generator([u64; 4]);

impl Generator {
    fn seeded(n1: u64, n2: u64) -> Self {
        let mut generator = Self([n1, 0xff, n2, 0]);
        for _ in 0..16 {
            generator.next();
        }
        generator
    }

    fn next(&mut self) -> u64 {
        let [s0, s1, s2, s3] = self.0;
        let s2 = s2 ^ s0;
        let s3 = s3 ^ s1;
        self.0 = [s0 ^ s3, s1 ^ s2, s2 ^ (s1 << 17), s3.rotate_left(45)];
        s1.wrapping_mul(5).rotate_left(7).wrapping_mul(9)
    }

    /// The smallest 2^k - 1 that is not below `n`.
    fn limit(n: u64) -> u64 {
        u64::MAX.checked_shr(n.leading_zeros()).unwrap_or(0)
    }

    /// Draws words masked by `limit` until one falls into `0..=n`.
    fn draw(&mut self, n: u64, limit: u64) -> u64 {
        loop {
            let word = self.next() & limit;
            if word <= n {
                return word;
            }
        }
    }
}

fn random(st: &mut State) -> Result<Ret, Throw> {
    let word = st.generator.next();
    let (low, high) = match st.nargs() {
        0 => {
            let unit = (word >> 11) as f64 * (0.5 / (1u64 << 52) as f64);
            return Ok(Ret::One(Value::float(unit)));
        }
        1 => match st.check_int(1)? {
            0 => return Ok(Ret::One(Value::int(word as i64))),
            high => (1, high),
        },
        2 => (st.check_int(1)?, st.check_int(2)?),
        _ => return Err(st.error("wrong number of arguments")),
    };
    if low > high {
        return Err(st.arg_error(1, "interval is empty"));
    }
    let range = (high as u64).wrapping_sub(low as u64);
    let limit = Generator::limit(range);
    let mut offset = word & limit;
    if offset > range {
        offset = st.generator.draw(range, limit);
    }
    Ok(Ret::One(Value::int(offset.wrapping_add(low as u64) as i64)))
}

fn randomseed(st: &mut State) -> Result<Ret, Throw> {
    let (n1, n2) = if st.arg_is_none(1) {
        (fresh_seed(st), st.generator.next())
    } else {
        (st.check_int(1)? as u64, st.opt_int(2, 0)? as u64)
    };
    st.generator = Generator::seeded(n1, n2);
    Ok(Ret::Two(Value::int(n1 as i64), Value::int(n2 as i64)))
}

/// A seed from the clock, or the state's own seed in a deterministic run.
fn fresh_seed(st: &State) -> u64 {
    if st.deterministic() {
        return st.seed();
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanos = now.map_or(0, |d| d.as_nanos() as u64);
    st.seed() ^ nanos.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
