//! The text of an error message -> what it complains of.

use perilune_syntax::ast::BinOp;

/// How a message calls the value that it complains of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Global,
    Local,
    Upvalue,
    Field,
    Method,
    Constant,
    /// The function that a generic loop calls.
    Iterator,
}

/// What was done with a value of the wrong type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Index,
    Call,
    Arithmetic,
    Bitwise,
    Concatenate,
    Length,
}

/// A part of a numeric loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopPart {
    Start,
    Limit,
    Step,
}

/// What a message complains of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint<'a> {
    /// `attempt to index a nil value (field 'x')`
    Operand {
        action: Action,
        /// The name of its type.
        type_name: &'a str,
        /// How the code calls it, if the message says so.
        name: Option<(Kind, &'a str)>,
    },
    /// `attempt to compare ...`
    Compare,
    /// An operator on strings, or a division by zero: `attempt to mul a 'number' with a 'string'`
    Operator(BinOp),
    /// `bad 'for' limit (number expected, got nil)`
    Loop(LoopPart),
    /// `global 'x' already defined`
    DefinedGlobal(&'a str),
    /// `bad argument #2 to 'insert' (...)`
    Argument {
        /// From 1; without the object of a method call.
        number: usize,
        function: &'a str,
    },
    /// `calling 'x' on bad self (...)`
    BadSelf(&'a str),
    /// `number has no integer representation`
    NoInteger,
    /// `stack overflow`
    Overflow,
    /// Anything else.
    Other,
}

const ACTIONS: &[(&str, Action)] = &[
    ("index a ", Action::Index),
    ("call a ", Action::Call),
    ("perform arithmetic on a ", Action::Arithmetic),
    ("perform bitwise operation on a ", Action::Bitwise),
    ("concatenate a ", Action::Concatenate),
    ("get length of a ", Action::Length),
];

const KINDS: &[(&str, Kind)] = &[
    ("global", Kind::Global),
    ("local", Kind::Local),
    ("upvalue", Kind::Upvalue),
    ("field", Kind::Field),
    ("method", Kind::Method),
    ("constant", Kind::Constant),
    ("for iterator", Kind::Iterator),
];

const LOOPS: &[(&str, LoopPart)] = &[
    ("bad 'for' initial value (", LoopPart::Start),
    ("bad 'for' limit (", LoopPart::Limit),
    ("bad 'for' step (", LoopPart::Step),
    ("'for' step is zero", LoopPart::Step),
];

/// What the string library calls the operators on strings that are no numerals.
const OPERATORS: &[(&str, BinOp)] = &[
    ("add", BinOp::Add),
    ("sub", BinOp::Sub),
    ("mul", BinOp::Mul),
    ("mod", BinOp::Mod),
    ("pow", BinOp::Pow),
    ("div", BinOp::Div),
    ("idiv", BinOp::IDiv),
];

impl Complaint<'_> {
    /// Understands a message without its position.
    pub fn of(text: &str) -> Complaint<'_> {
        if let Some(rest) = text.strip_prefix("attempt to ") {
            return attempt(rest).unwrap_or(Complaint::Other);
        }
        if let Some((_, part)) = LOOPS.iter().find(|(t, _)| text.starts_with(t)) {
            return Complaint::Loop(*part);
        }
        if text.starts_with("number") && text.ends_with("has no integer representation") {
            return Complaint::NoInteger;
        }
        if text.starts_with("stack overflow") {
            return Complaint::Overflow;
        }
        argument(text)
            .or_else(|| bad_self(text))
            .or_else(|| defined(text))
            .unwrap_or(Complaint::Other)
    }
}

fn attempt(text: &str) -> Option<Complaint<'_>> {
    if text.starts_with("compare ") {
        return Some(Complaint::Compare);
    }
    match text {
        "divide by zero" => return Some(Complaint::Operator(BinOp::IDiv)),
        "perform 'n%0'" => return Some(Complaint::Operator(BinOp::Mod)),
        _ => {}
    }
    if text.contains("' with a '") {
        let (verb, _) = text.split_once(" a '")?;
        let (_, op) = OPERATORS.iter().find(|(t, _)| *t == verb)?;
        return Some(Complaint::Operator(*op));
    }
    let (action, rest) = ACTIONS
        .iter()
        .find_map(|(t, a)| Some((*a, text.strip_prefix(t)?)))?;
    let (type_name, after) = rest.split_once(" value")?;
    let name = match after.strip_prefix(" (").and_then(|n| n.strip_suffix(')')) {
        Some(named) => Some(kind(named)?),
        None if after.is_empty() => None,
        None => return None,
    };
    Some(Complaint::Operand {
        action,
        type_name,
        name,
    })
}

/// `field 'x'`
fn kind(named: &str) -> Option<(Kind, &str)> {
    let (kind, rest) = KINDS
        .iter()
        .find_map(|(t, k)| Some((*k, named.strip_prefix(t)?.strip_prefix(" '")?)))?;
    Some((kind, rest.strip_suffix('\'')?))
}

fn argument(text: &str) -> Option<Complaint<'_>> {
    let rest = text.strip_prefix("bad argument #")?;
    let (number, rest) = rest.split_once(" to '")?;
    let (function, _) = rest.split_once("' (")?;
    let number = number.parse().ok().filter(|n| *n > 0)?;
    Some(Complaint::Argument { number, function })
}

fn bad_self(text: &str) -> Option<Complaint<'_>> {
    let (function, _) = text.strip_prefix("calling '")?.split_once("' on bad self")?;
    Some(Complaint::BadSelf(function))
}

fn defined(text: &str) -> Option<Complaint<'_>> {
    let name = text.strip_prefix("global '")?.strip_suffix("' already defined")?;
    Some(Complaint::DefinedGlobal(name))
}

#[cfg(test)]
mod tests {
    use super::{Action, BinOp, Complaint, Kind, LoopPart};

    #[test]
    fn operands() {
        let named = Complaint::of("attempt to index a nil value (field 'x')");
        let expected = Complaint::Operand {
            action: Action::Index,
            type_name: "nil",
            name: Some((Kind::Field, "x")),
        };
        assert_eq!(named, expected);
        let bare = Complaint::of("attempt to perform arithmetic on a table value");
        let expected = Complaint::Operand {
            action: Action::Arithmetic,
            type_name: "table",
            name: None,
        };
        assert_eq!(bare, expected);
    }

    #[test]
    fn others() {
        let limit = Complaint::of("bad 'for' limit (number expected, got nil)");
        assert_eq!(limit, Complaint::Loop(LoopPart::Limit));
        let argument = Complaint::of("bad argument #2 to 'insert' (number expected, got string)");
        let expected = Complaint::Argument {
            number: 2,
            function: "insert",
        };
        assert_eq!(argument, expected);
    }

    #[test]
    fn operators() {
        let mul = Complaint::of("attempt to mul a 'number' with a 'string'");
        assert_eq!(mul, Complaint::Operator(BinOp::Mul));
        assert_eq!(
            Complaint::of("attempt to perform 'n%0'"),
            Complaint::Operator(BinOp::Mod)
        );
    }

    #[test]
    fn texts_of_programs() {
        assert_eq!(
            Complaint::of("attempt to index a nil value (thing 'x')"),
            Complaint::Other
        );
        assert_eq!(Complaint::of("attempt to run"), Complaint::Other);
        assert_eq!(Complaint::of("bad argument #x to 'y' (z)"), Complaint::Other);
    }
}
