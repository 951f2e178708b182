//! What is known about frames and functions: positions, names, local variables, tracebacks, and the
//! messages that mention variables.

use super::tree::{self, Place, TreeFn};
use crate::error::Throw;
use crate::heap::{Event, Gc};
use crate::object::{Closure, Frame, Thread, Upval, cont, frame_flags};
use crate::state::State;
use crate::value::Value;
use perilune_bytecode::debuginfo::{self, Name};
use perilune_bytecode::ops::{Instr, Op, Operand};
use perilune_bytecode::proto::{Const, Proto};
use perilune_syntax::{chunk_id, number, push_chunk_id};

/// A frame of a coroutine, counted from the bottom of its stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameRef(usize);

/// What [`State::debug_info`] is to describe.
#[derive(Clone, Copy)]
pub enum DebugTarget {
    /// An activation.
    Frame(Gc<Thread>, FrameRef),
    /// A function.
    Function(Value),
}

/// The answers of `debug.getinfo`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct DebugInfo {
    pub source: Vec<u8>,
    pub short_src: Vec<u8>,
    pub what: &'static str,
    pub currentline: i64,
    pub linedefined: i64,
    pub lastlinedefined: i64,
    pub name: Option<Vec<u8>>,
    pub namewhat: &'static str,
    pub nups: i64,
    pub nparams: i64,
    pub isvararg: bool,
    pub istailcall: bool,
    pub extraargs: i64,
    pub ftransfer: i64,
    pub ntransfer: i64,
    pub func: Value,
    /// None for natives.
    pub activelines: Option<Vec<i64>>,
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{:#x}", self.type_name(), self.bits)
    }
}

fn function_of(f: &Frame) -> Value {
    // SAFETY: every frame but the bottom one has its function below its base.
    unsafe { *f.base.sub(1) }
}

fn what_of(source: &[u8]) -> &'static str {
    if source.is_empty() { "?" } else { "Lua" }
}

impl State {
    fn frame_ptr(&self, co: Gc<Thread>, r: FrameRef) -> *mut Frame {
        let t = co.get(&self.heap);
        // SAFETY: compared with the running frame before use.
        unsafe { t.bottom().sub(r.0) }
    }

    /// The frame at `level`: 0 is the running function, 1 the one that called it.
    pub fn debug_frame(&self, co: Gc<Thread>, level: i64) -> Option<FrameRef> {
        let t = co.get(&self.heap);
        let depth = (t.bottom() as usize - t.frame as usize) / size_of::<Frame>();
        let level = usize::try_from(level).ok()?;
        (level < depth).then(|| FrameRef(depth - level))
    }

    fn proto_of(&self, f: Value) -> Option<&Proto> {
        f.as_closure().map(|c| &**c.proto(&self.heap).meta(&self.heap))
    }

    /// The instruction that a Lua frame is executing.
    fn current_pc(&self, co: Gc<Thread>, f: *mut Frame) -> usize {
        let t = co.get(&self.heap);
        // SAFETY: `f` is a Lua frame of `co`; a frame above it, if any, is the next lower record.
        unsafe {
            let cl: Gc<Closure> = function_of(&*f).gc();
            let code = (*cl.proto(&self.heap).ptr()).code;
            let pc = ((*f).pc as usize - code as usize) / size_of::<Instr>();
            let again = f != t.frame && matches!((*f.sub(1)).cont, cont::CLOSE | cont::RETURN_CLOSE);
            if again { pc } else { pc.saturating_sub(1) }
        }
    }

    fn line_of(&self, co: Gc<Thread>, f: *mut Frame) -> Option<u32> {
        // SAFETY: a frame record of `co`.
        let frame = unsafe { &*f };
        if !frame.is_lua() {
            return None;
        }
        if let Some(place) = Place::of(frame) {
            return Some(place.line());
        }
        let p = self.proto_of(function_of(frame))?;
        debuginfo::line_at(p, self.current_pc(co, f))
    }

    /// "chunk:line: " of the function at `level`, empty if it is not a Lua function.
    pub fn where_(&self, level: i64) -> Vec<u8> {
        let mut s = Vec::new();
        self.push_where(&mut s, level);
        s
    }

    /// Appends what [`State::where_`] gives.
    pub(crate) fn push_where(&self, out: &mut Vec<u8>, level: i64) {
        if let Some(r) = self.debug_frame(self.thread, level) {
            let f = self.frame_ptr(self.thread, r);
            if self.line_of(self.thread, f).is_some() {
                self.push_position_of(out, f);
            }
        }
    }

    fn push_position_of(&self, out: &mut Vec<u8>, f: *mut Frame) {
        // SAFETY: a frame record of the running coroutine.
        let Some(p) = self.proto_of(function_of(unsafe { &*f })) else {
            return;
        };
        let Some(src) = p.source() else {
            return out.extend_from_slice(b"?:?: ");
        };
        push_chunk_id(out, src);
        out.push(b':');
        match self.line_of(self.thread, f) {
            Some(line) => number::write_int(out, i64::from(line)),
            None => out.push(b'?'),
        }
        out.extend_from_slice(b": ");
    }

    /// Appends the position that goes in front of a message raised here.
    pub(crate) fn push_position(&self, out: &mut Vec<u8>) {
        let th = self.th();
        if th.frame == th.bottom() {
            return;
        }
        if self.frame().is_lua() {
            self.push_position_of(out, th.frame);
        } else {
            self.push_where(out, 1);
        }
    }

    /// The name of the running native for messages, whether it was called as a method, and how many
    /// arguments `__call` metamethods put before its own.
    pub(crate) fn running_name(&mut self) -> (Vec<u8>, bool, usize) {
        let th = self.th();
        if th.frame == th.bottom() {
            return (b"?".to_vec(), false, 0);
        }
        let f = th.frame;
        // SAFETY: a frame record of the running coroutine.
        let (func, extra) = unsafe { (function_of(&*f), (*f).ncall as usize) };
        if let Some(n) = self.call_name_of(self.thread, f) {
            return (n.name.to_vec(), n.kind == "method", extra);
        }
        (
            self.global_name(func).unwrap_or_else(|| b"?".to_vec()),
            false,
            extra,
        )
    }

    /// How the frame's function was called, as the caller's code tells.
    fn call_name_of(&self, co: Gc<Thread>, f: *mut Frame) -> Option<Name<'_>> {
        // SAFETY: `f` is a frame record above the bottom one.
        unsafe {
            if (*f).flags & frame_flags::TAIL != 0 {
                return None;
            }
            let caller = f.add(1);
            if (*caller).flags & frame_flags::HOOK != 0 && (*f).cont == cont::ENTRY {
                return Some(Name {
                    kind: "hook",
                    name: b"?",
                });
            }
            if (*caller).flags & frame_flags::FINALISER != 0 && (*f).cont == cont::ENTRY {
                return Some(Name {
                    kind: "metamethod",
                    name: b"__gc",
                });
            }
            if !(*caller).is_lua() {
                return None;
            }
            if Place::of(&*caller).is_some() {
                return self.walked_call_name(&*caller);
            }
            let p = self.proto_of(function_of(&*caller))?;
            debuginfo::call_name(p, self.current_pc(co, caller))
        }
    }

    /// The name of a function found in `package.loaded`.
    fn global_name(&mut self, f: Value) -> Option<Vec<u8>> {
        let r = self.registry();
        let loaded = self.get_field(r, "_LOADED").ok()?.as_table()?;
        let mut key = Value::NIL;
        let mut found: Option<Vec<u8>> = None;
        while let Ok(Some((k, v))) = loaded.next(&self.heap, key) {
            key = k;
            let Some(module) = k.as_str() else { continue };
            let module = module.bytes(&self.heap);
            if v.raw_equals(f, &self.heap) {
                return Some(module.to_vec());
            }
            let Some(t) = v.as_table() else { continue };
            let mut inner = Value::NIL;
            while let Ok(Some((k, v))) = t.next(&self.heap, inner) {
                inner = k;
                let Some(name) = k.as_str() else { continue };
                if v.raw_equals(f, &self.heap) {
                    let name = name.bytes(&self.heap);
                    if module == b"_G" {
                        return Some(name.to_vec());
                    }
                    found = found.or_else(|| Some([module, b".", name].concat()));
                    break;
                }
            }
        }
        found
    }

    // Messages that mention variables.

    /// The tree and the place in it of a frame that the walker runs.
    pub(super) fn walked(&self, f: &Frame) -> Option<(&TreeFn, Place)> {
        let place = Place::of(f)?;
        let cl = function_of(f).as_closure()?;
        // SAFETY: alive while the state is borrowed.
        let tree = unsafe { (*cl.proto(&self.heap).ptr()).tree.as_ref()? };
        Some((tree, place))
    }

    /// How the function that a walker's frame calls is called there.
    fn walked_call_name(&self, f: &Frame) -> Option<Name<'_>> {
        let (tree, place) = self.walked(f)?;
        let name = tree::call_name(tree, place)?;
        if name.kind != "method" {
            return Some(name);
        }
        let p = self.proto_of(function_of(f))?;
        let is_name = |c: &Const| matches!(c, Const::Str(s) if p.text(*s) == name.name);
        let kind = debuginfo::method_kind(p.consts.iter().position(is_name)? as u32, name.name);
        Some(Name { kind, ..name })
    }

    /// The name of an operand of what the running frame executes.
    fn running_operand(&self, v: Value) -> Option<Name<'_>> {
        if let Some((tree, place)) = self.walked(self.frame()) {
            return tree::operand_name(tree, place, v, self.operands, self.culprit as usize);
        }
        self.running_code()
            .and_then(|(p, pc)| self.find_operand(p, pc, v))
    }

    /// The running frame's function and instruction, if it is a Lua frame.
    fn running_code(&self) -> Option<(&Proto, usize)> {
        let th = self.th();
        if th.frame == th.bottom() || !self.frame().is_lua() {
            return None;
        }
        let p = self.proto_of(function_of(self.frame()))?;
        Some((p, self.current_pc(self.thread, th.frame)))
    }

    /// Appends " (local 'x')" for an operand of the instruction being executed.
    fn push_description(&self, out: &mut Vec<u8>, v: Value) {
        push_name(out, self.running_operand(v));
    }

    fn find_operand<'a>(&self, p: &'a Proto, pc: usize, v: Value) -> Option<Name<'a>> {
        let i = *p.code.get(pc)?;
        let info = i.op().info();
        let base = self.frame().base;
        // SAFETY: verified code: operands name registers of the frame.
        let reg = |r: u8| unsafe { *base.add(r as usize) };
        let describe = |r: u8| debuginfo::describe_register(p, pc, r);
        let a = match i.op() {
            Op::CONCAT => return describe(i.a().saturating_add(self.culprit)),
            // What is stored is not at fault.
            Op::SETTABUP => (i.a(), Operand::None),
            _ => (i.a(), info.operands[0]),
        };
        let fields = [a, (i.b(), info.operands[1]), (i.c(), info.operands[2])];
        for (n, kind) in fields {
            match kind {
                Operand::Read | Operand::ReadWrite if reg(n).same(v) => return describe(n),
                Operand::Upvalue => {
                    let u = function_of(self.frame())
                        .as_closure()?
                        .upval(&self.heap, n as usize);
                    if u.get(&self.heap).same(v) {
                        return Some(debuginfo::describe_upvalue(p, n));
                    }
                }
                Operand::Window if matches!(i.op(), Op::CALL | Op::TAILCALL) && reg(n).same(v) => {
                    return describe(n);
                }
                Operand::Read
                | Operand::ReadWrite
                | Operand::Window
                | Operand::None
                | Operand::Write
                | Operand::Const
                | Operand::StrConst
                | Operand::NumConst
                | Operand::Proto
                | Operand::Int
                | Operand::Count
                | Operand::Flag
                | Operand::Jump => {}
            }
        }
        None
    }

    /// Raises the message that `build` appends to the position of the running function, if that is a
    /// Lua function.
    #[cold]
    fn raise_built(&mut self, build: impl FnOnce(&State, &mut Vec<u8>)) -> Throw {
        let mut s = self.take_buffer();
        if self.frame().is_lua() {
            self.push_position(&mut s);
        }
        build(self, &mut s);
        let t = self.error_plain(&s);
        self.give_buffer(s);
        t
    }

    /// Appends the type name shown in messages: `__name`, "light userdata" or the basic type.
    pub(crate) fn push_type_name(&self, out: &mut Vec<u8>, v: Value) {
        match self.heap.metamethod(v, Event::Name).as_str() {
            Some(s) => out.extend_from_slice(s.bytes(&self.heap)),
            None if v.as_light().is_some() => out.extend_from_slice(b"light userdata"),
            None => out.extend_from_slice(v.type_name().as_bytes()),
        }
    }

    fn push_type_problem(&self, out: &mut Vec<u8>, v: Value, op: &str) {
        out.extend_from_slice(b"attempt to ");
        out.extend_from_slice(op.as_bytes());
        out.extend_from_slice(b" a ");
        self.push_type_name(out, v);
        out.extend_from_slice(b" value");
    }

    /// Raises "attempt to `op` a T value (local 'x')".
    #[cold]
    pub(crate) fn operand_error(&mut self, v: Value, op: &str) -> Throw {
        self.raise_built(|st, s| {
            st.push_type_problem(s, v, op);
            st.push_description(s, v);
        })
    }
    /// Raises "attempt to index a T value (local 'x')".
    #[cold]
    pub(crate) fn index_error(&mut self, obj: Value, _key: Value) -> Throw {
        self.operand_error(obj, "index")
    }
    /// Raises "attempt to call a T value (global 'f')".
    #[cold]
    pub(crate) fn call_error(&mut self, f: Value) -> Throw {
        self.raise_built(|st, s| {
            st.push_type_problem(s, f, "call");
            if Place::of(st.frame()).is_some() {
                push_name(s, st.walked_call_name(st.frame()));
            } else if let Some((p, pc)) = st.running_code() {
                let name = debuginfo::call_name(p, pc);
                push_name(s, name.or_else(|| st.find_operand(p, pc, f)));
            }
        })
    }
    /// Raises "attempt to compare two T values" or "attempt to compare T with U".
    #[cold]
    pub(crate) fn compare_error(&mut self, a: Value, b: Value) -> Throw {
        self.raise_built(|st, s| {
            let (x, y) = (st.named_type(a), st.named_type(b));
            let parts: [&[u8]; 4] = if x == y {
                [b"attempt to compare two ", &x, b" values", b""]
            } else {
                [b"attempt to compare ", &x, b" with ", &y]
            };
            for part in parts {
                s.extend_from_slice(part);
            }
        })
    }
    /// Raises "number has no integer representation" for the operand that has none.
    #[cold]
    pub(crate) fn no_integer_error(&mut self, a: Value, b: Value) -> Throw {
        let culprit = if a.to_integer(&self.heap).is_none() { a } else { b };
        self.raise_built(|st, s| {
            s.extend_from_slice(b"number");
            st.push_description(s, culprit);
            s.extend_from_slice(b" has no integer representation");
        })
    }
    /// The name of the local variable in a register of the running frame.
    pub(crate) fn register_name(&self, slot: *mut Value) -> Option<Vec<u8>> {
        let th = self.th();
        let f = self.frame();
        let reg = (slot as usize - f.base as usize) / size_of::<Value>();
        if let Some((tree, place)) = self.walked(f) {
            return tree::variable_at(tree, place, reg).map(<[u8]>::to_vec);
        }
        let p = self.proto_of(function_of(f))?;
        let pc = self.current_pc(self.thread, th.frame);
        let n = debuginfo::describe_register(p, pc + 1, reg as u8)?;
        (n.kind == "local").then(|| n.name.to_vec())
    }

    // The debug library.

    /// Everything about a frame or function.
    pub fn debug_info(&mut self, target: DebugTarget) -> DebugInfo {
        let (func, frame) = match target {
            DebugTarget::Function(f) => (f, None),
            DebugTarget::Frame(co, r) => {
                let f = self.frame_ptr(co, r);
                // SAFETY: a frame record of `co`.
                (function_of(unsafe { &*f }), Some((co, f)))
            }
        };
        let mut info = self.function_info(func);
        if let Some((co, f)) = frame {
            // SAFETY: a frame record of `co`.
            let record = unsafe { *f };
            info.istailcall = record.flags & frame_flags::TAIL != 0;
            info.extraargs = record.ncall as i64;
            if record.flags & frame_flags::HOOK != 0 {
                info.ftransfer = self.transfer.0 as i64;
                info.ntransfer = self.transfer.1 as i64;
            }
            info.currentline = self.line_of(co, f).map_or(-1, i64::from);
            if let Some(n) = self.call_name_of(co, f) {
                info.namewhat = n.kind;
                info.name = Some(n.name.to_vec());
            }
        }
        info
    }

    fn function_info(&self, func: Value) -> DebugInfo {
        let mut info = DebugInfo {
            source: b"=[C]".to_vec(),
            short_src: b"[C]".to_vec(),
            what: "C",
            currentline: -1,
            linedefined: -1,
            lastlinedefined: -1,
            name: None,
            namewhat: "",
            nups: func
                .as_native()
                .map_or(0, |n| n.upvalues(&self.heap).len() as i64),
            nparams: 0,
            isvararg: true,
            istailcall: false,
            extraargs: 0,
            ftransfer: 0,
            ntransfer: 0,
            func,
            activelines: None,
        };
        if let Some(p) = self.proto_of(func) {
            info.source = p.source().unwrap_or(b"=?").to_vec();
            info.short_src = chunk_id(&info.source);
            info.what = if p.line_defined == 0 {
                "main"
            } else {
                what_of(&info.source)
            };
            info.linedefined = p.line_defined as i64;
            info.lastlinedefined = p.last_line_defined as i64;
            info.nups = p.upvalues.len() as i64;
            info.nparams = p.num_params as i64;
            info.isvararg = p.is_vararg;
            info.activelines = Some(debuginfo::active_lines(p).iter().map(|&l| l as i64).collect());
        }
        info
    }

    /// Where a frame's values end.
    fn frame_limit(&self, co: Gc<Thread>, f: *mut Frame) -> *mut Value {
        let t = co.get(&self.heap);
        // SAFETY: the frame above, if any, is the next lower record.
        unsafe {
            if f == t.frame {
                t.live_end()
            } else {
                (*f.sub(1)).func
            }
        }
    }

    fn local_slot(&self, co: Gc<Thread>, r: FrameRef, n: i64) -> Option<(Vec<u8>, *mut Value)> {
        let f = self.frame_ptr(co, r);
        // SAFETY: a frame record of `co`; slots are checked against its limit.
        unsafe {
            let frame = &*f;
            if n < 0 {
                let k = n.unsigned_abs() as usize;
                let extra = frame.nextra as usize;
                return (frame.is_lua() && k <= extra)
                    .then(|| (b"(vararg)".to_vec(), frame.base.sub(1 + extra).add(k - 1)));
            }
            let k = usize::try_from(n).ok().filter(|&k| k > 0)?;
            if let Some((tree, place)) = self.walked(frame) {
                if let Some((name, slot)) = tree::active_local(tree, place, k) {
                    return Some((name.to_vec(), frame.base.add(slot)));
                }
            } else if frame.is_lua() {
                let p = self.proto_of(function_of(frame))?;
                if let Some(l) = debuginfo::local_name(p, k, self.current_pc(co, f)) {
                    return Some((p.text(l.name).to_vec(), frame.base.add(l.reg as usize)));
                }
            }
            let limit = if frame.is_lua() && f == co.get(&self.heap).frame {
                co.get(&self.heap).live_end()
            } else if f == co.get(&self.heap).frame {
                co.get(&self.heap).top
            } else {
                self.frame_limit(co, f)
            };
            let slot = frame.base.wrapping_add(k - 1);
            let name: &[u8] = if frame.is_lua() {
                b"(temporary)"
            } else {
                b"(C temporary)"
            };
            (slot < limit && k < 1 << 20).then(|| (name.to_vec(), slot))
        }
    }

    /// Local variable `n` of a frame: its name and value. Negative numbers are varargs.
    pub fn local_get(&self, co: Gc<Thread>, r: FrameRef, n: i64) -> Option<(Vec<u8>, Value)> {
        // SAFETY: `local_slot` gives live slots.
        self.local_slot(co, r, n)
            .map(|(name, slot)| (name, unsafe { *slot }))
    }
    /// Changes local variable `n` of a frame; its name.
    pub fn local_set(&mut self, co: Gc<Thread>, r: FrameRef, n: i64, v: Value) -> Option<Vec<u8>> {
        let (name, slot) = self.local_slot(co, r, n)?;
        // SAFETY: as above.
        unsafe { *slot = v };
        self.compiled.drop_native();
        Some(name)
    }
    /// The name of parameter `n` of a function.
    pub fn param_name(&self, f: Gc<Closure>, n: i64) -> Option<Vec<u8>> {
        let p = f.proto(&self.heap).meta(&self.heap);
        let n = usize::try_from(n).ok().filter(|&n| n > 0)?;
        debuginfo::local_name(p, n, 0).map(|l| p.text(l.name).to_vec())
    }
    /// Upvalue `n` of a function: its name and value.
    pub fn upvalue_get(&self, f: Value, n: i64) -> Option<(Vec<u8>, Value)> {
        let n = usize::try_from(n).ok()?.checked_sub(1)?;
        if let Some(native) = f.as_native() {
            return native.upvalues(&self.heap).get(n).map(|&v| (Vec::new(), v));
        }
        let c = f.as_closure()?;
        if n >= c.upvalue_count(&self.heap) {
            return None;
        }
        let p = c.proto(&self.heap).meta(&self.heap);
        let name = p.optional_text(p.upvalues[n].name).unwrap_or(b"(no name)");
        Some((name.to_vec(), c.upval(&self.heap, n).get(&self.heap)))
    }
    /// Sets upvalue `n` of a function; its name.
    pub fn upvalue_set(&mut self, f: Value, n: i64, v: Value) -> Option<Vec<u8>> {
        let (name, _) = self.upvalue_get(f, n)?;
        let i = n as usize - 1;
        match (f.as_native(), f.as_closure()) {
            (Some(native), _) => native.set_upvalue(&mut self.heap, i, v),
            (None, Some(c)) => c.upval(&self.heap, i).set(&mut self.heap, v),
            (None, None) => return None,
        }
        Some(name)
    }
    /// What identifies upvalue `n` of a function.
    pub fn upvalue_id(&self, f: Value, n: i64) -> Option<usize> {
        self.upvalue_get(f, n)?;
        let i = n as usize - 1;
        match f.as_closure() {
            Some(c) => Some(c.upval(&self.heap, i).addr()),
            None => Some(f.address() + 16 * n as usize),
        }
    }
    /// Makes upvalue `n1` of `f1` refer to upvalue `n2` of `f2`; both exist.
    pub fn upvalue_join(&mut self, f1: Gc<Closure>, n1: i64, f2: Gc<Closure>, n2: i64) {
        let u: Gc<Upval> = f2.upval(&self.heap, n2 as usize - 1);
        f1.set_upval(&mut self.heap, n1 as usize - 1, u);
    }
    /// Sets a coroutine's hook; nil removes it.
    pub fn hook_set(&mut self, co: Gc<Thread>, f: Value, call: bool, ret: bool, line: bool, count: i64) {
        use crate::object::hook;
        let mut mask = 0;
        for (on, bit) in [
            (call, hook::CALL),
            (ret, hook::RETURN),
            (line, hook::LINE),
            (count > 0, hook::COUNT),
        ] {
            if on {
                mask |= bit;
            }
        }
        self.set_hook(co, f, mask, count.clamp(0, u32::MAX as i64) as u32);
    }
    /// A coroutine's hook: function, mask and count.
    pub fn hook_get(&self, co: Gc<Thread>) -> Option<(Value, String, i64)> {
        use crate::object::hook;
        let t = co.get(&self.heap);
        if t.hook.is_nil() {
            return None;
        }
        let mut mask = String::new();
        for (bit, c) in [(hook::CALL, 'c'), (hook::RETURN, 'r'), (hook::LINE, 'l')] {
            if t.hook_mask & bit != 0 {
                mask.push(c);
            }
        }
        Some((t.hook, mask, t.hook_count as i64))
    }

    /// A traceback of a coroutine from `level` on, after a message.
    pub fn traceback(&mut self, co: Gc<Thread>, msg: Option<&[u8]>, level: i64) -> Vec<u8> {
        const FIRST: i64 = 10;
        const LAST: i64 = 11;
        let mut out = Vec::new();
        if let Some(m) = msg {
            out.extend_from_slice(m);
            out.push(b'\n');
        }
        out.extend_from_slice(b"stack traceback:");
        let t = co.get(&self.heap);
        let last = ((t.bottom() as usize - t.frame as usize) / size_of::<Frame>()) as i64 - 1;
        let mut left = if last - level > FIRST + LAST { FIRST } else { -1 };
        let mut level = level;
        while let Some(r) = self.debug_frame(co, level) {
            level += 1;
            if left == 0 {
                let n = last - level - LAST + 1;
                out.extend_from_slice(format!("\n\t...\t(skipping {n} levels)").as_bytes());
                level += n;
                left -= 1;
                continue;
            }
            left -= 1;
            self.traceback_line(&mut out, co, r);
        }
        out
    }

    fn traceback_line(&mut self, out: &mut Vec<u8>, co: Gc<Thread>, r: FrameRef) {
        let info = self.debug_info(DebugTarget::Frame(co, r));
        out.extend_from_slice(b"\n\t");
        out.extend_from_slice(&info.short_src);
        if info.currentline > 0 {
            out.extend_from_slice(format!(":{}", info.currentline).as_bytes());
        }
        out.extend_from_slice(b": in ");
        if let Some(name) = &info.name {
            out.extend_from_slice(info.namewhat.as_bytes());
            out.extend_from_slice(b" '");
            out.extend_from_slice(name);
            out.push(b'\'');
        } else if info.what == "main" {
            out.extend_from_slice(b"main chunk");
        } else if let Some(name) = self.global_name(info.func) {
            out.extend_from_slice(b"function '");
            out.extend_from_slice(&name);
            out.push(b'\'');
        } else if info.what != "C" {
            out.extend_from_slice(b"function <");
            out.extend_from_slice(&info.short_src);
            out.extend_from_slice(format!(":{}>", info.linedefined).as_bytes());
        } else {
            out.push(b'?');
        }
        if info.istailcall {
            out.extend_from_slice(b"\n\t(...tail calls...)");
        }
    }

    /// Whether a value has a metamethod.
    pub fn has_metamethod(&self, v: Value, e: Event) -> bool {
        !self.heap.metamethod(v, e).is_nil()
    }
}

fn push_name(out: &mut Vec<u8>, name: Option<Name<'_>>) {
    let Some(Name { kind, name }) = name else {
        return;
    };
    out.extend_from_slice(b" (");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b" '");
    // As in PUC, whose names are C strings.
    let end = name.iter().position(|&c| c == 0).unwrap_or(name.len());
    out.extend_from_slice(&name[..end]);
    out.extend_from_slice(b"')");
}
