//! Values as the host sees them, and handles that keep them alive.

use crate::convert::{FromLua, IntoLua};
use crate::{Context, Error, Function, Result};
use perilune_runtime::heap::{Gc, Rooted};
use perilune_runtime::native::Ret;
use perilune_runtime::object as raw;
use perilune_runtime::{Kind, Value as Raw};
use std::sync::Arc;

/// A Lua value.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Value {
    Nil,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    LightUserData(usize),
    String(LuaString),
    Table(Table),
    Function(Function),
    Thread(Thread),
    UserData(AnyUserData),
}

/// Any number of values.
pub type MultiValue = Vec<Value>;

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident $object:ident $cast:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(pub(crate) Arc<Rooted>);

        impl $name {
            #[allow(dead_code)]
            pub(crate) fn root(st: &mut Context, p: Gc<raw::$object>) -> $name {
                $name(Arc::new(st.heap.rooted(p.into())))
            }
            #[allow(dead_code)]
            pub(crate) fn raw(&self, st: &Context) -> Result<Gc<raw::$object>> {
                st.heap.rooted_value(&self.0).and_then(|v| v.$cast()).ok_or(Error::WrongState)
            }
        }
    };
}

handle!(
    /// A string.
    LuaString Str as_str
);
handle!(
    /// A table.
    Table Table as_table
);
handle!(
    /// A coroutine.
    Thread Thread as_thread
);
handle!(
    /// A userdata.
    AnyUserData Userdata as_userdata
);

impl LuaString {
    /// Makes one.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn create(lua: &mut Context, bytes: &[u8]) -> Result<LuaString> {
        let s = lua.new_str(bytes).map_err(|_| Error::from_state(lua))?;
        Ok(LuaString::root(lua, s))
    }
    /// Its bytes.
    ///
    /// # Errors
    /// [`Error::WrongState`].
    pub fn as_bytes<'a>(&self, lua: &'a Context) -> Result<&'a [u8]> {
        Ok(self.raw(lua)?.bytes(&lua.heap))
    }
    /// Its text, with what is not UTF-8 replaced.
    ///
    /// # Errors
    /// [`Error::WrongState`].
    pub fn to_string_lossy(&self, lua: &Context) -> Result<String> {
        Ok(String::from_utf8_lossy(self.as_bytes(lua)?).into_owned())
    }
}

impl Table {
    /// `t[key]`, metamethods included.
    ///
    /// # Errors
    /// What metamethods raise, and conversions.
    pub fn get<V: FromLua>(&self, lua: &mut Context, key: impl IntoLua) -> Result<V> {
        let t = self.raw(lua)?;
        let key = key.into_lua(lua)?.to_raw(lua)?;
        match lua.index(t.into(), key) {
            Ok(v) => {
                let v = Value::from_raw(lua, v);
                V::from_lua(v, lua)
            }
            Err(_) => Err(Error::from_state(lua)),
        }
    }
    /// `t[key] = value`, metamethods included.
    ///
    /// # Errors
    /// What metamethods raise, and invalid keys.
    pub fn set(&self, lua: &mut Context, key: impl IntoLua, value: impl IntoLua) -> Result<()> {
        let t = self.raw(lua)?;
        let key = key.into_lua(lua)?;
        let value = value.into_lua(lua)?;
        let (k, v) = (key.to_raw(lua)?, value.to_raw(lua)?);
        lua.set_index(t.into(), k, v).map_err(|_| Error::from_state(lua))
    }
    /// A border, without metamethods.
    ///
    /// # Errors
    /// [`Error::WrongState`].
    pub fn raw_len(&self, lua: &Context) -> Result<i64> {
        Ok(self.raw(lua)?.len(&lua.heap))
    }
    /// `t[key]`, without metamethods: nil if the table itself has no such entry.
    ///
    /// # Errors
    /// Conversions.
    pub fn raw_get<V: FromLua>(&self, lua: &mut Context, key: impl IntoLua) -> Result<V> {
        let t = self.raw(lua)?;
        let key = key.into_lua(lua)?.to_raw(lua)?;
        let v = t.get(&lua.heap, key);
        let v = Value::from_raw(lua, v);
        V::from_lua(v, lua)
    }
    /// The entry after that of `key` in traversal order, the first one after nil; None at the end. It
    /// calls no metamethod, and makes handles of this one entry only.
    ///
    /// # Errors
    /// The table never had the key.
    pub fn raw_next(&self, lua: &mut Context, key: &Value) -> Result<Option<(Value, Value)>> {
        let t = self.raw(lua)?;
        let key = key.to_raw(lua)?;
        match t.next(&lua.heap, key) {
            Ok(entry) => Ok(entry.map(|(k, v)| (Value::from_raw(lua, k), Value::from_raw(lua, v)))),
            Err(_) => Err(Error::runtime("invalid key to 'next'")),
        }
    }
    /// Its metatable, whatever `__metatable` says.
    ///
    /// # Errors
    /// [`Error::WrongState`].
    pub fn metatable(&self, lua: &mut Context) -> Result<Option<Table>> {
        let mt = self.raw(lua)?.metatable(&lua.heap);
        Ok(mt.map(|mt| Table::root(lua, mt)))
    }
    /// All entries, in traversal order.
    ///
    /// # Errors
    /// Conversions.
    pub fn pairs<K: FromLua, V: FromLua>(&self, lua: &mut Context) -> Result<Vec<(K, V)>> {
        let t = self.raw(lua)?;
        let mut all = Vec::new();
        let mut key = Raw::NIL;
        while let Ok(Some((k, v))) = t.next(&lua.heap, key) {
            key = k;
            let (k, v) = (Value::from_raw(lua, k), Value::from_raw(lua, v));
            all.push((K::from_lua(k, lua)?, V::from_lua(v, lua)?));
        }
        Ok(all)
    }
}

impl Value {
    pub(crate) fn from_raw(st: &mut Context, v: Raw) -> Value {
        match v.unpack() {
            Kind::Nil => Value::Nil,
            Kind::Bool(b) => Value::Boolean(b),
            Kind::Int(i) => Value::Integer(i),
            Kind::Float(f) => Value::Number(f),
            Kind::Light(p) => Value::LightUserData(p),
            Kind::Str(s) => Value::String(LuaString::root(st, s)),
            Kind::Table(t) => Value::Table(Table::root(st, t)),
            Kind::Closure(_) | Kind::Native(_) => Value::Function(Function::root(st, v)),
            Kind::Thread(t) => Value::Thread(Thread::root(st, t)),
            Kind::Userdata(u) => Value::UserData(AnyUserData::root(st, u)),
        }
    }

    pub(crate) fn to_raw(&self, st: &Context) -> Result<Raw> {
        let handle = match self {
            Value::Nil => return Ok(Raw::NIL),
            Value::Boolean(b) => return Ok(Raw::bool(*b)),
            Value::Integer(i) => return Ok(Raw::int(*i)),
            Value::Number(f) => return Ok(Raw::float(*f)),
            Value::LightUserData(p) => return Ok(Raw::light(*p)),
            Value::String(h) => &h.0,
            Value::Table(h) => &h.0,
            Value::Function(h) => &h.0,
            Value::Thread(h) => &h.0,
            Value::UserData(h) => &h.0,
        };
        st.heap.rooted_value(handle).ok_or(Error::WrongState)
    }

    /// The metatable of its own or of its type, whatever `__metatable` says.
    ///
    /// # Errors
    /// [`Error::WrongState`].
    pub fn metatable(&self, lua: &mut Context) -> Result<Option<Table>> {
        let v = self.to_raw(lua)?;
        let mt = lua.metatable_of(v);
        Ok(mt.map(|mt| Table::root(lua, mt)))
    }

    /// Its text, as `tostring` gives it; this may call the metamethod `__tostring`. What is not UTF-8
    /// is replaced.
    ///
    /// # Errors
    /// What the metamethod raises.
    pub fn to_string(&self, lua: &mut Context) -> Result<String> {
        let text = Function::native(lua, "tostring", |st| {
            let v = st.arg(1);
            Ok(Ret::One(st.tostring(v)?.into()))
        })?;
        let text: LuaString = text.call(lua, self.clone())?;
        text.to_string_lossy(lua)
    }

    /// The address of its object, which tells objects apart as long as they live; null for values
    /// without one.
    ///
    /// # Errors
    /// [`Error::WrongState`].
    pub fn to_pointer(&self, lua: &Context) -> Result<*const std::ffi::c_void> {
        Ok(std::ptr::without_provenance(self.to_raw(lua)?.address()))
    }

    /// The name of its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Nil => "nil",
            Value::Boolean(_) => "boolean",
            Value::Integer(_) => "integer",
            Value::Number(_) => "number",
            Value::LightUserData(_) => "light userdata",
            Value::String(_) => "string",
            Value::Table(_) => "table",
            Value::Function(_) => "function",
            Value::Thread(_) => "thread",
            Value::UserData(_) => "userdata",
        }
    }
}
