//! Finite floats -> decimal digits, rounded exactly, with 128-bit integers where these suffice.

/// The largest power of ten that a 53-bit mantissa can be multiplied by in 128 bits.
const MAX_SCALE: usize = 22;

const POWERS: [u128; MAX_SCALE + 1] = {
    let mut powers = [1; MAX_SCALE + 1];
    let mut i = 1;
    while i <= MAX_SCALE {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// Most significant digits that [`Decimal`] holds.
pub const MAX_DIGITS: usize = 17;

/// `value` * 10^`decimals` as an integer, rounded to nearest, ties to even. `None` where that takes
/// more than 128 bits. `value` is finite and not negative.
fn scaled(value: f64, decimals: usize) -> Option<u128> {
    let bits = value.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) = match (bits >> 52) as i32 {
        0 => (fraction, -1074),
        biased => (fraction | 1 << 52, biased - 1075),
    };
    let product = u128::from(mantissa) * POWERS.get(decimals)?;
    if exponent >= 0 {
        return (product.leading_zeros() as i32 > exponent).then(|| product << exponent);
    }
    let shift = -exponent;
    if shift >= 128 {
        // Less than a half: the product has 127 bits at most.
        return Some(0);
    }
    let whole = product >> shift;
    let rest = product & ((1 << shift) - 1);
    let half = 1 << (shift - 1);
    Some(whole + u128::from(rest > half || (rest == half && whole & 1 == 1)))
}

/// A positive float rounded to so many significant digits.
#[derive(Clone, Copy)]
pub struct Decimal {
    text: [u8; MAX_DIGITS],
    len: usize,
    value: u64,
    /// The power of ten of the first digit.
    pub exponent: i32,
}

impl Decimal {
    /// Rounds `value`, positive and finite, to `digits` significant digits, from 1 to [`MAX_DIGITS`].
    /// `None` where 128 bits do not suffice: far from 1.
    pub fn new(value: f64, digits: usize) -> Option<Decimal> {
        let binary = (value.to_bits() >> 52) as i32 - 1023;
        let mut exponent = (f64::from(binary) * std::f64::consts::LOG10_2).floor() as i32;
        let limit = *POWERS.get(digits)?;
        let rounded = loop {
            let decimals = usize::try_from(digits as i32 - 1 - exponent).ok()?;
            let rounded = scaled(value, decimals)?;
            if rounded >= limit {
                exponent += 1;
            } else if rounded < limit / 10 {
                exponent -= 1;
            } else {
                break rounded as u64;
            }
        };
        let mut decimal = Decimal {
            text: [0; MAX_DIGITS],
            len: digits,
            value: rounded,
            exponent,
        };
        write_digits(&mut decimal.text[..digits], rounded);
        Some(decimal)
    }

    /// The digits.
    pub fn digits(&self) -> &[u8] {
        &self.text[..self.len]
    }

    /// Whether the digits, at most 15, read back as `value`.
    pub fn reads_as(&self, value: f64) -> bool {
        // Both operands are exact, so the quotient is the nearest float.
        let decimals = self.len as i32 - 1 - self.exponent;
        let power = POWERS[decimals as usize] as f64;
        self.value as f64 / power == value
    }
}

/// Fills `text` with the last digits of `value`.
pub fn write_digits(text: &mut [u8], mut value: u64) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// `value`, finite and not negative, rounded to `decimals` decimals: what stands before the point, and
/// after it. `None` where 128 bits do not suffice, or for more than 17 decimals.
pub fn fixed(value: f64, decimals: usize) -> Option<(u64, u64)> {
    const LIMIT: f64 = (1u64 << 63) as f64;
    if value >= LIMIT || decimals > MAX_DIGITS {
        return None;
    }
    if decimals == 0 {
        return Some((scaled(value, 0)? as u64, 0));
    }
    let whole = value as u64;
    let rest = scaled(value - whole as f64, decimals)? as u64;
    if u128::from(rest) == POWERS[decimals] {
        return Some((whole + 1, 0));
    }
    Some((whole, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats() -> impl Iterator<Item = f64> {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let ties = [0.5, 1.5, 2.5, 0.125, 0.375, 9.995, 99.5, 0.05, 1e15, 9.999_999e6];
        ties.into_iter().chain((0..20_000).map(move |i| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(i | 1);
            let exponent = (state >> 56) % 120 + 1023 - 60;
            f64::from_bits(exponent << 52 | state >> 12)
        }))
    }

    #[test]
    fn rounds_as_core_does() {
        for value in floats() {
            for digits in [1, 2, 6, 14, 15, 17] {
                let Some(decimal) = Decimal::new(value, digits) else {
                    continue;
                };
                let wanted = format!("{value:.*e}", digits - 1);
                let mut got: String = decimal.digits().iter().map(|&b| b as char).collect();
                if digits > 1 {
                    got.insert(1, '.');
                }
                assert_eq!(format!("{got}e{}", decimal.exponent), wanted);
                if digits == 15 {
                    assert_eq!(decimal.reads_as(value), wanted.parse() == Ok(value));
                }
            }
            for decimals in [0, 1, 2, 9, 17] {
                let Some((whole, rest)) = fixed(value, decimals) else {
                    continue;
                };
                let mut got = whole.to_string();
                if decimals > 0 {
                    got += &format!(".{rest:0decimals$}");
                }
                assert_eq!(got, format!("{value:.decimals$}"));
            }
        }
    }
}
