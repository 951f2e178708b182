//! Tokens and trees -> text to read: the printers behind `perilune dump --stage=tokens` and
//! `--stage=ast`.

use std::fmt::Write;

use crate::ast::{
    BinOp, Block, Chunk, Constant, ExprId, ExprKind, FuncId, Function, LocalId, LocalKind, Stmt, StmtKind,
    Symbol, TableItem, UnOp, UpvalueSource, Vararg,
};
use crate::error::ParseError;
use crate::lexer::Lexer;
use crate::number::float_to_text;
use crate::source::Source;
use crate::token::TokenKind;

/// One line per token: `line:start..end  kind  text`.
///
/// # Errors
/// A malformed token.
pub fn tokens(source: &[u8], chunk_name: &[u8]) -> Result<String, ParseError> {
    let mut lexer = Lexer::new(Source::whole(source), crate::chunk_id(chunk_name));
    let mut out = String::new();
    loop {
        let token = lexer.next_token()?;
        let span = token.span;
        let place = format!("{}:{}..{}", span.line, span.start, span.end);
        let (kind, text) = match token.kind {
            TokenKind::Eof => ("eof", String::new()),
            TokenKind::Int(i) => ("integer", i.to_string()),
            TokenKind::Float(f) => ("float", float(f)),
            TokenKind::Name(s) => ("name", plain(lexer.text(s))),
            TokenKind::Str(s) => ("string", quoted(lexer.text(s))),
            TokenKind::Char(c) => ("symbol", plain(&[c])),
            fixed => {
                let text = fixed.fixed_text().unwrap_or_default();
                let word = text.starts_with(|c: char| c.is_ascii_alphabetic());
                (if word { "keyword" } else { "symbol" }, text.to_string())
            }
        };
        let _ = writeln!(out, "{}", format!("{place:<12} {kind:<8} {text}").trim_end());
        if token.kind == TokenKind::Eof {
            return Ok(out);
        }
    }
}

/// The whole tree: one s-expression per function, outermost first. Locals are shown as `name%id`,
/// upvalues as `name^index`.
pub fn chunk(chunk: &Chunk) -> String {
    let mut printer = Printer {
        chunk,
        out: String::new(),
        depth: 0,
        function: chunk.main,
    };
    printer.function(chunk.main);
    printer.out
}

fn float(f: f64) -> String {
    String::from_utf8_lossy(&float_to_text(f, crate::ast::Dialect::Lua55)).into_owned()
}

fn plain(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

/// Where the printer stops going deeper: long chains of operators are as deep as they are long.
const MAX_DEPTH: usize = 400;
/// How long a line of joined expressions gets, without its indentation.
const LINE: usize = 76;

struct Printer<'a> {
    chunk: &'a Chunk,
    out: String,
    depth: usize,
    function: FuncId,
}

impl Printer<'_> {
    fn line(&mut self, text: &str) {
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// Prints `(head`, what `inside` prints one step deeper, and the closing bracket.
    fn group(&mut self, head: &str, inside: impl FnOnce(&mut Self)) {
        self.line(&format!("({head}"));
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        self.out.pop();
        self.out.push_str(")\n");
    }

    fn current(&self) -> &Function {
        self.chunk.func(self.function)
    }

    fn name(&self, s: Symbol) -> String {
        plain(self.chunk.text(s))
    }

    fn local_name(&self, id: LocalId) -> String {
        let local = &self.current().locals[id.index()];
        format!("{}%{}", self.name(local.name), id.0)
    }

    /// A local with all that is known of it.
    fn local(&self, id: LocalId) -> String {
        let local = &self.current().locals[id.index()];
        let mut text = self.local_name(id);
        match &local.kind {
            LocalKind::Regular => {}
            LocalKind::Const => text.push_str(" [const]"),
            LocalKind::Close => text.push_str(" [close]"),
            LocalKind::CompileTime(c) => {
                let _ = write!(text, " [= {}]", self.constant(*c));
            }
        }
        text.push_str(if local.captured { " [captured]" } else { "" });
        text.push_str(if local.assigned { " [assigned]" } else { "" });
        text
    }

    fn locals(&self, ids: impl Iterator<Item = u32>) -> String {
        ids.map(|id| self.local(LocalId(id)))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn constant(&self, c: Constant) -> String {
        match c {
            Constant::Nil => "nil".into(),
            Constant::Bool(b) => b.to_string(),
            Constant::Int(i) => i.to_string(),
            Constant::Float(f) => float(f),
            Constant::Str(s) => quoted(self.chunk.text(s)),
        }
    }

    fn function(&mut self, id: FuncId) {
        let outer = std::mem::replace(&mut self.function, id);
        let f = self.chunk.func(id);
        let head = match f.line {
            0 => format!("function #{} main", id.0),
            line => format!("function #{} lines {line}-{}", id.0, f.end_line),
        };
        self.group(&head, |p| {
            if f.params > 0 {
                p.line(&format!("(params {})", p.locals(0..f.params)));
            }
            p.vararg(f.vararg);
            for (i, u) in f.upvalues.iter().enumerate() {
                p.upvalue(i, u);
            }
            p.block("body", &f.body);
        });
        self.function = outer;
    }

    fn vararg(&mut self, vararg: Vararg) {
        match vararg {
            Vararg::None => {}
            Vararg::Anonymous => self.line("(vararg)"),
            Vararg::Named { local, used_as_value } => {
                let table = if used_as_value { " [table]" } else { "" };
                self.line(&format!("(vararg {}{table})", self.local(local)));
            }
        }
    }

    fn upvalue(&mut self, index: usize, u: &crate::ast::Upvalue) {
        let source = match u.source {
            UpvalueSource::Local(id) => format!("local %{}", id.0),
            UpvalueSource::Upvalue(i) => format!("upvalue ^{i}"),
        };
        let read_only = if u.read_only { " [read-only]" } else { "" };
        self.line(&format!(
            "(upvalue {}^{index} = outer {source}{read_only})",
            self.name(u.name)
        ));
    }

    fn block(&mut self, head: &str, block: &Block) {
        self.group(head, |p| {
            for stmt in &block.stmts {
                p.stmt(stmt);
            }
        });
    }

    fn exprs(&mut self, head: &str, exprs: &[ExprId]) {
        if !exprs.is_empty() {
            let start = self.out.len();
            self.group(head, |p| exprs.iter().for_each(|&e| p.expr(e)));
            self.join_lines(start);
        }
    }

    /// Puts what was printed since `start` on one line if it is short.
    fn join_lines(&mut self, start: usize) {
        if self.out.len() - start > LINE * 4 {
            return;
        }
        let lines: Vec<&str> = self.out[start..].lines().map(str::trim_start).collect();
        let joined = lines.join(" ");
        if joined.len() <= LINE {
            self.out.truncate(start);
            self.line(&joined);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        let line = stmt.span.line;
        match &stmt.kind {
            StmtKind::Local { vars, exprs } => {
                let head = format!("local @{line} {}", self.locals(vars.clone()));
                self.group(&head, |p| p.exprs("values", exprs));
            }
            StmtKind::LocalFunction { var, func, .. } => {
                let head = format!("local-function @{line} {}", self.local(*var));
                self.group(&head, |p| p.function(*func));
            }
            StmtKind::Global { targets, exprs } => self.group(&format!("global @{line}"), |p| {
                p.exprs("names", targets);
                p.exprs("values", exprs);
            }),
            StmtKind::GlobalFunction { target, expr } => {
                self.exprs(&format!("global-function @{line}"), &[*target, *expr]);
            }
            StmtKind::Assign { targets, exprs } => self.group(&format!("assign @{line}"), |p| {
                p.exprs("targets", targets);
                p.exprs("values", exprs);
            }),
            StmtKind::Function { target, expr } => {
                self.exprs(&format!("function-statement @{line}"), &[*target, *expr]);
            }
            StmtKind::Call(e) => self.exprs(&format!("do-call @{line}"), &[*e]),
            StmtKind::Return(exprs) => {
                self.group(&format!("return @{line}"), |p| p.exprs("values", exprs));
            }
            StmtKind::Break => self.line(&format!("(break @{line})")),
            StmtKind::Goto(label) => self.jump("goto", line, *label),
            StmtKind::Label(label) => self.jump("label", line, *label),
            StmtKind::Do(_)
            | StmtKind::While { .. }
            | StmtKind::Repeat { .. }
            | StmtKind::If { .. }
            | StmtKind::NumericFor { .. }
            | StmtKind::GenericFor { .. } => self.compound(stmt),
        }
    }

    fn jump(&mut self, what: &str, line: u32, label: crate::ast::LabelId) {
        let name = self.name(self.current().labels[label.index()].name);
        self.line(&format!("({what} @{line} {name}:{})", label.0));
    }

    /// Statements with blocks inside.
    fn compound(&mut self, stmt: &Stmt) {
        let line = stmt.span.line;
        match &stmt.kind {
            StmtKind::Do(body) => self.block(&format!("do @{line}"), body),
            StmtKind::While { cond, body } => self.group(&format!("while @{line}"), |p| {
                p.expr(*cond);
                p.block("body", body);
            }),
            StmtKind::Repeat { body, cond } => self.group(&format!("repeat @{line}"), |p| {
                p.block("body", body);
                p.exprs("until", &[*cond]);
            }),
            StmtKind::If { arms, otherwise } => self.group(&format!("if @{line}"), |p| {
                for (cond, body) in arms {
                    p.group("when", |p| {
                        p.expr(*cond);
                        p.block("then", body);
                    });
                }
                if let Some(body) = otherwise {
                    p.block("else", body);
                }
            }),
            StmtKind::NumericFor {
                var,
                start,
                limit,
                step,
                body,
            } => {
                let head = format!("for @{line} {}", self.local(*var));
                self.group(&head, |p| {
                    p.exprs("start", &[*start]);
                    p.exprs("limit", &[*limit]);
                    p.exprs("step", step.as_slice());
                    p.block("body", body);
                });
            }
            StmtKind::GenericFor { vars, exprs, body } => {
                let head = format!("for-in @{line} {}", self.locals(vars.clone()));
                self.group(&head, |p| {
                    p.exprs("in", exprs);
                    p.block("body", body);
                });
            }
            StmtKind::Local { .. }
            | StmtKind::LocalFunction { .. }
            | StmtKind::Global { .. }
            | StmtKind::GlobalFunction { .. }
            | StmtKind::Assign { .. }
            | StmtKind::Function { .. }
            | StmtKind::Call(_)
            | StmtKind::Return(_)
            | StmtKind::Break
            | StmtKind::Goto(_)
            | StmtKind::Label(_) => {}
        }
    }

    /// The text of an expression without operands.
    fn leaf(&self, kind: &ExprKind) -> Option<String> {
        Some(match kind {
            ExprKind::Nil => "nil".into(),
            ExprKind::True => "true".into(),
            ExprKind::False => "false".into(),
            ExprKind::Int(i) => i.to_string(),
            ExprKind::Float(f) => float(*f),
            ExprKind::Str(s) => quoted(self.chunk.text(*s)),
            ExprKind::Vararg => "...".into(),
            ExprKind::Local { id, .. } => self.local_name(*id),
            ExprKind::Upvalue(i) => {
                let name = self.current().upvalues[*i as usize].name;
                format!("{}^{i}", self.name(name))
            }
            ExprKind::Constant(c) => format!("(constant {})", self.constant(*c)),
            ExprKind::Global { env, name } => {
                let env = self.leaf(&self.chunk.expr(*env).kind).unwrap_or_default();
                format!("(global {} {env})", self.name(*name))
            }
            ExprKind::Function(_)
            | ExprKind::Index { .. }
            | ExprKind::Call { .. }
            | ExprKind::Method { .. }
            | ExprKind::Binary { .. }
            | ExprKind::Unary { .. }
            | ExprKind::And { .. }
            | ExprKind::Or { .. }
            | ExprKind::Paren(_)
            | ExprKind::Table(_) => return None,
        })
    }

    fn expr(&mut self, e: ExprId) {
        if self.depth > MAX_DEPTH {
            return self.line("(deeper)");
        }
        let chunk = self.chunk;
        let kind = &chunk.expr(e).kind;
        match self.leaf(kind) {
            Some(text) => self.line(&text),
            None => {
                let start = self.out.len();
                self.compound_expr(e);
                self.join_lines(start);
            }
        }
    }

    /// An expression with operands.
    fn compound_expr(&mut self, e: ExprId) {
        let chunk = self.chunk;
        let kind = &chunk.expr(e).kind;
        let known = chunk.constants[e.index()];
        let known = known.map_or(String::new(), |c| format!(" [= {}]", self.constant(c)));
        match kind {
            ExprKind::Function(id) => self.function(*id),
            ExprKind::Index { obj, key } => self.exprs("index", &[*obj, *key]),
            ExprKind::Call { callee, args, line } => self.group(&format!("call @{line}"), |p| {
                p.expr(*callee);
                args.iter().for_each(|&a| p.expr(a));
            }),
            ExprKind::Method {
                obj,
                name,
                args,
                line,
            } => {
                let head = format!("method @{line} {}", self.name(*name));
                self.group(&head, |p| {
                    p.expr(*obj);
                    args.iter().for_each(|&a| p.expr(a));
                });
            }
            ExprKind::Binary { op, lhs, rhs, line } => {
                self.exprs(&format!("{} @{line}{known}", binary_text(*op)), &[*lhs, *rhs]);
            }
            ExprKind::Unary { op, operand, line } => {
                self.exprs(&format!("{} @{line}{known}", unary_text(*op)), &[*operand]);
            }
            ExprKind::And { lhs, rhs } => self.exprs(&format!("and{known}"), &[*lhs, *rhs]),
            ExprKind::Or { lhs, rhs } => self.exprs(&format!("or{known}"), &[*lhs, *rhs]),
            ExprKind::Paren(inner) => self.exprs("paren", &[*inner]),
            ExprKind::Table(items) if items.is_empty() => self.line("(table)"),
            ExprKind::Table(items) => self.group("table", |p| {
                for item in items {
                    p.table_item(item);
                }
            }),
            ExprKind::Nil
            | ExprKind::True
            | ExprKind::False
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Vararg
            | ExprKind::Local { .. }
            | ExprKind::Upvalue(_)
            | ExprKind::Constant(_)
            | ExprKind::Global { .. } => {}
        }
    }

    fn table_item(&mut self, item: &TableItem) {
        match item {
            TableItem::Positional(e) => self.expr(*e),
            TableItem::Keyed(k, v) => self.exprs("field", &[*k, *v]),
        }
    }
}

fn binary_text(op: BinOp) -> &'static str {
    match op {
        BinOp::Add => "+",
        BinOp::Sub => "-",
        BinOp::Mul => "*",
        BinOp::Mod => "%",
        BinOp::Pow => "^",
        BinOp::Div => "/",
        BinOp::IDiv => "//",
        BinOp::BAnd => "&",
        BinOp::BOr => "|",
        BinOp::BXor => "~",
        BinOp::Shl => "<<",
        BinOp::Shr => ">>",
        BinOp::Concat => "..",
        BinOp::Eq => "==",
        BinOp::Lt => "<",
        BinOp::Le => "<=",
        BinOp::Ne => "~=",
        BinOp::Gt => ">",
        BinOp::Ge => ">=",
    }
}

fn unary_text(op: UnOp) -> &'static str {
    match op {
        UnOp::Neg => "neg",
        UnOp::BNot => "bnot",
        UnOp::Not => "not",
        UnOp::Len => "len",
    }
}
