//! A name that is not known -> the known name that was probably meant.

/// Names longer than this are not compared.
const LONGEST: usize = 64;

/// How many edits (a byte put in, left out, changed, or two neighbours exchanged) make `b` of `a`, if
/// they are no more than `most`.
fn distance(a: &[u8], b: &[u8], most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    Some(last[b.len()]).filter(|d| *d <= most)
}

/// The candidate nearest to `wanted`, if one is near: a third of the name may differ, or its case. Of
/// several equally near ones the first in alphabetical order.
pub fn nearest<'a>(wanted: &[u8], candidates: impl IntoIterator<Item = &'a [u8]>) -> Option<&'a [u8]> {
    if wanted.len() < 3 || wanted.len() > LONGEST {
        return None;
    }
    let most = (wanted.len() / 3).min(3);
    candidates
        .into_iter()
        .filter(|c| c.len() > 1 && c.len() <= LONGEST && *c != wanted)
        .filter_map(|c| {
            if c.eq_ignore_ascii_case(wanted) {
                return Some((0, c));
            }
            distance(wanted, c, most).map(|d| (d, c))
        })
        .min()
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    fn near(wanted: &str, known: &[&'static str]) -> Option<&'static str> {
        let found = nearest(wanted.as_bytes(), known.iter().map(|k| k.as_bytes()));
        found.and_then(|f| std::str::from_utf8(f).ok())
    }

    #[test]
    fn near_names() {
        assert_eq!(near("pritn", &["print", "pairs"]), Some("print"));
        assert_eq!(near("formt", &["format", "find"]), Some("format"));
        assert_eq!(near("tostirng", &["tostring", "tonumber"]), Some("tostring"));
        assert_eq!(near("Print", &["print"]), Some("print"));
    }

    #[test]
    fn far_names() {
        assert_eq!(near("foo", &["print", "pairs"]), None);
        assert_eq!(near("x", &["y"]), None);
        assert_eq!(near("item", &["timer"]), None);
        assert_eq!(near("print", &["print"]), None);
    }
}
