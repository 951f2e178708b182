//! A program that shows a difference -> a smaller one that still does.

use super::compare::{Contest, Verdict};
use crate::generate::{
    self,
    tree::{self, Edit, Node},
};

/// Most programs tried for one difference.
const PATIENCE: usize = 3000;

struct Shrinker<'a> {
    contest: &'a Contest<'a>,
    tries: usize,
    /// Whether the reference refuses the program as a whole.
    refused: bool,
    /// The sign of the difference that is being shrunk.
    sign: &'a str,
}

/// Leaves out statements, then simplifies what stands in parentheses.
pub fn shrink(program: &[Node], sign: &str, contest: &Contest<'_>) -> Result<Vec<Node>, String> {
    let mut s = Shrinker {
        contest,
        tries: 0,
        refused: false,
        sign,
    };
    s.refused = s.refuses(program)?;
    let mut best = program.to_vec();
    loop {
        let before = generate::text(&best).len();
        s.statements(&mut best)?;
        s.expressions(&mut best)?;
        if generate::text(&best).len() == before || s.tries > PATIENCE {
            return Ok(best);
        }
    }
}

impl Shrinker<'_> {
    fn refuses(&self, program: &[Node]) -> Result<bool, String> {
        let output = self.contest.expected(&generate::text(program))?;
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok(output.stdout.is_empty() && message.contains(" near "))
    }

    /// Whether a candidate still shows the difference.
    fn keeps(&mut self, candidate: &[Node]) -> Result<bool, String> {
        self.tries += 1;
        if self.tries > PATIENCE {
            return Ok(false);
        }
        match self.contest.check(&generate::text(candidate))? {
            Verdict::Differs(all) if all.iter().any(|what| what.sign == self.sign) => {
                Ok(self.refused || !self.refuses(candidate)?)
            }
            _ => Ok(false),
        }
    }

    fn statements(&mut self, best: &mut Vec<Node>) -> Result<(), String> {
        let edits = [
            Edit::Remove(7),
            Edit::Remove(3),
            Edit::Remove(1),
            Edit::Remove(0),
            Edit::Unwrap,
            Edit::DropPart,
        ];
        for what in edits {
            let mut at = tree::count(best);
            while at > 0 {
                at -= 1;
                if let Some(candidate) = tree::edit(best, at, what)
                    && self.keeps(&candidate)?
                {
                    *best = candidate;
                    at = at.min(tree::count(best));
                }
            }
        }
        Ok(())
    }

    fn expressions(&mut self, best: &mut Vec<Node>) -> Result<(), String> {
        let mut number = 0;
        while let Some(text) = nth_text(best, number) {
            let mut current = text.clone();
            let mut from = 0;
            while let Some((open, close)) = group(&current, from) {
                from = open + 1;
                for new in ["", "1", "nil"] {
                    let candidate_text = format!("{}{new}{}", &current[..=open], &current[close..]);
                    if candidate_text.len() >= current.len() {
                        continue;
                    }
                    let candidate = with_text(best, number, &candidate_text);
                    if self.keeps(&candidate)? {
                        *best = candidate;
                        current = candidate_text;
                        break;
                    }
                }
            }
            number += 1;
        }
        Ok(())
    }
}

/// The next bracketed group that starts at or after a place: positions of its brackets.
fn group(text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let open = (from..bytes.len()).find(|&i| bytes[i] == b'(' || bytes[i] == b'{')?;
    let mut depth = 0;
    for (i, byte) in bytes.iter().enumerate().skip(open) {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((open, i));
        }
    }
    group(text, open + 1)
}

/// All texts of a program in reading order, heads and tails included.
fn texts<'a>(nodes: &'a mut [Node], out: &mut Vec<&'a mut String>) {
    for node in nodes {
        match node {
            Node::Line(text) => out.push(text),
            Node::Block(parts, tail) => {
                for (head, body) in parts {
                    out.push(head);
                    texts(body, out);
                }
                out.push(tail);
            }
        }
    }
}

fn nth_text(nodes: &[Node], n: usize) -> Option<String> {
    let mut copy = nodes.to_vec();
    let mut all = Vec::new();
    texts(&mut copy, &mut all);
    all.get(n).map(|t| (**t).clone())
}

fn with_text(nodes: &[Node], n: usize, text: &str) -> Vec<Node> {
    let mut copy = nodes.to_vec();
    let mut all = Vec::new();
    texts(&mut copy, &mut all);
    if let Some(slot) = all.get_mut(n) {
        **slot = text.to_string();
    }
    copy
}
