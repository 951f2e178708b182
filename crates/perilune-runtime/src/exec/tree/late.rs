//! Text -> the lines of fields that PUC fetches late: when it has read the token behind them, which may stand
//! on another line.

use perilune_syntax::ast::{Chunk, ExprId, ExprKind, StmtKind, TableItem};
use std::collections::{HashMap, HashSet};

/// The lines that are not those where the fields end.
pub(super) fn late_lines(chunk: &Chunk, text: &[u8]) -> HashMap<u32, u32> {
    let lines = &chunk.lines;
    let uses = Uses::of(chunk);
    let mut found = HashMap::new();
    let is_late = |e: ExprId, line: u32| lines.line(chunk.expr(e).span.end.saturating_sub(1)) != line;
    for (i, e) in chunk.nodes.exprs.iter().enumerate() {
        let id = ExprId(i as u32);
        if is_field(chunk, id) {
            let line = uses.late_token(id, text, e.span.end).map(|at| lines.line(at));
            found.extend(line.filter(|&line| is_late(id, line)).map(|line| (id.0, line)));
        }
        if let ExprKind::Binary { lhs, line, .. } = e.kind
            && is_field(chunk, lhs)
            && is_late(lhs, line)
        {
            found.insert(lhs.0, line);
        }
        if let ExprKind::Method { obj, .. } = e.kind {
            let line = method_name(text, chunk.expr(obj).span.end).map(|at| lines.line(at));
            found.extend(line.filter(|&line| is_late(obj, line)).map(|line| (id.0, line)));
        }
    }
    found
}

fn is_field(chunk: &Chunk, e: ExprId) -> bool {
    matches!(
        chunk.expr(e).kind,
        ExprKind::Index { .. } | ExprKind::Global { .. }
    )
}

/// What matters of where expressions stand.
#[derive(Default)]
struct Uses {
    items: HashSet<ExprId>,
    /// Values that are fetched before the token behind them is read.
    early: HashSet<ExprId>,
}

impl Uses {
    fn of(chunk: &Chunk) -> Uses {
        let mut uses = Uses::default();
        for e in &chunk.nodes.exprs {
            let ExprKind::Table(items) = &e.kind else { continue };
            for item in chunk.list(*items) {
                match *item {
                    TableItem::Positional(e) => drop(uses.items.insert(e)),
                    TableItem::Keyed(_, value) => drop(uses.early.insert(value)),
                }
            }
        }
        chunk.each_stmt(&mut |stmt| {
            if let StmtKind::NumericFor { start, limit, .. } = stmt.kind {
                uses.early.extend([start, limit]);
            }
        });
        uses
    }

    /// Where the token begins that is read before the field, which ends at `end`, is fetched.
    fn late_token(&self, e: ExprId, text: &[u8], end: u32) -> Option<u32> {
        let (token, at) = next_token(text, end)?;
        match token {
            b')' => Some(at),
            b':' => method_name(text, end),
            b',' if !self.early.contains(&e) => Some(at),
            b';' | b'}' if self.items.contains(&e) => Some(at),
            b'a' | b'o' => is_logical(&text[at as usize..]).then_some(at),
            _ => None,
        }
    }
}

/// Whether an `and` or `or` is next.
fn is_logical(text: &[u8]) -> bool {
    let word = text.split(|c| !c.is_ascii_alphanumeric() && *c != b'_').next();
    matches!(word, Some(b"and" | b"or"))
}

/// Where the name of the method stands whose object ends at `end`.
fn method_name(text: &[u8], end: u32) -> Option<u32> {
    let (colon, at) = next_token(text, end)?;
    (colon == b':').then(|| next_token(text, at + 1).map(|(_, at)| at))?
}

/// The first byte of the next token, and where it is.
fn next_token(text: &[u8], from: u32) -> Option<(u8, u32)> {
    let mut at = from as usize;
    loop {
        let rest = text.get(at..)?;
        match rest {
            [b'-', b'-', comment @ ..] => at += 2 + comment_len(comment),
            [c, ..] if c.is_ascii_whitespace() || *c == 0x0b => at += 1,
            [c, ..] => return Some((*c, at as u32)),
            [] => return None,
        }
    }
}

/// How long a comment is behind its two signs.
fn comment_len(text: &[u8]) -> usize {
    let level = text.iter().skip(1).take_while(|&&c| c == b'=').count();
    let is_long = text.first() == Some(&b'[') && text.get(1 + level) == Some(&b'[');
    if !is_long {
        return text
            .iter()
            .position(|&c| c == b'\n' || c == b'\r')
            .unwrap_or(text.len());
    }
    let close = [b"]".as_slice(), &vec![b'='; level], b"]"].concat();
    let end = text.windows(close.len()).position(|w| w == close);
    end.map_or(text.len(), |i| i + close.len())
}
