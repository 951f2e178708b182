//! The error messages that the language and its library know: the only list of them for the fuzzer.

/// The texts by part; `*` stands for what changes. What only gigabytes of memory, a
/// broken machine or a program of millions of lines can show is not here.
pub const MESSAGES: &[(&str, &[&str])] = &[
    ("operations", OPERATIONS),
    ("calls, coroutines and limits", CALLS),
    ("arguments", ARGUMENTS),
    ("strings, patterns and packing", STRINGS),
    ("other library functions", LIBRARY),
    ("source text", SOURCE),
];

const OPERATIONS: &[&str] = &[
    "attempt to index a * value",
    "attempt to call a * value",
    "attempt to perform arithmetic on a * value",
    "attempt to perform bitwise operation on a * value",
    "attempt to concatenate a * value",
    "attempt to get length of a * value",
    "attempt to compare two * values",
    "attempt to compare * with *",
    "attempt to * a '*' with a '*'",
    "attempt to divide by zero",
    "attempt to perform 'n%0'",
    "number* has no integer representation",
    "bad 'for' initial value (number expected, got *)",
    "bad 'for' limit (number expected, got *)",
    "bad 'for' step (number expected, got *)",
    "'for' step is zero",
    "index is nil",
    "index is NaN",
    "'__index' chain too long; possible loop",
    "'__newindex' chain too long; possible loop",
    "'__call' chain too long",
    "got a non-closable value",
    "vararg table has no proper 'n'",
    "global '*' already defined",
    "(local '*')",
    "(upvalue '*')",
    "(global '*')",
    "(field '*')",
    "(method '*')",
    "(constant '*')",
    "(metamethod '*')",
];

const CALLS: &[&str] = &[
    "C stack overflow",
    "stack overflow",
    "error in error handling",
    "cannot resume dead coroutine",
    "cannot resume non-suspended coroutine",
    "attempt to yield from outside a coroutine",
    "attempt to yield across a C-call boundary",
    "cannot close a * coroutine",
    "cannot close main thread",
    "too many results to unpack",
    "<no error object>",
    "(error object is a * value)",
    "stack traceback:",
    "(...tail calls...)",
];

const ARGUMENTS: &[&str] = &[
    "bad argument #* to '*' (number expected, got *)",
    "bad argument #* to '*' (string expected, got *)",
    "bad argument #* to '*' (table expected, got *)",
    "bad argument #* to '*' (function expected, got *)",
    "bad argument #* to '*' (nil or table expected*)",
    "bad argument #* to '*' (string/function/table expected, got *)",
    "bad argument #* to '*' (table or string expected*)",
    "bad argument #* to '*' (thread expected, got *)",
    "bad argument #* to '*' (value expected)",
    "bad argument #* to '*' (number has no integer representation)",
    "bad argument #* to '*' (invalid option '*')",
    "bad argument #* to '*' (invalid option)",
    "bad argument #* to '*' (index out of range)",
    "bad argument #* to '*' (value out of range)",
    "bad argument #* to '*' (level out of range)",
    "bad argument #* to '*' (base out of range)",
    "bad argument #* to '*' (out of bounds)",
    "bad argument #* to '*' (position out of bounds)",
    "bad argument #* to '*' (initial position out of bounds)",
    "bad argument #* to '*' (no value)",
    "bad argument #* to '*' (zero)",
    "bad argument #* to '*' (interval is empty)",
    "calling '*' on bad self",
];

const STRINGS: &[&str] = &[
    "string slice too long",
    "invalid conversion '*' to 'format'",
    "invalid format (too long)",
    "specifier '%q' cannot have modifiers",
    "string contains zeros",
    "value has no literal form",
    "Lua function expected",
    "malformed pattern (ends with '%')",
    "malformed pattern (missing ']')",
    "malformed pattern (missing arguments to '%b')",
    "missing '[' after '%f' in pattern",
    "unfinished capture",
    "invalid pattern capture",
    "invalid capture index %*",
    "pattern too complex",
    "too many captures",
    "invalid use of '%' in replacement string",
    "invalid replacement value (a *)",
    "invalid format option '*'",
    "missing size for format option 'c'",
    "invalid next option for option 'X'",
    "format asks for alignment not power of 2",
    "integral size (*) out of limits [1,16]",
    "integer overflow",
    "unsigned overflow",
    "string longer than given size",
    "string length does not fit in given size",
    "variable-length format",
    "initial position out of string",
    "data string too short",
    "unfinished string for format 'z'",
    "-byte integer does not fit into Lua Integer",
    "invalid UTF-8 code",
    "initial position is a continuation byte",
];

const LIBRARY: &[&str] = &[
    "assertion failed!",
    "cannot change a protected metatable",
    "'__tostring' must return a string",
    "object length is not an integer",
    "invalid key to 'next'",
    "reader function must return a string",
    "attempt to load a * chunk (mode is '*')",
    "bad binary format (*)",
    "wrong number of arguments to 'insert'",
    "wrong number of arguments",
    "invalid value (*) at index * in table for 'concat'",
    "invalid order function for sorting",
    "array too big",
    "too many elements to move",
    "destination wrap around",
    "module '*' not found:",
    "field '*' missing in date table",
    "field '*' is not an integer",
    "field '*' is out-of-bound",
    "invalid conversion specifier '*'",
    "date result cannot be represented in this installation",
    "attempt to use a closed file",
    "file is already closed",
    "No such file or directory",
    "invalid mode",
    "invalid upvalue index",
];

const SOURCE: &[&str] = &[
    "unexpected symbol near *",
    "syntax error near *",
    "<name> expected near *",
    "'*' expected near *",
    "'*' expected (to close '*' at line *) near *",
    "'=' or 'in' expected near *",
    "<eof> expected near *",
    "function arguments expected near *",
    "cannot use '...' outside a vararg function near *",
    "attempt to assign to const variable '*'",
    "multiple to-be-closed variables in local list",
    "unknown attribute '*'",
    "global variables cannot be to-be-closed",
    "variable '*' not declared",
    "break outside loop near *",
    "no visible label '*' for",
    "label '*' already defined on line *",
    "jumps into the scope of *",
    "malformed number near *",
    "unfinished string near *",
    "unfinished long string (starting at line *) near *",
    "unfinished long comment (starting at line *) near *",
    "invalid long string delimiter near *",
    "invalid escape sequence *",
    "hexadecimal digit expected",
    "decimal escape too large",
    "missing '{'",
    "missing '}'",
    "UTF-8 value too large",
    "too many local variables (limit is 200)",
    "too many upvalues (limit is 255)",
    "too many registers (limit is 255)",
];

/// Whether a line of `text` has the parts of the message in their order.
pub fn occurs(message: &str, text: &str) -> bool {
    let parts: Vec<&str> = message.split('*').collect();
    text.lines().any(|line| {
        let mut rest = line;
        parts.iter().all(|part| match rest.find(part) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_in_order_and_in_one_line() {
        assert!(occurs(
            "attempt to call a * value",
            "p:1: attempt to call a nil value (x)"
        ));
        assert!(!occurs("attempt to call a * value", "attempt to call a\n value"));
        assert!(!occurs("a*b", "b a"));
    }
}
