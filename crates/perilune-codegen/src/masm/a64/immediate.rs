//! Numbers -> the forms in which AArch64 instructions hold them.

/// The fields of a bit-mask immediate: a run of ones, rotated, in an element that is repeated to the
/// width. None if the number is not of that form, which 0 and -1 are not.
pub fn bit_mask(wide: bool, i: u64) -> Option<u32> {
    let i = if wide { i } else { i << 32 | i & 0xffff_ffff };
    if i == 0 || i == u64::MAX {
        return None;
    }
    let size = (1..=6).map(|n| 1 << n).find(|&n| i.rotate_right(n) == i)?;
    let element = i & u64::MAX >> (64 - size);
    let ones = element.count_ones();
    // In a number of which each element is a rotated run, rotating all of it rotates each of them.
    let run = repeat(u64::MAX >> (64 - ones), size);
    let right = (0..size).find(|&n| run.rotate_right(n) == i)?;
    let n = u32::from(size == 64);
    // The ones above the count tell the size of the element.
    let count = (!(size * 2 - 1) | (ones - 1)) & 0x3f;
    Some(n << 22 | right << 16 | count << 10)
}

/// An element of `size` bits, as often as it fits.
fn repeat(element: u64, size: u32) -> u64 {
    let mut all = element;
    let mut filled = size;
    while filled < 64 {
        all |= all << filled;
        filled *= 2;
    }
    all
}

/// The fields of an immediate of an addition: 12 bits, shifted by 12 or not.
pub fn addend(i: i64) -> Option<u32> {
    match u32::try_from(i).ok()? {
        low @ ..0x1000 => Some(low << 10),
        high @ ..0x100_0000 if high & 0xfff == 0 => Some(1 << 22 | (high >> 12) << 10),
        _ => None,
    }
}

/// The field of a float's immediate: a sign, three bits of exponent, four of fraction.
pub fn float(i: f64) -> Option<u32> {
    let bits = i.to_bits();
    let exponent = bits >> 54 & 0x1ff;
    let fits = bits << 16 == 0 && (exponent == 0x100 || exponent == 0x0ff);
    let sign = bits >> 63 << 7;
    fits.then_some(((sign | bits >> 48 & 0x7f) as u32) << 13)
}

/// The field of an offset in units of the access, whose size is `1 << scale`: 12 bits.
pub fn scaled(scale: u32, off: i32) -> Option<u32> {
    let off = u32::try_from(off).ok()?;
    let units = off >> scale;
    (units << scale == off && units < 0x1000).then_some(units << 10)
}

/// The field of an offset in bytes: 9 bits with a sign.
pub fn unscaled(off: i32) -> Option<u32> {
    (-256..256).contains(&off).then_some((off as u32 & 0x1ff) << 12)
}

/// The n-th 16 bits of a number, from below.
pub fn piece(i: u64, n: u32) -> u16 {
    (i >> (16 * n)) as u16
}

/// How many of a number's pieces differ from `p`.
pub fn pieces_other_than(p: u16, i: u64) -> usize {
    (0..4).filter(|&n| piece(i, n) != p).count()
}

/// How many instructions put a number together from its pieces.
pub fn pieces_needed(i: u64) -> usize {
    let others = pieces_other_than(0, i).min(pieces_other_than(0xffff, i));
    others.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the architecture says that the fields of a bit-mask immediate mean.
    fn meaning(fields: u32) -> u64 {
        let (n, right, count) = (fields >> 22, fields >> 16 & 0x3f, fields >> 10 & 0x3f);
        let size = 1u32 << (31 - (n << 6 | !count & 0x3f).leading_zeros());
        let ones = (count & (size - 1)) + 1;
        let run = u64::MAX >> (64 - ones);
        let mask = u64::MAX >> (64 - size);
        let element = (run >> right | run << ((size - right) % size)) & mask;
        (0..64 / size).fold(0, |all, n| all | element << (n * size))
    }

    #[test]
    fn bit_masks() {
        let mut found = 0;
        for size in [2u32, 4, 8, 16, 32, 64] {
            for ones in 1..size {
                for right in 0..size {
                    let i = repeat(u64::MAX >> (64 - ones), size).rotate_right(right);
                    assert_eq!(bit_mask(true, i).map(meaning), Some(i));
                    found += 1;
                    let narrow = bit_mask(false, i & 0xffff_ffff).map(meaning);
                    assert!(size == 64 || narrow == Some(i), "{i:#x}");
                    assert!(size == 64 || bit_mask(false, i).is_some_and(|f| f >> 22 == 0));
                }
            }
        }
        assert_eq!(found, 5334);
    }

    #[test]
    fn no_bit_masks() {
        for i in [
            0,
            u64::MAX,
            5,
            0x1234_5678,
            0xf0f0_f0f0_f0f0_f0f1,
            0x8000_0000_0000_0005,
        ] {
            assert_eq!(bit_mask(true, i), None, "{i:#x}");
        }
        assert_eq!(bit_mask(false, 0), None);
        assert_eq!(bit_mask(false, 0xffff_ffff), None);
    }

    #[test]
    fn addends() {
        assert_eq!(addend(0xfff), Some(0xfff << 10));
        assert_eq!(addend(0x1000), Some(1 << 22 | 1 << 10));
        assert_eq!(addend(0xff_f000), Some(1 << 22 | 0xfff << 10));
        for i in [-1, 0x1001, 0x100_0000, 1 << 32, 1 << 44] {
            assert_eq!(addend(i), None, "{i:#x}");
        }
    }

    #[test]
    fn floats() {
        assert_eq!(float(1.0), Some(0x70 << 13));
        assert_eq!(float(2.0), Some(0));
        assert_eq!(float(-31.0), Some(0xbf << 13));
        for f in [0.0, -0.0, 0.1, 32.0, 0.0625, f64::INFINITY, f64::NAN, 1.031_25] {
            assert_eq!(float(f), None, "{f}");
        }
    }
}
