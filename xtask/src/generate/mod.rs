//! Seed -> a valid Lua 5.5 program that terminates and prints the same under every correct
//! implementation.
//!
//! Rules that keep a program's output defined: every loop and function spends a step (`S()`), and
//! the budget is small; nothing prints an address, a time, a memory count or the order of `pairs`
//! over a hash; `#` is applied to strings and to sequences that stay sequences; comparators are
//! total orders; recursion has a counter, and metamethods do not recurse (PUC counts those as C
//! levels).

mod aging;
mod expr;
mod hot;
mod library;
mod literal;
mod meta;
mod mutate;
mod rng;
mod scenario;
mod stmt;
mod suspend;
mod tables;
pub mod tree;
mod wrong;

use rng::Rng;
use tree::Node;

/// The Lua functions that every program starts with.
pub const PRELUDE: &str = include_str!("prelude.lua");

/// What is known of a variable's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Int,
    Num,
    Str,
    Bool,
    /// A sequence of numbers and strings without holes.
    Seq,
    /// A table of any shape.
    Rec,
    /// A function of this many parameters.
    Fun(usize),
    /// A table with a metatable that has metamethods.
    Obj,
    /// Anything but a sequence.
    Any,
}

#[derive(Clone, Debug)]
struct Var {
    name: String,
    kind: Kind,
    fixed: bool,
}

/// What the function being generated allows.
#[derive(Clone, Copy, Default)]
struct Frame {
    vararg: bool,
    loops: usize,
}

/// The state of the generator.
struct Gen {
    rng: Rng,
    scopes: Vec<Vec<Var>>,
    frames: Vec<Frame>,
    names: usize,
    /// Statements that may still be made.
    budget: i64,
    /// How deep compound statements are nested.
    depth: usize,
    /// How deep loaded sources are nested.
    nest: usize,
    /// Objects, and which of the events each class has.
    objects: Vec<(String, Vec<usize>)>,
}

/// The statements of the program of a seed; the text is the prelude and these.
pub fn program(seed: u64) -> Vec<Node> {
    let mut g = Gen {
        rng: Rng::new(seed),
        scopes: vec![Vec::new()],
        frames: vec![Frame {
            vararg: true,
            loops: 0,
        }],
        names: 0,
        budget: 0,
        depth: 0,
        nest: 0,
        objects: Vec::new(),
    };
    if g.rng.chance(1, 16) {
        return g.syntax_errors();
    }
    let mut nodes = Vec::new();
    for _ in 0..g.rng.range(2, 7) {
        g.budget = g.rng.range(4, 22);
        nodes.extend(g.top_level());
    }
    nodes.extend(g.ending());
    nodes
}

/// The program's text.
pub fn text(nodes: &[Node]) -> String {
    format!("{PRELUDE}{}", tree::render(nodes))
}

impl Gen {
    /// A name that no other variable has.
    fn fresh(&mut self) -> String {
        self.names += 1;
        let letter = self
            .rng
            .pick(&["a", "b", "count", "x", "val", "key", "s", "tab", "self_", "f"]);
        format!("{letter}{}", self.names)
    }

    /// Makes a variable known in the innermost scope.
    fn declare(&mut self, name: &str, kind: Kind, fixed: bool) {
        let var = Var {
            name: name.to_string(),
            kind,
            fixed,
        };
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(var);
        }
    }

    /// The name of a visible variable that fits.
    fn find(&mut self, fits: impl Fn(&Var) -> bool) -> Option<Var> {
        let found: Vec<&Var> = self.scopes.iter().flatten().filter(|v| fits(v)).collect();
        (!found.is_empty()).then(|| found[self.rng.below(found.len())].clone())
    }

    fn variable(&mut self, kind: Kind) -> Option<String> {
        self.find(|v| v.kind == kind).map(|v| v.name)
    }

    fn frame(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// A part of the program on its own: mostly protected, with locals of all kinds.
    fn top_level(&mut self) -> Vec<Node> {
        if self.rng.chance(1, 6) {
            // Declared for all that follows.
            return self.statement();
        }
        let protected = self.rng.chance(5, 6);
        self.frames.push(Frame {
            vararg: !protected,
            loops: 0,
        });
        let mut body = self.scoped(|g| {
            let mut nodes = g.starters();
            nodes.extend(g.statements());
            nodes
        });
        self.frames.pop();
        if protected {
            maybe_return(self, &mut body);
            vec![tree::block("P(function()", body, "end)")]
        } else {
            vec![tree::block("do", body, "end")]
        }
    }

    /// Makes text that will stand inside a function without varargs.
    fn inside<T>(&mut self, make: impl FnOnce(&mut Gen) -> T) -> T {
        self.frames.push(Frame::default());
        let made = make(self);
        self.frames.pop();
        made
    }

    /// Statements in a scope of their own.
    fn scoped(&mut self, make: impl FnOnce(&mut Gen) -> Vec<Node>) -> Vec<Node> {
        self.scopes.push(Vec::new());
        self.depth += 1;
        let nodes = make(self);
        self.depth -= 1;
        self.scopes.pop();
        nodes
    }

    /// Some locals to work with.
    fn starters(&mut self) -> Vec<Node> {
        (0..self.rng.range(2, 5)).map(|_| self.local_variable()).collect()
    }

    /// How the program ends: in order, by an error that nobody catches, or by os.exit.
    fn ending(&mut self) -> Vec<Node> {
        let mut nodes = vec![tree::line("DONE()")];
        match self.rng.below(12) {
            0 => nodes.extend(self.uncaught()),
            1 => {
                let code = self
                    .rng
                    .pick(&["true", "false", "3", "0", "true, true", "7, true"]);
                nodes.push(tree::line(format!("os.exit({code})")));
            }
            _ => {}
        }
        nodes
    }
}

/// Lets a protected body end with a value now and then.
fn maybe_return(g: &mut Gen, body: &mut Vec<Node>) {
    if g.rng.chance(1, 3) {
        let value = g.inside(|g| g.any(1));
        body.push(tree::line(format!("return {value}")));
    }
}
