//! Values -> text: integers, floats as `tostring` shows them, and C's `printf` conversions.

use std::fmt::Write;

use super::decimal::{self, Decimal};
use crate::ast::Dialect;

/// The flags of a `printf` conversion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FormatFlags {
    /// `-`: pad to the right.
    pub left: bool,
    /// `+`: always a sign.
    pub plus: bool,
    /// space: a space where the sign would be.
    pub space: bool,
    /// `#`: the alternative form.
    pub alternate: bool,
    /// `0`: pad with zeros.
    pub zero: bool,
}

/// A small buffer on the stack that `core::fmt` can write to.
struct Buffer {
    bytes: [u8; 32],
    len: usize,
}

impl Buffer {
    fn new() -> Self {
        Buffer {
            bytes: [0; 32],
            len: 0,
        }
    }
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Write for Buffer {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        let end = self.len + s.len();
        let Some(space) = self.bytes.get_mut(self.len..end) else {
            return Err(std::fmt::Error);
        };
        space.copy_from_slice(s.as_bytes());
        self.len = end;
        Ok(())
    }
}

const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
2021222324252627282930313233343536373839\
4041424344454647484950515253545556575859\
6061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

/// The decimal digits of `value`, at the end of `buffer`.
#[inline]
fn uint_digits(buffer: &mut [u8; 20], mut value: u64) -> &[u8] {
    let mut at = buffer.len();
    while value >= 100 {
        let pair = (value % 100) as usize * 2;
        value /= 100;
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    }
    if value >= 10 {
        let pair = value as usize * 2;
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    } else {
        at -= 1;
        buffer[at] = b'0' + value as u8;
    }
    &buffer[at..]
}

/// Appends `value` in decimal.
pub fn write_uint(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(uint_digits(&mut [0; 20], value));
}

/// Appends `value` in decimal, as `tostring` shows an integer.
#[inline]
pub fn write_int(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    write_uint(out, value.unsigned_abs());
}

/// The text of a float, as `tostring` shows it.
pub fn float_to_text(value: f64, dialect: Dialect) -> Vec<u8> {
    let mut out = Vec::with_capacity(24);
    write_float(&mut out, value, dialect);
    out
}

/// Appends the text of a float, as `tostring` shows it: in Lua 5.5 with 15 digits or, where those do
/// not read back as the same float, 17; in Lua 5.4 with 14 digits. A `.0` marks a float that looks
/// like an integer.
pub fn write_float(out: &mut Vec<u8>, value: f64, dialect: Dialect) {
    let (digits, small) = match dialect {
        Dialect::Lua55 => (15, 1e15),
        Dialect::Lua54 => (14, 1e14),
    };
    if !value.is_finite() {
        return write_special(out, value);
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let value = value.abs();
    if value < small && value == value.trunc() {
        write_uint(out, value as u64);
        out.extend_from_slice(b".0");
        return;
    }
    let start = out.len();
    if let Some((decimal, precision)) = shown_digits(value, dialect) {
        general_layout(out, decimal.digits(), decimal.exponent, precision);
        if out[start..].iter().all(u8::is_ascii_digit) {
            out.extend_from_slice(b".0");
        }
        return;
    }
    let mut text = Buffer::new();
    // The shortest text that reads back, when it has at most `digits` digits, is what "%.15g" gives,
    // except for subnormal numbers, which have less precision than that.
    let _ = write!(text, "{value:e}");
    if value.is_subnormal() {
        text = exponential_for_subnormal(value, digits);
    } else if significant(text.as_bytes()) > digits {
        let shown = if dialect == Dialect::Lua55 { 17 } else { digits };
        text = exponential(value, shown);
    }
    let (mantissa, exponent) = split_exponential(text.as_bytes());
    general_layout(out, mantissa, exponent, digits_limit(dialect, mantissa, digits));
    if out[start..].iter().all(u8::is_ascii_digit) {
        out.extend_from_slice(b".0");
    }
}

/// The digits that `tostring` shows of a positive float, and the precision of the `%g` that chose
/// them; `None` for those far from 1.
fn shown_digits(value: f64, dialect: Dialect) -> Option<(Decimal, i32)> {
    if dialect == Dialect::Lua54 {
        return Some((Decimal::new(value, 14)?, 14));
    }
    let short = Decimal::new(value, 15)?;
    if short.reads_as(value) {
        return Some((short, 15));
    }
    Some((Decimal::new(value, 17)?, 17))
}

/// The precision of the `%g` that chose these digits: it decides between the two layouts.
fn digits_limit(dialect: Dialect, mantissa: &[u8], digits: usize) -> i32 {
    let count = mantissa.iter().filter(|b| b.is_ascii_digit()).count();
    if dialect == Dialect::Lua55 && count > digits {
        17
    } else {
        digits as i32
    }
}

fn exponential(value: f64, digits: usize) -> Buffer {
    let mut text = Buffer::new();
    let _ = write!(text, "{value:.*e}", digits - 1);
    text
}

fn exponential_for_subnormal(value: f64, digits: usize) -> Buffer {
    let text = exponential(value, digits);
    let same = std::str::from_utf8(text.as_bytes())
        .ok()
        .and_then(|s| s.parse().ok())
        == Some(value);
    if same || digits < 15 {
        text
    } else {
        exponential(value, 17)
    }
}

/// How many digits the mantissa of an exponential text has.
fn significant(text: &[u8]) -> usize {
    text.iter()
        .take_while(|&&b| b != b'e')
        .filter(|b| b.is_ascii_digit())
        .count()
}

/// Splits Rust's `d.ddde-x` into mantissa and exponent.
fn split_exponential(text: &[u8]) -> (&[u8], i32) {
    let e = text.iter().position(|&b| b == b'e').unwrap_or(text.len());
    let exponent = text
        .get(e + 1..)
        .and_then(|t| std::str::from_utf8(t).ok()?.parse().ok());
    (&text[..e], exponent.unwrap_or(0))
}

/// `inf`, `nan` and their negatives, as C prints them.
fn write_special(out: &mut Vec<u8>, value: f64) {
    if value.is_sign_negative() {
        out.push(b'-');
    }
    out.extend_from_slice(if value.is_nan() { b"nan" } else { b"inf" });
}

/// Lays out `mantissa` (`d.ddd`) as `%g` does, without trailing zeros.
fn general_layout(out: &mut Vec<u8>, mantissa: &[u8], exponent: i32, precision: i32) {
    let mut digits = [0u8; 24];
    let mut count = 0;
    for &b in mantissa.iter().filter(|b| b.is_ascii_digit()) {
        digits[count] = b;
        count += 1;
    }
    while count > 1 && digits[count - 1] == b'0' {
        count -= 1;
    }
    let digits = &digits[..count];
    if exponent < -4 || exponent >= precision {
        out.push(digits[0]);
        if count > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        write_exponent(out, exponent, b'e');
    } else if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + (-1 - exponent) as usize, b'0');
        out.extend_from_slice(digits);
    } else {
        let whole = exponent as usize + 1;
        out.extend_from_slice(&digits[..whole.min(count)]);
        if count > whole {
            out.push(b'.');
            out.extend_from_slice(&digits[whole..]);
        } else {
            out.resize(out.len() + whole - count, b'0');
        }
    }
}

/// Appends `e+XX`, with at least two digits.
fn write_exponent(out: &mut Vec<u8>, exponent: i32, letter: u8) {
    out.push(letter);
    out.push(if exponent < 0 { b'-' } else { b'+' });
    if exponent.abs() < 10 {
        out.push(b'0');
    }
    write_uint(out, u64::from(exponent.unsigned_abs()));
}

/// Appends `value` as C's `printf` does for the conversion `conv` (one of `eEfFgGaA`; others count
/// as `g`), exact for every precision. `precision` is `None` when it is not given.
pub fn format_float(
    out: &mut Vec<u8>,
    value: f64,
    conv: u8,
    flags: FormatFlags,
    width: usize,
    precision: Option<usize>,
) {
    let magnitude = value.abs();
    let mut flags = flags;
    let start = out.len();
    out.extend_from_slice(sign_text(value.is_sign_negative(), flags));
    let kind = conv.to_ascii_lowercase();
    if kind == b'a' && value.is_finite() {
        out.extend_from_slice(b"0x");
    }
    let body = out.len();
    if !value.is_finite() {
        write_special(out, magnitude);
        flags.zero = false;
    } else {
        match kind {
            b'a' => hexadecimal(out, magnitude, precision, flags.alternate),
            b'e' => scientific(out, magnitude, precision.unwrap_or(6), flags.alternate),
            b'f' => fixed(out, magnitude, precision.unwrap_or(6), flags.alternate),
            _ => general(out, magnitude, precision.unwrap_or(6), flags.alternate),
        }
    }
    align(out, start, body, flags, width);
    if conv.is_ascii_uppercase() {
        out[start..].make_ascii_uppercase();
    }
}

/// Appends `value` as C's `printf` does for the conversion `conv`: `d` and `i` signed, `u`, `o`, `x`,
/// `X` as if unsigned. `precision` is the least number of digits.
pub fn format_int(
    out: &mut Vec<u8>,
    value: i64,
    conv: u8,
    flags: FormatFlags,
    width: usize,
    precision: Option<usize>,
) {
    let mut decimal = [0; 20];
    let mut other = [0; 22];
    let mut prefix: &[u8] = b"";
    let mut digits = match conv {
        b'd' | b'i' => uint_digits(&mut decimal, value.unsigned_abs()),
        b'x' | b'X' => {
            if flags.alternate && value != 0 {
                prefix = if conv == b'x' { b"0x" } else { b"0X" };
            }
            in_base(&mut other, value as u64, 4, conv == b'X')
        }
        b'o' => in_base(&mut other, value as u64, 3, false),
        _ => uint_digits(&mut decimal, value as u64),
    };
    if precision == Some(0) && value == 0 {
        digits = b"";
    }
    let mut zeros = precision.unwrap_or(1).saturating_sub(digits.len());
    if conv == b'o' && flags.alternate && zeros == 0 && digits.first() != Some(&b'0') {
        zeros = 1;
    }
    let mut flags = flags;
    flags.zero &= precision.is_none();
    let start = out.len();
    if matches!(conv, b'd' | b'i') {
        out.extend_from_slice(sign_text(value < 0, flags));
    }
    out.extend_from_slice(prefix);
    let body = out.len();
    out.resize(body + zeros, b'0');
    out.extend_from_slice(digits);
    align(out, start, body, flags, width);
}

/// The digits of `value` in base 2^`bits`, at the end of `buffer`.
fn in_base(buffer: &mut [u8; 22], mut value: u64, bits: u32, upper: bool) -> &[u8] {
    let table: &[u8; 16] = if upper {
        b"0123456789ABCDEF"
    } else {
        b"0123456789abcdef"
    };
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = table[(value & ((1 << bits) - 1)) as usize];
        value >>= bits;
        if value == 0 {
            return &buffer[at..];
        }
    }
}

/// Appends `value` in base 16.
fn write_hex(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(in_base(&mut [0; 22], value, 4, false));
}

fn sign_text(negative: bool, flags: FormatFlags) -> &'static [u8] {
    if negative {
        b"-"
    } else if flags.plus {
        b"+"
    } else if flags.space {
        b" "
    } else {
        b""
    }
}

/// Makes the text from `start` on, whose sign and prefix end at `body`, fill a field of `width`.
fn align(out: &mut Vec<u8>, start: usize, body: usize, flags: FormatFlags, width: usize) {
    let end = out.len();
    let missing = width.saturating_sub(end - start);
    if missing == 0 {
        return;
    }
    out.resize(end + missing, b' ');
    if flags.left {
        return;
    }
    let (at, fill) = if flags.zero { (body, b'0') } else { (start, b' ') };
    out.copy_within(at..end, at + missing);
    out[at..at + missing].fill(fill);
}

/// `core::fmt` into a byte vector.
struct Bytes<'a>(&'a mut Vec<u8>);

impl Write for Bytes<'_> {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        self.0.extend_from_slice(s.as_bytes());
        Ok(())
    }
}

fn fixed(out: &mut Vec<u8>, value: f64, precision: usize, point: bool) {
    if let Some((whole, rest)) = decimal::fixed(value, precision) {
        write_uint(out, whole);
        if precision > 0 || point {
            out.push(b'.');
        }
        let at = out.len();
        out.resize(at + precision, b'0');
        decimal::write_digits(&mut out[at..], rest);
        return;
    }
    let _ = write!(Bytes(out), "{value:.precision$}");
    if precision == 0 && point {
        out.push(b'.');
    }
}

fn scientific(out: &mut Vec<u8>, value: f64, precision: usize, point: bool) {
    if value > 0.0
        && precision < decimal::MAX_DIGITS
        && let Some(decimal) = Decimal::new(value, precision + 1)
    {
        let (first, rest) = decimal.digits().split_at(1);
        out.extend_from_slice(first);
        if precision > 0 || point {
            out.push(b'.');
        }
        out.extend_from_slice(rest);
        write_exponent(out, decimal.exponent, b'e');
        return;
    }
    let mut text = Vec::with_capacity(precision + 8);
    let _ = write!(Bytes(&mut text), "{value:.precision$e}");
    let (mantissa, exponent) = split_exponential(&text);
    out.extend_from_slice(mantissa);
    if precision == 0 && point {
        out.push(b'.');
    }
    write_exponent(out, exponent, b'e');
}

fn general(out: &mut Vec<u8>, value: f64, precision: usize, alternate: bool) {
    let precision = precision.max(1);
    if value > 0.0
        && !alternate
        && precision <= decimal::MAX_DIGITS
        && let Some(decimal) = Decimal::new(value, precision)
    {
        general_layout(out, decimal.digits(), decimal.exponent, precision as i32);
        return;
    }
    let mut text = Vec::with_capacity(precision + 8);
    let _ = write!(Bytes(&mut text), "{value:.*e}", precision - 1);
    let (mantissa, exponent) = split_exponential(&text);
    let start = out.len();
    let fits = exponent >= -4 && i64::from(exponent) < precision as i64;
    if fits {
        let decimals = (precision as i64 - 1 - i64::from(exponent)) as usize;
        let _ = write!(Bytes(out), "{value:.decimals$}");
    } else {
        out.extend_from_slice(mantissa);
    }
    let has_point = out[start..].contains(&b'.');
    if alternate && !has_point {
        out.push(b'.');
    } else if !alternate && has_point {
        while out.last() == Some(&b'0') {
            out.pop();
        }
        if out.last() == Some(&b'.') {
            out.pop();
        }
    }
    if !fits {
        write_exponent(out, exponent, b'e');
    }
}

/// The body of `%a`: what follows `0x`.
fn hexadecimal(out: &mut Vec<u8>, value: f64, precision: Option<usize>, point: bool) {
    const FRACTION: u64 = (1 << 52) - 1;
    let bits = value.to_bits();
    let biased = (bits >> 52) as i32;
    let exponent = match (biased, bits & FRACTION) {
        (0, 0) => 0,
        (0, _) => -1022,
        (biased, _) => biased - 1023,
    };
    let mut mantissa = (bits & FRACTION) | (u64::from(biased != 0) << 52);
    let digits = match precision {
        Some(p) if p < 13 => {
            mantissa = round_bits(mantissa, 52 - 4 * p as u32);
            p
        }
        Some(_) => 13,
        None => 13 - ((mantissa & FRACTION).trailing_zeros() / 4).min(13) as usize,
    };
    write_hex(out, mantissa >> 52);
    if digits > 0 || point || precision.is_some_and(|p| p > 0) {
        out.push(b'.');
    }
    for i in 0..digits {
        write_hex(out, (mantissa >> (48 - 4 * i)) & 15);
    }
    out.resize(out.len() + precision.map_or(0, |p| p.saturating_sub(13)), b'0');
    out.push(b'p');
    out.push(if exponent < 0 { b'-' } else { b'+' });
    write_uint(out, u64::from(exponent.unsigned_abs()));
}

/// Rounds off the low `bits` bits, ties to even, and leaves them zero.
fn round_bits(value: u64, bits: u32) -> u64 {
    let rest = value & ((1 << bits) - 1);
    let kept = value >> bits;
    let half = 1u64 << (bits - 1);
    let up = rest > half || (rest == half && kept & 1 == 1);
    (kept + u64::from(up)) << bits
}
