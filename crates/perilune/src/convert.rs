//! Conversions between Lua values and Rust types.

use crate::value::{AnyUserData, LuaString, MultiValue, Table, Thread, Value};
use crate::{Context, Error, Function, Result};

/// A type that converts to a Lua value.
pub trait IntoLua {
    /// Converts.
    ///
    /// # Errors
    /// [`Error::Memory`].
    fn into_lua(self, lua: &mut Context) -> Result<Value>;
}

/// A type that a Lua value converts to.
pub trait FromLua: Sized {
    /// Converts.
    ///
    /// # Errors
    /// [`Error::Conversion`].
    fn from_lua(v: Value, lua: &mut Context) -> Result<Self>;
}

/// A type that converts to a list of Lua values.
pub trait IntoLuaMulti {
    /// Converts.
    ///
    /// # Errors
    /// [`Error::Memory`].
    fn into_lua_multi(self, lua: &mut Context) -> Result<MultiValue>;
}

/// A type that a list of Lua values converts to; missing ones are nil, extra ones are dropped.
pub trait FromLuaMulti: Sized {
    /// Converts.
    ///
    /// # Errors
    /// [`Error::Conversion`].
    fn from_lua_multi(values: MultiValue, lua: &mut Context) -> Result<Self>;
}

fn mismatch<T>(v: &Value, to: &str) -> Result<T> {
    Err(Error::Conversion(format!(
        "cannot convert {} to {to}",
        v.type_name()
    )))
}

macro_rules! plain {
    ($($t:ty, $variant:ident;)*) => {$(
        impl IntoLua for $t {
            fn into_lua(self, _: &mut Context) -> Result<Value> {
                Ok(Value::$variant(self))
            }
        }
        impl FromLua for $t {
            fn from_lua(v: Value, _: &mut Context) -> Result<Self> {
                match v {
                    Value::$variant(x) => Ok(x),
                    other => mismatch(&other, stringify!($t)),
                }
            }
        }
    )*};
}
plain! {
    LuaString, String;
    Table, Table;
    Function, Function;
    Thread, Thread;
    AnyUserData, UserData;
}

impl IntoLua for Value {
    fn into_lua(self, _: &mut Context) -> Result<Value> {
        Ok(self)
    }
}
impl FromLua for Value {
    fn from_lua(v: Value, _: &mut Context) -> Result<Self> {
        Ok(v)
    }
}
impl IntoLua for bool {
    fn into_lua(self, _: &mut Context) -> Result<Value> {
        Ok(Value::Boolean(self))
    }
}
impl FromLua for bool {
    fn from_lua(v: Value, _: &mut Context) -> Result<Self> {
        Ok(!matches!(v, Value::Nil | Value::Boolean(false)))
    }
}
impl IntoLua for i64 {
    fn into_lua(self, _: &mut Context) -> Result<Value> {
        Ok(Value::Integer(self))
    }
}
impl FromLua for i64 {
    fn from_lua(v: Value, lua: &mut Context) -> Result<Self> {
        match v.to_raw(lua)?.to_integer(&lua.heap) {
            Some(i) => Ok(i),
            None => mismatch(&v, "i64"),
        }
    }
}
impl IntoLua for f64 {
    fn into_lua(self, _: &mut Context) -> Result<Value> {
        Ok(Value::Number(self))
    }
}
impl FromLua for f64 {
    fn from_lua(v: Value, lua: &mut Context) -> Result<Self> {
        match v.to_raw(lua)?.to_number(&lua.heap) {
            Some(f) => Ok(f),
            None => mismatch(&v, "f64"),
        }
    }
}
impl IntoLua for &[u8] {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        match lua.new_str(self) {
            Ok(s) => Ok(Value::String(LuaString::root(lua, s))),
            Err(_) => Err(Error::from_state(lua)),
        }
    }
}
impl IntoLua for &str {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        self.as_bytes().into_lua(lua)
    }
}
impl IntoLua for String {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        self.as_bytes().into_lua(lua)
    }
}
impl FromLua for Vec<u8> {
    fn from_lua(v: Value, lua: &mut Context) -> Result<Self> {
        match &v {
            Value::String(s) => Ok(s.as_bytes(lua)?.to_vec()),
            Value::Integer(_) | Value::Number(_) => {
                let raw = v.to_raw(lua)?;
                match lua.tostring(raw) {
                    Ok(s) => Ok(s.bytes(&lua.heap).to_vec()),
                    Err(_) => Err(Error::from_state(lua)),
                }
            }
            other => mismatch(other, "string"),
        }
    }
}
impl FromLua for String {
    fn from_lua(v: Value, lua: &mut Context) -> Result<Self> {
        String::from_utf8(Vec::from_lua(v, lua)?).map_err(|e| Error::Conversion(e.to_string()))
    }
}
impl<T: IntoLua> IntoLua for Option<T> {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        self.map_or(Ok(Value::Nil), |v| v.into_lua(lua))
    }
}
impl<T: FromLua> FromLua for Option<T> {
    fn from_lua(v: Value, lua: &mut Context) -> Result<Self> {
        if matches!(v, Value::Nil) {
            Ok(None)
        } else {
            T::from_lua(v, lua).map(Some)
        }
    }
}

impl<T: IntoLua> IntoLuaMulti for T {
    fn into_lua_multi(self, lua: &mut Context) -> Result<MultiValue> {
        Ok(vec![self.into_lua(lua)?])
    }
}
impl<T: FromLua> FromLuaMulti for T {
    fn from_lua_multi(values: MultiValue, lua: &mut Context) -> Result<Self> {
        T::from_lua(values.into_iter().next().unwrap_or(Value::Nil), lua)
    }
}

/// Any number of values of one type.
#[derive(Clone, Debug, Default)]
pub struct Variadic<T>(pub Vec<T>);

impl<T: IntoLua> IntoLuaMulti for Variadic<T> {
    fn into_lua_multi(self, lua: &mut Context) -> Result<MultiValue> {
        self.0.into_iter().map(|v| v.into_lua(lua)).collect()
    }
}
impl<T: FromLua> FromLuaMulti for Variadic<T> {
    fn from_lua_multi(values: MultiValue, lua: &mut Context) -> Result<Self> {
        values
            .into_iter()
            .map(|v| T::from_lua(v, lua))
            .collect::<Result<_>>()
            .map(Variadic)
    }
}

macro_rules! tuples {
    ($(($($t:ident)*))*) => {$(
        impl<$($t: IntoLua),*> IntoLuaMulti for ($($t,)*) {
            #[allow(non_snake_case, unused_variables)]
            fn into_lua_multi(self, lua: &mut Context) -> Result<MultiValue> {
                let ($($t,)*) = self;
                Ok(vec![$($t.into_lua(lua)?),*])
            }
        }
        impl<$($t: FromLua),*> FromLuaMulti for ($($t,)*) {
            #[allow(unused_variables, unused_mut)]
            fn from_lua_multi(values: MultiValue, lua: &mut Context) -> Result<Self> {
                let mut it = values.into_iter();
                Ok(($($t::from_lua(it.next().unwrap_or(Value::Nil), lua)?,)*))
            }
        }
    )*};
}
tuples! { () (A B) (A B C) (A B C D) (A B C D E) }

impl<A: IntoLua> IntoLuaMulti for (A,) {
    fn into_lua_multi(self, lua: &mut Context) -> Result<MultiValue> {
        Ok(vec![self.0.into_lua(lua)?])
    }
}
