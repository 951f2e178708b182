//! The interface between the state and functions written in Rust: arguments, results, calls.

use crate::error::{Throw, text};
use crate::heap::{Event, Gc};
pub use crate::object::NativeFn;
use crate::object::{Str, Table, Thread};
use crate::semantics::index::Store;
use crate::semantics::{self, Arith, Outcome, compare};
use crate::state::State;
use crate::value::{Kind, Value};
use perilune_syntax::number;

/// What a native answers. No variant has a wide field where `One` has its tag: a wide load of it would
/// wait for the narrow store.
#[derive(Clone, Copy)]
pub enum Ret {
    /// No results.
    None,
    /// One result.
    One(Value),
    /// Two results.
    Two(Value, Value),
    /// The last so many values pushed.
    Top(usize),
    /// `pcall`: call slot 0 with the slots after it, protected.
    Pcall,
    /// `xpcall`: slot 0 is the handler, slot 1 the function.
    Xpcall,
    /// Call slot `at` with the slots after it; its results are the native's.
    Tail {
        /// Which slot.
        at: usize,
    },
    /// `pairs` with `__pairs`: call slot `at`, results adjusted to four.
    Pairs {
        /// Which slot.
        at: usize,
    },
    /// Resume the coroutine with the slots from 1 on.
    Resume(Gc<Thread>),
    /// Resume the coroutine with all slots; errors are raised, and no status precedes the results.
    ResumeWrapped(Gc<Thread>),
    /// Yield all slots.
    Yield,
    /// Close the running coroutine: it ends here.
    CloseSelf,
}

/// State of the warning system.
#[derive(Default)]
pub(crate) struct Warnings {
    pub on: bool,
    pub continues: bool,
}

impl State {
    // Checked arguments.

    /// Raises "bad argument #i to 'f' (msg)".
    #[cold]
    pub fn arg_error(&mut self, i: usize, msg: impl AsRef<[u8]>) -> Throw {
        let msg = msg.as_ref();
        let (name, is_method, extra) = self.running_name();
        let mut i = i;
        let mut word = "extra argument";
        if i > extra {
            i -= extra;
            word = "argument";
            if is_method {
                i -= 1;
                if i == 0 {
                    let s = [b"calling '", name.as_slice(), b"' on bad self (", msg, b")"].concat();
                    return self.error_at(1, &s);
                }
            }
        }
        let s = [
            format!("bad {word} #{i} to '").as_bytes(),
            &name,
            b"' (",
            msg,
            b")",
        ]
        .concat();
        self.error_at(1, &s)
    }
    /// Raises "bad argument #i to 'f' (expected expected, got actual)".
    #[cold]
    pub fn type_error(&mut self, i: usize, expected: &str) -> Throw {
        let actual = if self.arg_is_none(i) {
            b"no value".to_vec()
        } else {
            self.named_type(self.arg(i))
        };
        let mut s = expected.as_bytes().to_vec();
        s.extend_from_slice(b" expected, got ");
        s.extend_from_slice(&actual);
        self.arg_error(i, s)
    }
    /// The type name shown in messages: `__name`, "light userdata" or the basic type.
    pub fn named_type(&self, v: Value) -> Vec<u8> {
        let mut s = Vec::new();
        self.push_type_name(&mut s, v);
        s
    }
    /// Argument `i` must be there.
    ///
    /// # Errors
    /// "value expected".
    pub fn check_any(&mut self, i: usize) -> Result<Value, Throw> {
        if self.arg_is_none(i) {
            return Err(self.arg_error(i, "value expected"));
        }
        Ok(self.arg(i))
    }
    /// Argument `i` as an integer.
    ///
    /// # Errors
    /// It is none and does not convert to one.
    #[inline]
    pub fn check_int(&mut self, i: usize) -> Result<i64, Throw> {
        let v = self.arg(i);
        match v.as_int() {
            Some(n) => Ok(n),
            None => self.check_int_slow(i, v),
        }
    }
    #[cold]
    fn check_int_slow(&mut self, i: usize, v: Value) -> Result<i64, Throw> {
        if let Some(n) = v.to_integer(&self.heap) {
            return Ok(n);
        }
        if v.to_number(&self.heap).is_some() {
            return Err(self.arg_error(i, text::NO_INTEGER));
        }
        Err(self.type_error(i, "number"))
    }
    /// Argument `i` as a float.
    ///
    /// # Errors
    /// It is no number and does not convert to one.
    #[inline]
    pub fn check_num(&mut self, i: usize) -> Result<f64, Throw> {
        let v = self.arg(i);
        if let Some(x) = v.as_float() {
            return Ok(x);
        }
        match v.as_int() {
            Some(n) => Ok(n as f64),
            None => self.check_num_slow(i, v),
        }
    }
    #[cold]
    fn check_num_slow(&mut self, i: usize, v: Value) -> Result<f64, Throw> {
        match v.to_number(&self.heap) {
            Some(n) => Ok(n),
            None => Err(self.type_error(i, "number")),
        }
    }
    /// Argument `i` as a string; a number is converted in place.
    ///
    /// # Errors
    /// It is neither a string nor a number.
    #[inline]
    pub fn check_str(&mut self, i: usize) -> Result<Gc<Str>, Throw> {
        let v = self.arg(i);
        match v.as_str() {
            Some(s) => Ok(s),
            None if v.is_number() => {
                let s = self.number_text(v)?;
                self.set_arg(i, s.into());
                Ok(s)
            }
            None => Err(self.type_error(i, "string")),
        }
    }
    /// A float as it is to be written.
    #[inline]
    pub(crate) fn written(&self, f: f64) -> f64 {
        if f.is_nan() && self.options.stress.nan {
            -f
        } else {
            f
        }
    }
    /// Appends the text of a float.
    #[inline]
    pub(crate) fn write_float(&self, out: &mut Vec<u8>, f: f64) {
        number::write_float(out, self.written(f), self.dialect());
    }
    /// The text of a number.
    pub(crate) fn number_text(&mut self, v: Value) -> Result<Gc<Str>, Throw> {
        let mut b = std::mem::take(&mut self.buffer);
        b.clear();
        match v.unpack() {
            Kind::Int(i) => number::write_int(&mut b, i),
            Kind::Float(f) => self.write_float(&mut b, f),
            _ => {}
        }
        let r = self.new_str(&b);
        self.buffer = b;
        r
    }
    /// Argument `i` as a table.
    ///
    /// # Errors
    /// It is none.
    #[inline]
    pub fn check_table(&mut self, i: usize) -> Result<Gc<Table>, Throw> {
        match self.arg(i).as_table() {
            Some(t) => Ok(t),
            None => Err(self.type_error(i, "table")),
        }
    }
    /// Argument `i` must be a function.
    ///
    /// # Errors
    /// It is none.
    pub fn check_function(&mut self, i: usize) -> Result<Value, Throw> {
        let v = self.arg(i);
        if v.is_function() {
            Ok(v)
        } else {
            Err(self.type_error(i, "function"))
        }
    }
    /// Argument `i` must be of a basic type.
    ///
    /// # Errors
    /// It is not.
    pub fn check_type(&mut self, i: usize, type_name: &'static str) -> Result<Value, Throw> {
        let v = self.arg(i);
        if v.type_name() == type_name && !self.arg_is_none(i) {
            Ok(v)
        } else {
            Err(self.type_error(i, type_name))
        }
    }
    /// Argument `i` as an integer, or `default` when it is absent or nil.
    ///
    /// # Errors
    /// As [`State::check_int`].
    #[inline]
    pub fn opt_int(&mut self, i: usize, default: i64) -> Result<i64, Throw> {
        if self.arg(i).is_nil() {
            Ok(default)
        } else {
            self.check_int(i)
        }
    }
    /// Argument `i` as a float, or `default`.
    ///
    /// # Errors
    /// As [`State::check_num`].
    pub fn opt_num(&mut self, i: usize, default: f64) -> Result<f64, Throw> {
        if self.arg(i).is_nil() {
            Ok(default)
        } else {
            self.check_num(i)
        }
    }
    /// Argument `i` as a string, None when it is absent or nil.
    ///
    /// # Errors
    /// As [`State::check_str`].
    pub fn opt_str(&mut self, i: usize) -> Result<Option<Gc<Str>>, Throw> {
        if self.arg(i).is_nil() {
            Ok(None)
        } else {
            self.check_str(i).map(Some)
        }
    }
    /// Argument `i` as one of `options`; its index.
    ///
    /// # Errors
    /// "invalid option".
    pub fn check_option(
        &mut self,
        i: usize,
        default: Option<&str>,
        options: &[&str],
    ) -> Result<usize, Throw> {
        let name = match default {
            Some(d) if self.arg(i).is_nil() => d.as_bytes().to_vec(),
            _ => self.check_str(i)?.bytes(&self.heap).to_vec(),
        };
        if let Some(k) = options.iter().position(|o| o.as_bytes() == name) {
            return Ok(k);
        }
        let mut s = b"invalid option '".to_vec();
        s.extend_from_slice(&name);
        s.push(b'\'');
        Err(self.arg_error(i, s))
    }
    /// Raises a message with the position of the function at `level`.
    #[cold]
    pub fn error_at(&mut self, level: i64, msg: &[u8]) -> Throw {
        let mut s = self.take_buffer();
        self.push_where(&mut s, level);
        s.extend_from_slice(msg);
        let t = self.error_plain(&s);
        self.give_buffer(s);
        t
    }
    /// Raises a string with the position of the function at `level` in front.
    #[cold]
    pub(crate) fn error_string_at(&mut self, level: i64, msg: Gc<Str>) -> Throw {
        let mut s = self.take_buffer();
        self.push_where(&mut s, level);
        s.extend_from_slice(msg.bytes(&self.heap));
        let t = match self.new_str(&s) {
            Ok(s) => self.error_value(s.into()),
            Err(t) => t,
        };
        self.give_buffer(s);
        t
    }

    // Operations with metamethods; they call back, and so cannot be yielded across.

    fn complete(&mut self, o: Outcome) -> Result<Value, Throw> {
        match o {
            Outcome::Value(v) => Ok(v),
            Outcome::Call { f, a, b } => self.call1(f, &[a, b]),
        }
    }
    /// `obj[key]`
    ///
    /// # Errors
    /// Those of indexing and of metamethods.
    pub fn index(&mut self, obj: Value, key: Value) -> Result<Value, Throw> {
        let o = semantics::index::index(self, obj, key)?;
        self.complete(o)
    }
    /// `obj[key] = v`
    ///
    /// # Errors
    /// Those of indexing and of metamethods.
    pub fn set_index(&mut self, obj: Value, key: Value, v: Value) -> Result<(), Throw> {
        match semantics::index::set_index(self, obj, key, v)? {
            Store::Done => Ok(()),
            Store::Call { f, obj } => self.call(f, &[obj, key, v], 0).map(|_| ()),
        }
    }
    /// `#v`
    ///
    /// # Errors
    /// Those of the length operator.
    pub fn len(&mut self, v: Value) -> Result<Value, Throw> {
        match semantics::len(self, v)? {
            Outcome::Value(v) => Ok(v),
            Outcome::Call { f, a, b } => self.call1(f, &[a, b]),
        }
    }
    /// `#v`, which must be an integer.
    ///
    /// # Errors
    /// "object length is not an integer".
    pub fn len_int(&mut self, v: Value) -> Result<i64, Throw> {
        let n = self.len(v)?;
        match n.to_integer(&self.heap) {
            Some(n) => Ok(n),
            None => Err(self.error("object length is not an integer")),
        }
    }
    /// `a == b`
    ///
    /// # Errors
    /// Those of metamethods.
    pub fn equals(&mut self, a: Value, b: Value) -> Result<bool, Throw> {
        let o = compare::equals(self, a, b);
        Ok(self.complete(o)?.truthy())
    }
    /// `a < b`
    ///
    /// # Errors
    /// "attempt to compare", and those of metamethods.
    pub fn less_than(&mut self, a: Value, b: Value) -> Result<bool, Throw> {
        let o = compare::order(self, compare::Order::Lt, a, b)?;
        Ok(self.complete(o)?.truthy())
    }
    /// `a <= b`
    ///
    /// # Errors
    /// As [`State::less_than`].
    pub fn less_equal(&mut self, a: Value, b: Value) -> Result<bool, Throw> {
        let o = compare::order(self, compare::Order::Le, a, b)?;
        Ok(self.complete(o)?.truthy())
    }
    /// `a op b`
    ///
    /// # Errors
    /// Those of arithmetic.
    pub fn arith(&mut self, op: Arith, a: Value, b: Value) -> Result<Value, Throw> {
        let o = semantics::arith::arith(self, op, a, b)?;
        self.complete(o)
    }
    /// `a .. b`
    ///
    /// # Errors
    /// Those of concatenation.
    pub fn concat2(&mut self, a: Value, b: Value) -> Result<Value, Throw> {
        match semantics::concat::concat(self, &[a, b])? {
            semantics::concat::Concat::Done(v) => Ok(v),
            semantics::concat::Concat::Call { f, a, b, .. } => self.call1(f, &[a, b]),
        }
    }
    /// The text of any value, as `tostring` gives it.
    ///
    /// # Errors
    /// "'__tostring' must return a string", and those of metamethods.
    pub fn tostring(&mut self, v: Value) -> Result<Gc<Str>, Throw> {
        let mm = self.heap.metamethod(v, Event::ToString);
        if !mm.is_nil() {
            let r = self.call1(mm, &[v])?;
            if r.is_number() {
                return self.number_text(r);
            }
            return match r.as_str() {
                Some(s) => Ok(s),
                None => Err(self.error_at(1, b"'__tostring' must return a string")),
            };
        }
        match v.unpack() {
            Kind::Str(s) => Ok(s),
            Kind::Int(_) | Kind::Float(_) => self.number_text(v),
            Kind::Bool(true) => self.new_str(b"true"),
            Kind::Bool(false) => self.new_str(b"false"),
            Kind::Nil => self.new_str(b"nil"),
            Kind::Light(_)
            | Kind::Table(_)
            | Kind::Closure(_)
            | Kind::Native(_)
            | Kind::Userdata(_)
            | Kind::Thread(_) => {
                let name = self.heap.metamethod(v, Event::Name);
                let mut s = match name.as_str() {
                    Some(s) => s.bytes(&self.heap).to_vec(),
                    None => v.type_name().as_bytes().to_vec(),
                };
                s.extend_from_slice(format!(": {:#x}", v.address()).as_bytes());
                self.new_str(&s)
            }
        }
    }

    /// Shows a warning, as `warn` does: a single message that begins with `@` is a control message.
    ///
    /// # Errors
    /// None; the signature leaves room for a host's warning function.
    pub fn warn(&mut self, msg: &[u8], to_continue: bool) -> Result<(), Throw> {
        use std::io::Write;
        let w = &mut self.warnings;
        if !w.continues && !to_continue && msg.first() == Some(&b'@') {
            match msg {
                b"@on" => w.on = true,
                b"@off" => w.on = false,
                _ => {}
            }
            return Ok(());
        }
        if w.on {
            let first = !w.continues;
            w.continues = to_continue;
            let _ = self.flush_stdout();
            let mut err = std::io::stderr().lock();
            if first {
                let _ = err.write_all(b"Lua warning: ");
            }
            let _ = err.write_all(msg);
            if !to_continue {
                let _ = err.write_all(b"\n");
            }
        } else {
            w.continues = to_continue;
        }
        Ok(())
    }
}
