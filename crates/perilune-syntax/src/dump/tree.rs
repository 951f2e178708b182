//! A resolved tree -> one line per node, its parts indented below it.

use super::{float, plain, quoted};
use crate::ast::{
    Arm, BinOp, Block, Chunk, Constant, ExprId, ExprKind, FuncId, Function, LabelId, List, LocalId,
    LocalKind, Stmt, StmtKind, Symbol, TableItem, UnOp, Upvalue, UpvalueSource, Vararg,
};
use std::ops::Range;

/// The whole tree, as text.
///
/// The margin has the line of the source, where it is another than above. A local is shown with its
/// slot, as `count #2`, and an upvalue with its index, as `count ^0`. What is in brackets has been found
/// out of a variable: some closure takes it as an upvalue (captured), it is assigned after its
/// declaration (assigned), no use of a named vararg parameter needs its table (no table). `=> 21` stands
/// behind what is known before the program runs.
pub fn chunk(chunk: &Chunk) -> String {
    let mut printer = Printer {
        chunk,
        out: String::new(),
        depth: 0,
        levels: Vec::new(),
        role: "",
        line: 0,
    };
    printer.function(chunk.main);
    printer.out
}

/// Where the printer stops going deeper: long chains of operators are as deep as they are long.
const MAX_DEPTH: usize = 400;

struct Printer<'a> {
    chunk: &'a Chunk,
    out: String,
    depth: usize,
    /// The function that is being printed, last, and those around it.
    levels: Vec<Level>,
    /// What the next node is to the one above it; its line begins with it.
    role: &'static str,
    /// The last line of the source that the margin showed.
    line: u32,
}

struct Level {
    function: FuncId,
    /// The lines on which the loops that are being printed end, innermost last.
    loop_ends: Vec<u32>,
}

impl<'a> Printer<'a> {
    /// Prints the line of a node that stands on a line of the source.
    fn node(&mut self, line: u32, text: &str) {
        let margin = if line == 0 || line == self.line {
            String::new()
        } else {
            self.line = line;
            line.to_string()
        };
        let indent = 2 * self.depth;
        let role = std::mem::take(&mut self.role);
        self.out
            .push_str(&format!("{margin:>4}  {:indent$}{role}{text}\n", ""));
    }

    /// Prints a word that stands between the parts of a statement.
    fn word(&mut self, text: &str) {
        self.node(0, text);
    }

    fn inside(&mut self, parts: impl FnOnce(&mut Self)) {
        self.depth += 1;
        parts(self);
        self.depth -= 1;
    }

    /// The function so many levels around the one that is being printed.
    fn around(&self, levels: usize) -> &'a Function {
        let level = self.levels.len().saturating_sub(levels + 1);
        let id = self.levels.get(level).map_or(self.chunk.main, |l| l.function);
        self.chunk.func(id)
    }

    fn current(&self) -> &'a Function {
        self.around(0)
    }

    fn name(&self, s: Symbol) -> String {
        plain(self.chunk.text(s))
    }

    /// A local where it is used.
    fn local(&self, id: LocalId) -> String {
        let local = &self.current().locals[id.index()];
        format!("{} #{}", self.name(local.name), local.slot)
    }

    /// A local where it is declared.
    fn declared(&self, id: LocalId) -> String {
        let local = &self.current().locals[id.index()];
        let mut text = match &local.kind {
            LocalKind::Regular => self.local(id),
            LocalKind::Const => format!("{} <const>", self.local(id)),
            LocalKind::Close => format!("{} <close>", self.local(id)),
            LocalKind::CompileTime(c) => {
                format!("{} <const> => {}", self.name(local.name), self.constant(*c))
            }
        };
        text.push_str(match (local.captured, local.assigned) {
            (true, true) => " [captured, assigned]",
            (true, false) => " [captured]",
            (false, true) => " [assigned]",
            (false, false) => "",
        });
        text
    }

    fn all_declared(&self, ids: Range<u32>) -> String {
        let texts: Vec<String> = ids.map(|id| self.declared(LocalId(id))).collect();
        texts.join(", ")
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
        self.levels.push(Level {
            function: id,
            loop_ends: Vec::new(),
        });
        let f = self.chunk.func(id);
        let params = self.parameters(f);
        match (f.line, f.end_line) {
            (0, _) => self.word(&format!("main function ({params})")),
            (line, end) if end == line => self.node(line, &format!("function ({params})")),
            (line, end) => self.node(line, &format!("function ({params}) to line {end}")),
        }
        self.inside(|p| {
            for (i, u) in f.upvalues.iter().enumerate() {
                p.upvalue(i, u);
            }
            p.statements(&f.body);
        });
        self.levels.pop();
    }

    fn parameters(&self, f: &Function) -> String {
        let mut all: Vec<String> = (0..f.params).map(|id| self.declared(LocalId(id))).collect();
        match f.vararg {
            Vararg::None => {}
            Vararg::Anonymous => all.push("...".into()),
            Vararg::Named { local, used_as_value } => {
                let table = if used_as_value { "" } else { " [no table]" };
                all.push(format!("...{}{table}", self.declared(local)));
            }
        }
        all.join(", ")
    }

    fn upvalue(&mut self, index: usize, u: &Upvalue) {
        let source = match u.source {
            _ if self.levels.len() == 1 => "the table of globals".into(),
            UpvalueSource::Local(id) => {
                format!(
                    "local #{} of the function around",
                    self.around(1).locals[id.index()].slot
                )
            }
            UpvalueSource::Upvalue(i) => format!("upvalue ^{i} of the function around"),
        };
        self.word(&format!("upvalue {} ^{index}: {source}", self.name(u.name)));
    }

    fn statements(&mut self, block: &Block) {
        for stmt in self.chunk.list(block.stmts) {
            self.stmt(stmt);
        }
    }

    /// A word, and below it a block.
    fn block(&mut self, word: &str, block: &Block) {
        self.word(word);
        self.inside(|p| p.statements(block));
    }

    fn exprs(&mut self, exprs: &[ExprId]) {
        self.inside(|p| exprs.iter().for_each(|&e| p.expr(e)));
    }

    fn expr_as(&mut self, role: &'static str, e: ExprId) {
        self.role = role;
        self.expr(e);
    }

    /// The values of an assignment, if there are any.
    fn values(&mut self, exprs: List<ExprId>) {
        if !exprs.is_empty() {
            self.word("=");
            self.exprs(self.chunk.list(exprs));
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        let line = stmt.span.line;
        match &stmt.kind {
            StmtKind::Local { vars, exprs } => {
                self.node(line, &format!("local {}", self.all_declared(vars.clone())));
                self.values(*exprs);
            }
            StmtKind::LocalFunction { var, expr, .. } => {
                self.node(line, &format!("local function {}", self.declared(*var)));
                self.exprs(&[*expr]);
            }
            StmtKind::Global { targets, .. } if targets.is_empty() => {
                self.node(line, "global (declares only)");
            }
            StmtKind::Global { targets, exprs, .. } => {
                self.node(
                    line,
                    &format!("global {}", self.globals(self.chunk.list(*targets))),
                );
                self.values(*exprs);
            }
            StmtKind::GlobalFunction { target, expr } => {
                self.node(line, &format!("global function {}", self.globals(&[*target])));
                self.exprs(&[*expr]);
            }
            StmtKind::Assign { targets, exprs } => {
                self.node(line, "assign");
                self.exprs(self.chunk.list(*targets));
                self.values(*exprs);
            }
            StmtKind::Function { target, expr } => {
                self.node(line, "assign function");
                self.exprs(&[*target]);
                self.word("=");
                self.exprs(&[*expr]);
            }
            StmtKind::Call(e) => self.expr(*e),
            StmtKind::Return(exprs) => {
                self.node(line, "return");
                self.exprs(self.chunk.list(*exprs));
            }
            StmtKind::TailCall(call) => {
                self.node(line, "return (tail call)");
                self.exprs(&[*call]);
            }
            StmtKind::Break => self.node(line, &format!("break -> after line {}", self.loop_end())),
            StmtKind::Goto(label) => {
                let (name, target) = self.label(*label);
                self.node(line, &format!("goto {name} -> line {target}"));
            }
            StmtKind::Label(label) => self.node(line, &format!("label {}", self.label(*label).0)),
            StmtKind::Do(body) => {
                self.node(line, "do");
                self.inside(|p| p.statements(body));
            }
            StmtKind::If { arms, otherwise } => self.branches(line, *arms, otherwise.as_ref()),
            StmtKind::While { cond, body } => self.while_loop(line, *cond, body),
            StmtKind::Repeat { body, cond } => self.repeat_loop(line, body, *cond),
            StmtKind::NumericFor {
                var,
                start,
                limit,
                step,
                body,
            } => {
                self.node(line, &format!("for {}", self.declared(*var)));
                self.range(*start, *limit, *step);
                self.repeated("do", body);
            }
            StmtKind::GenericFor { vars, exprs, body } => {
                self.node(line, &format!("for {}", self.all_declared(vars.clone())));
                self.word("in");
                self.exprs(self.chunk.list(*exprs));
                self.repeated("do", body);
            }
        }
    }

    fn while_loop(&mut self, line: u32, cond: ExprId, body: &Block) {
        self.node(line, "while");
        self.exprs(&[cond]);
        self.repeated("do", body);
    }

    fn repeat_loop(&mut self, line: u32, body: &Block, cond: ExprId) {
        self.node(line, "repeat");
        self.repeated("", body);
        self.word("until");
        self.exprs(&[cond]);
    }

    /// The bounds of a numeric loop.
    fn range(&mut self, start: ExprId, limit: ExprId, step: Option<ExprId>) {
        self.inside(|p| {
            p.expr_as("from ", start);
            p.expr_as("to ", limit);
            step.iter().for_each(|&e| p.expr_as("step ", e));
        });
    }

    /// A label's name and line.
    fn label(&self, id: LabelId) -> (String, u32) {
        let label = &self.current().labels[id.index()];
        (self.name(label.name), label.line)
    }

    /// The names that are declared as globals.
    fn globals(&self, targets: &[ExprId]) -> String {
        let name = |e: &ExprId| {
            let text = self.leaf(&self.chunk.expr(*e).kind).unwrap_or_default();
            text.trim_start_matches("global ").to_string()
        };
        targets.iter().map(name).collect::<Vec<_>>().join(", ")
    }

    fn branches(&mut self, line: u32, arms: List<Arm>, otherwise: Option<&Block>) {
        for (number, (cond, body)) in self.chunk.list(arms).iter().enumerate() {
            match number {
                0 => self.node(line, "if"),
                _ => self.word("elseif"),
            }
            self.exprs(&[*cond]);
            self.block("then", body);
        }
        if let Some(body) = otherwise {
            self.block("else", body);
        }
    }

    /// The body of a loop.
    fn repeated(&mut self, word: &str, body: &Block) {
        if let Some(level) = self.levels.last_mut() {
            level.loop_ends.push(body.end_line);
        }
        if !word.is_empty() {
            self.word(word);
        }
        self.inside(|p| p.statements(body));
        if let Some(level) = self.levels.last_mut() {
            level.loop_ends.pop();
        }
    }

    /// The line on which the innermost loop ends.
    fn loop_end(&self) -> u32 {
        let ends = self.levels.last().map_or(&[][..], |l| &l.loop_ends);
        ends.last().copied().unwrap_or_default()
    }

    /// The text of an expression without parts.
    fn leaf(&self, kind: &ExprKind) -> Option<String> {
        Some(match kind {
            ExprKind::Nil => "nil".into(),
            ExprKind::True => "true".into(),
            ExprKind::False => "false".into(),
            ExprKind::Int(i) => i.to_string(),
            ExprKind::Float(f) => float(*f),
            ExprKind::Str(s) => quoted(self.chunk.text(*s)),
            ExprKind::Vararg { .. } => "...".into(),
            ExprKind::Local { id, .. } => format!("local {}", self.local(*id)),
            ExprKind::Upvalue(i) => {
                let name = self.current().upvalues[*i as usize].name;
                format!("upvalue {} ^{i}", self.name(name))
            }
            ExprKind::Constant(c) => format!("constant => {}", self.constant(*c)),
            ExprKind::Global { env, name } => {
                let env = &self.chunk.expr(*env).kind;
                let table = match env {
                    ExprKind::Upvalue(_) => String::new(),
                    _ => format!(" in {}", self.leaf(env).unwrap_or_default()),
                };
                format!("global {}{table}", self.name(*name))
            }
            ExprKind::Table(items) if items.is_empty() => "table".into(),
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
        let chunk = self.chunk;
        let expr = chunk.expr(e);
        let line = expr.span.line;
        if self.depth > MAX_DEPTH {
            self.node(line, "(deeper)");
        } else if let Some(text) = self.leaf(&expr.kind) {
            self.node(line, &text);
        } else {
            self.compound_expr(e, line);
        }
    }

    /// An expression with parts.
    fn compound_expr(&mut self, e: ExprId, line: u32) {
        let chunk = self.chunk;
        let known = chunk.constant(e);
        let known = known.map_or(String::new(), |c| format!(" => {}", self.constant(c)));
        let mut operation = |line: u32, head: &str, parts: &[ExprId]| {
            self.node(line, &format!("{head}{known}"));
            self.exprs(parts);
        };
        match &chunk.expr(e).kind {
            ExprKind::Function(id) => self.function(*id),
            ExprKind::Table(items) => self.table(line, chunk.list(*items)),
            ExprKind::Index { obj, key } => self.index(line, *obj, *key),
            ExprKind::Call { callee, args, line } => {
                operation(*line, "call", &[&[*callee], chunk.list(*args)].concat())
            }
            ExprKind::Method {
                obj,
                name,
                args,
                line,
            } => {
                let head = format!("call method :{}", plain(chunk.text(*name)));
                operation(*line, &head, &[&[*obj], chunk.list(*args)].concat());
            }
            ExprKind::Binary { op, lhs, rhs, line } => operation(*line, binary_text(*op), &[*lhs, *rhs]),
            ExprKind::Unary { op, operand, line } => operation(*line, unary_text(*op), &[*operand]),
            ExprKind::And { lhs, rhs } => operation(line, "and", &[*lhs, *rhs]),
            ExprKind::Or { lhs, rhs } => operation(line, "or", &[*lhs, *rhs]),
            ExprKind::Paren(inner) => operation(line, "parentheses", &[*inner]),
            ExprKind::Nil
            | ExprKind::True
            | ExprKind::False
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Vararg { .. }
            | ExprKind::Local { .. }
            | ExprKind::Upvalue(_)
            | ExprKind::Constant(_)
            | ExprKind::Global { .. } => {}
        }
    }

    fn index(&mut self, line: u32, obj: ExprId, key: ExprId) {
        match self.field(key) {
            Some(name) => {
                self.node(line, &format!("index .{name}"));
                self.exprs(&[obj]);
            }
            None => {
                self.node(line, "index []");
                self.exprs(&[obj, key]);
            }
        }
    }

    /// The text of a key that is a name.
    fn field(&self, key: ExprId) -> Option<String> {
        let ExprKind::Str(s) = self.chunk.expr(key).kind else {
            return None;
        };
        let text = self.chunk.text(s);
        let word = text.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
        let name = word && text.first().is_some_and(|b| !b.is_ascii_digit());
        name.then(|| plain(text))
    }

    fn table(&mut self, line: u32, items: &[TableItem]) {
        self.node(line, "table");
        self.inside(|p| {
            for item in items {
                match item {
                    TableItem::Positional(e) => p.expr(*e),
                    TableItem::Keyed(key, value) => p.keyed(*key, *value),
                }
            }
        });
    }

    fn keyed(&mut self, key: ExprId, value: ExprId) {
        let line = self.chunk.expr(key).span.line;
        match self.field(key) {
            Some(name) => {
                self.node(line, &format!(".{name} ="));
                self.exprs(&[value]);
            }
            None => {
                self.node(line, "[] =");
                self.exprs(&[key, value]);
            }
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
        UnOp::Neg => "minus",
        UnOp::BNot => "bitwise not",
        UnOp::Not => "not",
        UnOp::Len => "length",
    }
}
