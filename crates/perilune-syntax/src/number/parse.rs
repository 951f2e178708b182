//! Numerals -> values, by the rules of `lua_stringtonumber`.

use super::Num;

/// Whether `b` is white space in the C locale.
#[inline]
pub fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t'..=b'\r')
}

/// The value of a hexadecimal digit.
#[inline]
pub fn hex_digit(b: u8) -> Option<u8> {
    match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        b'A'..=b'F' => Some(b - b'A' + 10),
        _ => None,
    }
}

/// Converts a whole string to a number: optional white space, an optional sign, a decimal or
/// hexadecimal numeral, optional white space. A decimal integer that does not fit becomes a float; a
/// hexadecimal one wraps around.
pub fn str_to_number(s: &[u8]) -> Option<Num> {
    let (negative, body) = sign(trim(s));
    if let Some(i) = int_body(body, negative) {
        return Some(Num::Int(i));
    }
    float_body(body).map(|f| Num::Float(if negative { -f } else { f }))
}

/// Converts a whole string to an integer, as [`str_to_number`] but only where the numeral is written
/// as an integer that fits.
pub fn str_to_int(s: &[u8]) -> Option<i64> {
    let (negative, body) = sign(trim(s));
    int_body(body, negative)
}

/// Converts a whole string to a float, whatever kind of numeral it is.
pub fn str_to_float(s: &[u8]) -> Option<f64> {
    str_to_number(s).map(Num::to_float)
}

fn trim(mut s: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = s
        && is_space(*first)
    {
        s = rest;
    }
    while let [rest @ .., last] = s
        && is_space(*last)
    {
        s = rest;
    }
    s
}

fn sign(s: &[u8]) -> (bool, &[u8]) {
    match s {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, s),
    }
}

fn int_body(s: &[u8], negative: bool) -> Option<i64> {
    let magnitude = match s {
        [b'0', b'x' | b'X', digits @ ..] => hex_int(digits)?,
        digits => decimal_int(digits, negative)?,
    };
    Some(if negative {
        magnitude.wrapping_neg()
    } else {
        magnitude
    } as i64)
}

fn hex_int(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits
        .iter()
        .try_fold(0u64, |a, &d| Some((a << 4) | u64::from(hex_digit(d)?)))
}

fn decimal_int(digits: &[u8], negative: bool) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    let limit = i64::MAX as u64 + u64::from(negative);
    digits.iter().try_fold(0u64, |a, &d| {
        if !d.is_ascii_digit() {
            return None;
        }
        let next = a.checked_mul(10)?.checked_add(u64::from(d - b'0'))?;
        (next <= limit).then_some(next)
    })
}

fn float_body(s: &[u8]) -> Option<f64> {
    match s {
        [b'0', b'x' | b'X', rest @ ..] => hex_float(rest),
        _ => decimal_float(s),
    }
}

/// How many decimal digits `s` starts with.
fn digit_count(s: &[u8]) -> usize {
    s.iter().take_while(|b| b.is_ascii_digit()).count()
}

fn decimal_float(s: &[u8]) -> Option<f64> {
    let whole = digit_count(s);
    let mut rest = &s[whole..];
    let mut fraction = 0;
    if let [b'.', tail @ ..] = rest {
        fraction = digit_count(tail);
        rest = &tail[fraction..];
    }
    if whole + fraction == 0 {
        return None;
    }
    if let [b'e' | b'E', tail @ ..] = rest {
        let (_, digits) = sign(tail);
        if digits.is_empty() || digit_count(digits) != digits.len() {
            return None;
        }
    } else if !rest.is_empty() {
        return None;
    }
    std::str::from_utf8(s).ok()?.parse().ok()
}

/// A hexadecimal float without its `0x`, correctly rounded.
fn hex_float(s: &[u8]) -> Option<f64> {
    let mut mantissa = 0u64;
    let mut sticky = false;
    let mut exponent = 0i64;
    let mut digits = 0usize;
    let mut dot = false;
    let mut at = 0;
    while let Some(&b) = s.get(at) {
        if let Some(d) = hex_digit(b) {
            digits += 1;
            if mantissa >> 60 == 0 {
                mantissa = (mantissa << 4) | u64::from(d);
                exponent -= if dot { 4 } else { 0 };
            } else {
                sticky |= d != 0;
                exponent += if dot { 0 } else { 4 };
            }
        } else if b == b'.' && !dot {
            dot = true;
        } else {
            break;
        }
        at += 1;
    }
    if digits == 0 {
        return None;
    }
    let shift = binary_exponent(&s[at..])?;
    Some(compose(mantissa, exponent.saturating_add(shift), sticky))
}

/// The `p` part of a hexadecimal float: 0 when absent, `None` when malformed.
fn binary_exponent(s: &[u8]) -> Option<i64> {
    let [b'p' | b'P', tail @ ..] = s else {
        return s.is_empty().then_some(0);
    };
    let (negative, digits) = sign(tail);
    if digits.is_empty() || digit_count(digits) != digits.len() {
        return None;
    }
    let value = digits.iter().fold(0i64, |a, &d| {
        a.saturating_mul(10).saturating_add(i64::from(d - b'0'))
    });
    Some(if negative { -value } else { value })
}

/// The float nearest to `mantissa * 2^exponent` (a little more when `sticky`), ties to even.
fn compose(mantissa: u64, exponent: i64, sticky: bool) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let zeros = mantissa.leading_zeros();
    let m = u128::from(mantissa << zeros);
    // The value is 1.xxx * 2^top.
    let top = exponent.saturating_add(63 - i64::from(zeros));
    if top > 1023 {
        return f64::INFINITY;
    }
    if top < -1075 {
        return 0.0;
    }
    let lost = if top >= -1022 { 11 } else { 11 + (-1022 - top) };
    let kept = (m >> lost) as u64;
    let rest = m & ((1u128 << lost) - 1);
    let half = 1u128 << (lost - 1);
    let up = rest > half || (rest == half && (sticky || kept & 1 == 1));
    let base = if top >= -1022 {
        (((top + 1023) as u64) << 52) - (1 << 52)
    } else {
        0
    };
    f64::from_bits(base + kept + u64::from(up))
}
