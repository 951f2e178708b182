//! Byte-string searching: the first occurrence of a byte or of a byte string.

/// Position of the first `wanted` in `text`.
#[inline]
pub fn find_byte(text: &[u8], wanted: u8) -> Option<usize> {
    memchr::memchr(wanted, text)
}

/// Position of the first `needle` in `text`; an empty needle is found at 0. Takes linear time.
pub fn find_bytes(text: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [] => Some(0),
        [byte] => find_byte(text, *byte),
        _ => memchr::memmem::find(text, needle),
    }
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
