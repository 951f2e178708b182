//! Byte-string searching: the first occurrence of a byte or of a byte string.

/// Position of the first `wanted` in `text`.
#[inline]
pub fn find_byte(text: &[u8], wanted: u8) -> Option<usize> {
    memchr::memchr(wanted, text)
}

/// In longer texts making a searcher is worth its time at once.
const SHORT_TEXT: usize = 128;
/// In shorter ones, after so many places where the first byte of a needle stands.
const TRIES: usize = 8;

/// Position of the first `needle` in `text`; an empty needle is found at 0. Takes linear time.
pub fn find_bytes(text: &[u8], needle: &[u8]) -> Option<usize> {
    let Some(&first) = needle.first() else {
        return Some(0);
    };
    if needle.len() == 1 {
        return find_byte(text, first);
    }
    let mut at = 0;
    let tries = if text.len() <= SHORT_TEXT { TRIES } else { 0 };
    for _ in 0..tries {
        at += find_byte(&text[at..], first)?;
        if text[at..].starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
    Some(at + memchr::memmem::find(&text[at..], needle)?)
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
        }
    }
}
