//! Byte-string searching: the first occurrence of a byte or of a byte string.

/// Position of the first `wanted` in `text`.
pub fn find_byte(text: &[u8], wanted: u8) -> Option<usize> {
    const LANE: usize = 32;
    let mut base = 0;
    let mut lanes = text.chunks_exact(LANE);
    for lane in lanes.by_ref() {
        if lane.iter().fold(false, |hit, &b| hit | (b == wanted)) {
            return lane.iter().position(|&b| b == wanted).map(|i| base + i);
        }
        base += LANE;
    }
    let rest = lanes.remainder().iter().position(|&b| b == wanted);
    rest.map(|i| base + i)
}

/// Position of the first `needle` in `text`; an empty needle is found at 0.
///
/// Scans for the first byte and compares; a text on which that goes badly is finished with a
/// linear-time search, so hostile input costs no more than a small multiple of its length.
pub fn find_bytes(text: &[u8], needle: &[u8]) -> Option<usize> {
    let Some((&first, tail)) = needle.split_first() else {
        return Some(0);
    };
    if needle.len() > text.len() {
        return None;
    }
    let last_start = text.len() - needle.len();
    let mut wasted = 0usize;
    let mut at = 0;
    while at <= last_start {
        at += find_byte(&text[at..=last_start], first)?;
        let here = &text[at + 1..at + needle.len()];
        if here == tail {
            return Some(at);
        }
        wasted += common_prefix(here, tail) + 1;
        if wasted > 8 * text.len().max(1024) {
            return linear_search(text, needle, at);
        }
        at += 1;
    }
    None
}

/// How many leading bytes `a` and `b` share.
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

/// Knuth-Morris-Pratt from position `from`.
fn linear_search(text: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let mut border = vec![0usize; needle.len()];
    let mut matched = 0;
    for i in 1..needle.len() {
        while matched > 0 && needle[i] != needle[matched] {
            matched = border[matched - 1];
        }
        matched += usize::from(needle[i] == needle[matched]);
        border[i] = matched;
    }
    matched = 0;
    for (i, &byte) in text.iter().enumerate().skip(from) {
        while matched > 0 && byte != needle[matched] {
            matched = border[matched - 1];
        }
        matched += usize::from(byte == needle[matched]);
        if matched == needle.len() {
            return Some(i + 1 - matched);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_a_naive_search_finds() {
        let text = b"abababcababababcd".repeat(7);
        for needle in [&b"ababc"[..], b"abcd", b"x", b"", b"a", b"dab", b"cda"] {
            let naive = (0..=text.len() - needle.len()).find(|&i| text[i..].starts_with(needle));
            assert_eq!(find_bytes(&text, needle), naive);
            if !needle.is_empty() {
                assert_eq!(linear_search(&text, needle, 0), naive);
            }
        }
    }
}
