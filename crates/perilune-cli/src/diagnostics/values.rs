//! An expression of the failing line, and the stack -> its value, and names that were probably meant.
//! No Lua code runs: only variables and plain fields are looked at.

use super::locate::Parsed;
use perilune::{Context, Frame, LuaString, Value};
use perilune_syntax::ast::{ExprId, ExprKind};
use perilune_syntax::check::nearest;

/// How many fields an expression may chain.
const DEEPEST: u32 = 16;

/// What an expression is evaluated in.
pub struct Scene<'a> {
    /// The source.
    pub parsed: &'a Parsed<'a>,
    /// The activation; none if it is gone, as that of an error in a coroutine.
    pub frame: Option<&'a Frame>,
    /// An activation of a function that uses globals.
    pub globals_of: Option<&'a Frame>,
    /// The state.
    pub lua: &'a mut Context,
}

impl Scene<'_> {
    /// The value of a path like `a.b.c`, if it can be told.
    pub fn value(&mut self, e: ExprId) -> Option<Value> {
        self.value_within(e, DEEPEST)
    }

    fn value_within(&mut self, e: ExprId, depth: u32) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        let chunk = self.parsed.chunk;
        let name = self.parsed.variable_name(e);
        match &chunk.expr(e).kind {
            ExprKind::Local { .. } => self.frame?.local(self.lua, name),
            ExprKind::Upvalue(_) => self.frame?.upvalue(self.lua, name),
            ExprKind::Global { env, name } => {
                let env = self.environment(*env)?;
                env.raw_field(self.lua, chunk.text(*name)).ok()
            }
            ExprKind::Index { obj, key } => {
                let ExprKind::Str(key) = chunk.expr(*key).kind else {
                    return None;
                };
                let obj = self.value_within(*obj, depth)?;
                obj.raw_field(self.lua, chunk.text(key)).ok()
            }
            ExprKind::Str(s) => {
                let text = LuaString::create(self.lua, chunk.text(*s)).ok()?;
                Some(Value::String(text))
            }
            ExprKind::Paren(inner) => self.value_within(*inner, depth),
            ExprKind::Nil
            | ExprKind::True
            | ExprKind::False
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Vararg { .. }
            | ExprKind::Function(_)
            | ExprKind::Constant(_)
            | ExprKind::Call { .. }
            | ExprKind::Method { .. }
            | ExprKind::Binary { .. }
            | ExprKind::Unary { .. }
            | ExprKind::And { .. }
            | ExprKind::Or { .. }
            | ExprKind::Table(_) => None,
        }
    }

    /// The table of globals that an expression for `_ENV` stands for.
    fn environment(&mut self, env: ExprId) -> Option<Value> {
        let kind = &self.parsed.chunk.expr(env).kind;
        if matches!(kind, ExprKind::Local { .. }) {
            return self.frame?.local(self.lua, b"_ENV");
        }
        let frame = self.frame.or(self.globals_of);
        frame?.upvalue(self.lua, b"_ENV")
    }

    /// Whether the value of an expression can be of the type that a message names.
    pub fn fits(&mut self, e: ExprId, type_name: &str) -> bool {
        let Some(v) = self.value(e) else {
            return true;
        };
        let own = match v.type_name() {
            "integer" => "number",
            name => name,
        };
        let is_basic = ["nil", "boolean", "number", "string", "function", "thread"].contains(&type_name);
        own == type_name || (!is_basic && matches!(own, "table" | "userdata" | "light userdata"))
    }

    /// The name that was probably meant where the value of `e` is nil. For a method, `e` is the call.
    pub fn suggestion(&mut self, e: ExprId) -> Option<String> {
        let chunk = self.parsed.chunk;
        let kind = &chunk.expr(e).kind;
        if let ExprKind::Paren(inner) = kind {
            return self.suggestion(*inner);
        }
        if let ExprKind::Global { env, name } = kind {
            let wanted = chunk.text(*name);
            let env = self.environment(*env)?;
            return near_variable(self.lua, self.frame, &env, wanted);
        }
        if let ExprKind::Method { obj, name, .. } = kind {
            return self.near_field(*obj, chunk.text(*name));
        }
        let ExprKind::Index { obj, key } = kind else {
            return None;
        };
        let ExprKind::Str(key) = chunk.expr(*key).kind else {
            return None;
        };
        self.near_field(*obj, chunk.text(key))
    }

    fn near_field(&mut self, obj: ExprId, wanted: &[u8]) -> Option<String> {
        let value = self.value(obj)?;
        near(wanted, &known_fields(&value, self.lua, wanted)?)
    }
}

/// The variable that was probably meant by a global that `env` does not have.
fn near_variable(lua: &mut Context, frame: Option<&Frame>, env: &Value, wanted: &[u8]) -> Option<String> {
    let mut known = known_fields(env, lua, wanted)?;
    known.extend(frame.map(|f| f.variables(lua)).unwrap_or_default());
    near(wanted, &known)
}

/// As [`Scene::suggestion`] for a global, where there is no source to look at.
pub fn near_global(lua: &mut Context, frame: &Frame, wanted: &[u8]) -> Option<String> {
    let local = frame.local(lua, b"_ENV");
    let env = local.or_else(|| frame.upvalue(lua, b"_ENV"))?;
    near_variable(lua, Some(frame), &env, wanted)
}

/// The names of the fields of a value that has no field `wanted`; of one that has, none.
fn known_fields(v: &Value, lua: &mut Context, wanted: &[u8]) -> Option<Vec<Vec<u8>>> {
    let found = v.raw_field(lua, wanted).ok()?;
    matches!(found, Value::Nil).then(|| v.raw_field_names(lua))
}

fn near(wanted: &[u8], known: &[Vec<u8>]) -> Option<String> {
    let found = nearest(wanted, known.iter().map(Vec::as_slice))?;
    Some(String::from_utf8_lossy(found).into_owned())
}
