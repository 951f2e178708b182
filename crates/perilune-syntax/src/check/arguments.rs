//! Calls of local functions -> more arguments than parameters.

use super::facts::{Facts, Origin};
use super::{Code, Finding, shown};
use crate::ast::{Chunk, ExprKind, Span, Vararg};

pub(super) fn report(chunk: &Chunk, facts: &Facts, out: &mut Vec<Finding>) {
    for call in &facts.calls {
        let callee = facts.of(call.callee);
        let Origin::Function(func) = callee.origin else {
            continue;
        };
        let function = chunk.func(func);
        let ExprKind::Call { args, .. } = &chunk.expr(call.call).kind else {
            continue;
        };
        if callee.writes > 0 || function.vararg != Vararg::None {
            continue;
        }
        // The last argument may be several values, or none.
        let args = chunk.list(*args);
        let last = args.last().map(|e| &chunk.expr(*e).kind);
        let is_open = matches!(
            last,
            Some(ExprKind::Call { .. } | ExprKind::Method { .. } | ExprKind::Vararg { .. })
        );
        let given = args.len() - usize::from(is_open);
        let params = function.params as usize;
        if given <= params {
            continue;
        }
        let (first, last) = (chunk.expr(args[params]).span, chunk.expr(args[given - 1]).span);
        let name = chunk.func(call.callee.func).locals[call.callee.local.index()].name;
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        let message = format!(
            "'{}' has {params} parameter{}, but is called with {given} argument{}",
            shown(chunk.text(name)),
            plural(params),
            plural(given)
        );
        let span = Span {
            end: last.end,
            ..first
        };
        out.push(Finding::new(Code::ArgumentCount, span, message));
    }
}
