//! Statements -> code that is never reached, labels without a `goto`, empty blocks.

use super::facts::Facts;
use super::{Code, Finding, shown};
use crate::Lines;
use crate::ast::{Arm, Block, Chunk, Constant, ExprId, FuncId, Span, Stmt, StmtKind};

pub(super) fn report(text: &[u8], chunk: &Chunk, facts: &Facts, out: &mut Vec<Finding>) {
    let lines = Lines::of(text);
    for f in 0..chunk.funcs.len() as u32 {
        let mut flow = Flow {
            text,
            lines: &lines,
            chunk,
            facts,
            func: FuncId(f),
            out,
        };
        flow.stmts(chunk.list(chunk.func(FuncId(f)).body.stmts));
    }
}

struct Flow<'c, 'o> {
    text: &'c [u8],
    lines: &'c Lines,
    chunk: &'c Chunk,
    facts: &'c Facts,
    func: FuncId,
    out: &'o mut Vec<Finding>,
}

/// What can follow a statement or a block.
#[derive(Clone, Copy, PartialEq)]
struct After {
    /// The next statement.
    falls: bool,
    /// What follows the loop around, by `break`.
    breaks: bool,
}

const FALLS: After = After {
    falls: true,
    breaks: false,
};
const STOPS: After = After {
    falls: false,
    breaks: false,
};

impl After {
    fn or(self, other: After) -> After {
        After {
            falls: self.falls || other.falls,
            breaks: self.breaks || other.breaks,
        }
    }
}

impl Flow<'_, '_> {
    fn stmts(&mut self, stmts: &[Stmt]) -> After {
        let mut after = FALLS;
        let mut reported = false;
        for stmt in stmts {
            if matches!(stmt.kind, StmtKind::Label(_)) {
                after.falls = true;
            } else if !after.falls && !reported {
                reported = true;
                self.unreachable(stmt, stmts);
            }
            let next = self.stmt(stmt);
            after = After {
                falls: after.falls && next.falls,
                breaks: after.breaks || next.breaks,
            };
        }
        after
    }

    fn unreachable(&mut self, from: &Stmt, stmts: &[Stmt]) {
        let end = stmts.last().map_or(from.span.end, |s| s.span.end);
        let span = Span { end, ..from.span };
        let message = "this code is never reached".to_owned();
        self.out.push(Finding::new(Code::UnreachableCode, span, message));
    }

    fn stmt(&mut self, stmt: &Stmt) -> After {
        match &stmt.kind {
            StmtKind::Return(_) | StmtKind::TailCall(_) | StmtKind::Goto(_) => STOPS,
            StmtKind::Break => After {
                falls: false,
                breaks: true,
            },
            StmtKind::Do(body) => {
                self.empty(body, stmt.span, "this block is empty");
                self.stmts(self.chunk.list(body.stmts))
            }
            StmtKind::While { cond, body } => {
                let inside = self.stmts(self.chunk.list(body.stmts));
                After {
                    falls: inside.breaks || !self.is_true(*cond),
                    breaks: false,
                }
            }
            // Where the end of the body is not reached, neither is the condition; still, a jump
            // may lead to it.
            StmtKind::Repeat { body, .. } => {
                self.stmts(self.chunk.list(body.stmts));
                FALLS
            }
            StmtKind::NumericFor { body, .. } | StmtKind::GenericFor { body, .. } => {
                self.stmts(self.chunk.list(body.stmts));
                FALLS
            }
            StmtKind::If { arms, otherwise } => {
                self.branches(stmt, self.chunk.list(*arms), otherwise.as_ref())
            }
            StmtKind::Label(label) => {
                self.label(label.index(), stmt.span);
                FALLS
            }
            StmtKind::Local { .. }
            | StmtKind::LocalFunction { .. }
            | StmtKind::Global { .. }
            | StmtKind::GlobalFunction { .. }
            | StmtKind::Assign { .. }
            | StmtKind::Function { .. }
            | StmtKind::Call(_) => FALLS,
        }
    }

    fn branches(&mut self, stmt: &Stmt, arms: &[Arm], otherwise: Option<&Block>) -> After {
        let mut after = STOPS;
        for (cond, body) in arms {
            let from = Span {
                start: self.chunk.expr(*cond).span.start,
                ..stmt.span
            };
            let line = self.chunk.expr(*cond).span.line;
            self.empty(body, Span { line, ..from }, "this branch is empty");
            after = after.or(self.stmts(self.chunk.list(body.stmts)));
        }
        match otherwise {
            Some(body) => {
                self.empty(body, body.span, "this branch is empty");
                after.or(self.stmts(self.chunk.list(body.stmts)))
            }
            None => after.or(FALLS),
        }
    }

    /// Reports a block in which there is nothing, a comment included. `from` is where it is reported.
    fn empty(&mut self, block: &Block, from: Span, message: &str) {
        if !block.stmts.is_empty() {
            return;
        }
        // The span of an empty block is that of no token, so comments stand before it.
        let end = block.span.end as usize;
        let before = self.text[..end].trim_ascii_end();
        let opened = [&b"then"[..], b"else", b"do"];
        let Some(word) = opened.iter().find(|word| before.ends_with(word)) else {
            return;
        };
        if !self.in_comment(before, from) {
            let start = from.start.min((before.len() - word.len()) as u32);
            let span = Span {
                start,
                end: before.len() as u32,
                line: self.lines.line(start),
            };
            self.out
                .push(Finding::new(Code::EmptyBlock, span, message.to_owned()));
        }
    }

    /// Whether the last word of a text is part of a comment on its line.
    fn in_comment(&self, before: &[u8], from: Span) -> bool {
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let first = (from.start as usize).max(line_start).min(before.len());
        before[first..].windows(2).any(|w| w == b"--")
    }

    fn label(&mut self, index: usize, span: Span) {
        let name = self.chunk.text(self.chunk.func(self.func).labels[index].name);
        if self.facts.labels[self.func.index()][index] || name.starts_with(b"_") {
            return;
        }
        // A label's statement takes in the labels that follow it.
        let rest = &self.text[span.start as usize + 2..span.end as usize];
        let close = rest.windows(2).position(|w| w == b"::");
        let end = close.map_or(span.end, |i| span.start + 4 + i as u32);
        let message = format!("no goto leads to the label '{}'", shown(name));
        self.out
            .push(Finding::new(Code::UnusedLabel, Span { end, ..span }, message));
    }

    /// Whether a condition is always true.
    fn is_true(&self, cond: ExprId) -> bool {
        match self.chunk.constant(cond) {
            Some(Constant::Bool(true) | Constant::Int(_) | Constant::Float(_) | Constant::Str(_)) => true,
            Some(Constant::Nil | Constant::Bool(false)) | None => false,
        }
    }
}
