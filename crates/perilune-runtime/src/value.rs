//! A Lua value: a 64-bit payload and a one-byte tag, 16 bytes together.
//!
//! The pair is copied as two scalars, never as one 16-byte move: separate stores of payload and tag
//! must forward to the load that follows. INT = 0 and FLT = 1, so that "both are integers" is one
//! `or` and one test.

use crate::heap::{Gc, Header, Heap};
use crate::object::{Closure, Native, Str, Table, Thread, Userdata};
use perilune_syntax::number::{self, Num};

/// What a payload means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Tag(pub u8);

#[allow(missing_docs)]
impl Tag {
    pub const INT: Tag = Tag(0);
    pub const FLT: Tag = Tag(1);
    pub const NIL: Tag = Tag(2);
    pub const FALSE: Tag = Tag(3);
    pub const TRUE: Tag = Tag(4);
    pub const LIGHT: Tag = Tag(5);
    /// A key whose object was collected; in table nodes only.
    pub const DEAD: Tag = Tag(6);
    pub const STR: Tag = Tag(16);
    pub const TABLE: Tag = Tag(17);
    pub const CLOSURE: Tag = Tag(18);
    pub const NATIVE: Tag = Tag(19);
    pub const USERDATA: Tag = Tag(20);
    pub const THREAD: Tag = Tag(21);
    /// A compiled function; never visible to Lua.
    pub const PROTO: Tag = Tag(22);
    /// An upvalue; never visible to Lua.
    pub const UPVAL: Tag = Tag(23);
    /// What the walker's evaluations answer when something was thrown; never in a slot.
    pub const THROWN: Tag = Tag(15);

    /// Whether the payload is a pointer to a heap object.
    #[inline(always)]
    pub fn is_object(self) -> bool {
        self.0 >= Tag::STR.0
    }
    /// Whether it is `nil` or `false`.
    #[inline(always)]
    pub fn is_falsy(self) -> bool {
        self.0 >> 1 == 1
    }
}

/// A Lua value.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Value {
    pub(crate) bits: u64,
    pub(crate) tag: Tag,
}

impl PartialEq for Value {
    /// Identity: the same payload and tag.
    fn eq(&self, other: &Value) -> bool {
        self.same(*other)
    }
}

/// A value taken apart, for exhaustive matches.
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub enum Kind {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Light(usize),
    Str(Gc<Str>),
    Table(Gc<Table>),
    Closure(Gc<Closure>),
    Native(Gc<Native>),
    Userdata(Gc<Userdata>),
    Thread(Gc<Thread>),
}

impl Value {
    /// `nil`
    pub const NIL: Value = Value {
        bits: 0,
        tag: Tag::NIL,
    };
    /// `false`
    pub const FALSE: Value = Value {
        bits: 0,
        tag: Tag::FALSE,
    };
    /// `true`
    pub const TRUE: Value = Value {
        bits: 0,
        tag: Tag::TRUE,
    };

    /// An integer.
    #[inline(always)]
    pub const fn int(i: i64) -> Value {
        Value {
            bits: i as u64,
            tag: Tag::INT,
        }
    }
    /// A float.
    #[inline(always)]
    pub const fn float(f: f64) -> Value {
        Value {
            bits: f.to_bits(),
            tag: Tag::FLT,
        }
    }
    /// A boolean.
    #[inline(always)]
    pub const fn bool(b: bool) -> Value {
        if b { Value::TRUE } else { Value::FALSE }
    }
    /// A light userdata.
    pub const fn light(p: usize) -> Value {
        Value {
            bits: p as u64,
            tag: Tag::LIGHT,
        }
    }
    #[inline(always)]
    pub(crate) fn object<T>(p: Gc<T>, tag: Tag) -> Value {
        Value {
            bits: p.addr() as u64,
            tag,
        }
    }
    #[inline(always)]
    pub(crate) fn gc<T>(self) -> Gc<T> {
        Gc::from_addr(self.bits as usize)
    }
    #[inline(always)]
    pub(crate) fn header(self) -> *mut Header {
        self.bits as usize as *mut Header
    }

    /// Whether it is `nil`.
    #[inline(always)]
    pub fn is_nil(self) -> bool {
        self.tag == Tag::NIL
    }
    /// Whether it is neither `nil` nor `false`.
    #[inline(always)]
    pub fn truthy(self) -> bool {
        !self.tag.is_falsy()
    }
    /// Whether it is an integer.
    #[inline(always)]
    pub fn is_int(self) -> bool {
        self.tag == Tag::INT
    }
    /// Whether it is a float.
    #[inline(always)]
    pub fn is_float(self) -> bool {
        self.tag == Tag::FLT
    }
    /// Whether it is an integer or a float.
    #[inline(always)]
    pub fn is_number(self) -> bool {
        self.tag.0 <= 1
    }
    /// Whether it is a string or a number, which have a text of their own.
    #[inline(always)]
    pub fn is_text(self) -> bool {
        self.is_number() || self.as_str().is_some()
    }
    /// Whether it is a function, Lua or native.
    pub fn is_function(self) -> bool {
        self.tag == Tag::CLOSURE || self.tag == Tag::NATIVE
    }
    /// The integer, if it is one.
    #[inline(always)]
    pub fn as_int(self) -> Option<i64> {
        (self.tag == Tag::INT).then_some(self.bits as i64)
    }
    /// The float, if it is one.
    #[inline(always)]
    pub fn as_float(self) -> Option<f64> {
        (self.tag == Tag::FLT).then(|| f64::from_bits(self.bits))
    }
    /// The string, if it is one.
    #[inline(always)]
    pub fn as_str(self) -> Option<Gc<Str>> {
        (self.tag == Tag::STR).then(|| self.gc())
    }
    /// The table, if it is one.
    #[inline(always)]
    pub fn as_table(self) -> Option<Gc<Table>> {
        (self.tag == Tag::TABLE).then(|| self.gc())
    }
    /// The Lua function, if it is one.
    #[inline(always)]
    pub fn as_closure(self) -> Option<Gc<Closure>> {
        (self.tag == Tag::CLOSURE).then(|| self.gc())
    }
    /// The native function, if it is one.
    #[inline(always)]
    pub fn as_native(self) -> Option<Gc<Native>> {
        (self.tag == Tag::NATIVE).then(|| self.gc())
    }
    /// The full userdata, if it is one.
    pub fn as_userdata(self) -> Option<Gc<Userdata>> {
        (self.tag == Tag::USERDATA).then(|| self.gc())
    }
    /// The coroutine, if it is one.
    pub fn as_thread(self) -> Option<Gc<Thread>> {
        (self.tag == Tag::THREAD).then(|| self.gc())
    }
    /// The light userdata, if it is one.
    pub fn as_light(self) -> Option<usize> {
        (self.tag == Tag::LIGHT).then_some(self.bits as usize)
    }
    /// Takes the value apart.
    pub fn unpack(self) -> Kind {
        match self.tag {
            Tag::INT => Kind::Int(self.bits as i64),
            Tag::FLT => Kind::Float(f64::from_bits(self.bits)),
            Tag::FALSE => Kind::Bool(false),
            Tag::TRUE => Kind::Bool(true),
            Tag::LIGHT => Kind::Light(self.bits as usize),
            Tag::STR => Kind::Str(self.gc()),
            Tag::TABLE => Kind::Table(self.gc()),
            Tag::CLOSURE => Kind::Closure(self.gc()),
            Tag::NATIVE => Kind::Native(self.gc()),
            Tag::USERDATA => Kind::Userdata(self.gc()),
            Tag::THREAD => Kind::Thread(self.gc()),
            _ => Kind::Nil,
        }
    }
    /// The name of its type, as `type` gives it.
    pub fn type_name(self) -> &'static str {
        match self.unpack() {
            Kind::Nil => "nil",
            Kind::Bool(_) => "boolean",
            Kind::Int(_) | Kind::Float(_) => "number",
            Kind::Light(_) | Kind::Userdata(_) => "userdata",
            Kind::Str(_) => "string",
            Kind::Table(_) => "table",
            Kind::Closure(_) | Kind::Native(_) => "function",
            Kind::Thread(_) => "thread",
        }
    }
    /// The address that `%p` shows; 0 for values without one.
    pub fn address(self) -> usize {
        if self.tag.is_object() || self.tag == Tag::LIGHT {
            self.bits as usize
        } else {
            0
        }
    }
    /// The same payload and tag: identity, and equality of everything but numbers of different
    /// kinds, NaN and long strings.
    #[inline(always)]
    pub fn same(self, other: Value) -> bool {
        self.bits == other.bits && self.tag == other.tag
    }
    /// Equality without metamethods.
    #[inline]
    pub fn raw_equals(self, other: Value, heap: &Heap) -> bool {
        if let Some(told) = self.equals_at_once(other, heap) {
            return told;
        }
        if self.tag == Tag::STR {
            return self.gc::<Str>().content_equals(other.gc(), heap);
        }
        match (self.unpack(), other.unpack()) {
            (Kind::Int(i), Kind::Float(f)) | (Kind::Float(f), Kind::Int(i)) => number::int_eq_float(i, f),
            _ => false,
        }
    }
    /// Equality, if it can be told without metamethods, the bytes of long strings and conversions of numbers.
    #[inline(always)]
    pub(crate) fn equals_at_once(self, other: Value, heap: &Heap) -> Option<bool> {
        if self.tag != other.tag {
            return (!self.is_number() || !other.is_number()).then_some(false);
        }
        if self.tag == Tag::FLT {
            return Some(f64::from_bits(self.bits) == f64::from_bits(other.bits));
        }
        if self.tag == Tag::NIL || self.bits == other.bits {
            return Some(true);
        }
        match self.tag {
            Tag::STR => {
                let (a, b) = (self.gc::<Str>(), other.gc::<Str>());
                (a.is_short(heap) || b.is_short(heap)).then_some(false)
            }
            Tag::TABLE => {
                let (a, b) = (self.gc::<Table>(), other.gc::<Table>());
                (a.metatable(heap).is_none() && b.metatable(heap).is_none()).then_some(false)
            }
            Tag::USERDATA => None,
            _ => Some(false),
        }
    }
    /// The integer it is or converts to (integral floats, strings that read as such).
    pub fn to_integer(self, heap: &Heap) -> Option<i64> {
        match self.unpack() {
            Kind::Int(i) => Some(i),
            Kind::Float(f) => number::float_to_int_exact(f),
            Kind::Str(s) => match number::str_to_number(s.bytes(heap))? {
                Num::Int(i) => Some(i),
                Num::Float(f) => number::float_to_int_exact(f),
            },
            _ => None,
        }
    }
    /// The float it is or converts to.
    pub fn to_number(self, heap: &Heap) -> Option<f64> {
        match self.unpack() {
            Kind::Int(i) => Some(i as f64),
            Kind::Float(f) => Some(f),
            Kind::Str(s) => match number::str_to_number(s.bytes(heap))? {
                Num::Int(i) => Some(i as f64),
                Num::Float(f) => Some(f),
            },
            _ => None,
        }
    }
}

macro_rules! from_object {
    ($($t:ident $tag:ident)*) => {$(
        impl From<Gc<$t>> for Value {
            #[inline(always)]
            fn from(p: Gc<$t>) -> Value {
                Value::object(p, Tag::$tag)
            }
        }
    )*};
}
from_object!(Str STR Table TABLE Closure CLOSURE Native NATIVE Userdata USERDATA Thread THREAD);

impl From<Num> for Value {
    fn from(n: Num) -> Value {
        match n {
            Num::Int(i) => Value::int(i),
            Num::Float(f) => Value::float(f),
        }
    }
}
