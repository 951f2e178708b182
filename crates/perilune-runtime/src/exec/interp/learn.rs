//! How generic instructions become quick ones: cold functions that look at the operands at hand and
//! rewrite the instruction before `pc`, in this state's own copy of the code.
//!
//! Rewriting only ever goes on: generic, then one shape or kind, then a site of up to four shapes,
//! then the form for changing ones, which does not learn any more.

use super::Flow;
use crate::heap::{Event, Gc, Heap};
use crate::object::feedback::{
    ABSENT, Feedback, MAX_DEPTH, Path, Place, STRING, Step, StoreWay, WAYS, enter,
};
use crate::object::shape::{DICTIONARY, Rep};
use crate::object::{ArrayKind, Closure, Native, ProtoObj, Str, Table};
use crate::state::State;
use crate::value::{Tag, Value};
use perilune_bytecode::ops::Instr;
use perilune_bytecode::quick::{LiveOp, SHAPE_MASK};

/// Rewrites the instruction before `pc`.
///
/// # Safety
/// `pc` points behind an instruction of the running function's code.
#[inline]
pub(super) unsafe fn rewrite(pc: *const Instr, change: impl FnOnce(Instr) -> Instr) {
    // SAFETY: the code is this state's own copy, and nothing else reads or writes it meanwhile.
    unsafe {
        let i = pc.sub(1).cast_mut();
        *i = change(*i);
    }
}

/// The running function.
unsafe fn proto<'a>(st: &State) -> &'a mut ProtoObj {
    // SAFETY: the running frame is a Lua frame, whose function stands below its base; one reference to
    // it is used at a time.
    unsafe {
        let cl: Gc<Closure> = (*(*st.th().frame).base.sub(1)).gc();
        &mut *(*cl.ptr()).proto.ptr()
    }
}

/// The instruction before `pc` as the compiler wrote it.
unsafe fn generic(st: &State, pc: *const Instr) -> Instr {
    // SAFETY: as in `proto`; the pc is inside its code.
    unsafe {
        let p = proto(st);
        p.data.meta.code[pc.offset_from(p.code) as usize - 1]
    }
}

/// The instruction does not learn any more.
#[cold]
#[inline(never)]
pub(super) unsafe fn give_up(st: &State, pc: *const Instr, any: LiveOp) {
    // SAFETY: the pc is behind the running instruction.
    unsafe {
        let i = generic(st, pc);
        rewrite(pc, |_| i.with_op(any));
    }
}

/// Stress: the running function forgets what it has learned.
#[cold]
pub(super) unsafe fn forget_all(st: &mut State) {
    // SAFETY: as in `proto`.
    unsafe { st.heap.external -= proto(st).restore_all() };
}

/// Adds a site to the running function; returns its number.
unsafe fn new_site<T: Copy>(
    st: &mut State,
    sites: impl FnOnce(&mut Feedback) -> &mut Vec<[T; WAYS]>,
    empty: T,
    first: T,
) -> i32 {
    let mut site = [empty; WAYS];
    site[0] = first;
    // SAFETY: as in `proto`.
    let list = unsafe { sites(&mut proto(st).feedback) };
    list.push(site);
    let n = list.len() as i32 - 1;
    st.heap.add_external(size_of_val(&site));
    n
}

/// The forms that an instruction which reads a field can take.
pub(super) struct Reads {
    pub slot: LiveOp,
    pub node: LiveOp,
    pub class: Option<LiveOp>,
}

pub(super) const GETFIELD: Reads = Reads {
    slot: LiveOp::GETFIELD_SLOT,
    node: LiveOp::GETFIELD_NODE,
    class: Some(LiveOp::GETFIELD_CLASS),
};
pub(super) const GETTABUP: Reads = Reads {
    slot: LiveOp::GETTABUP_SLOT,
    node: LiveOp::GETTABUP_NODE,
    class: None,
};
pub(super) const SELF: Reads = Reads {
    slot: LiveOp::SELF_SLOT,
    node: LiveOp::SELF_ANY,
    class: Some(LiveOp::SELF_CLASS),
};

/// A generic instruction that reads `obj[key]` for a constant name.
#[cold]
#[inline(never)]
pub(super) unsafe fn learn_read(st: &mut State, pc: *const Instr, obj: Value, key: Value, to: &Reads) {
    let s: Gc<Str> = key.gc();
    if !s.is_short(&st.heap) {
        return;
    }
    // SAFETY: the pc is behind the running instruction.
    unsafe {
        if let Some(t) = obj.as_table() {
            let tab = t.tab(&st.heap);
            let shape = tab.shape();
            if let Some(d) = tab.dict() {
                if let Some(n) = d.find_short(s) {
                    let n = u8::try_from(n).unwrap_or(u8::MAX);
                    rewrite(pc, |i| i.with_op(to.node).with_c(n));
                }
                return;
            }
            let plain = tab.metatable.is_none();
            if let Some(slot) = t.find_slot(&st.heap, s)
                && (plain || !tab.slot(slot).is_nil())
            {
                rewrite(pc, |i| i.with_op(to.slot).with_c(slot as u8).with_d(shape as i32));
                return;
            }
        }
        let Some(class) = to.class else { return };
        if let Some(path) = find_path(&st.heap, obj, s) {
            let site = new_site(st, |f| &mut f.paths, Path::EMPTY, path);
            rewrite(pc, |i| i.with_op(class).with_d(site));
        }
    }
}

/// The way to the class that has the field `s` of `obj`, unless it has it itself.
fn find_path(heap: &Heap, obj: Value, s: Gc<Str>) -> Option<Path> {
    let mut path = Path::EMPTY;
    match obj.as_table() {
        Some(t) => {
            path.shape = t.tab(heap).shape();
            path.own = t.find_slot(heap, s).map_or(ABSENT, |slot| slot as u8);
        }
        None if obj.tag == Tag::STR => path.shape = STRING,
        None => return None,
    }
    if path.shape == DICTIONARY {
        return None;
    }
    let mut at = obj;
    for depth in 0..MAX_DEPTH {
        let Some(mt) = heap.metatable(at) else {
            return Some(path);
        };
        let meta = mt.tab(heap).shape();
        let index = mt.find_slot(heap, heap.event_name(Event::Index))?;
        let class = mt.tab(heap).slot(index).as_table()?;
        let shape = class.tab(heap).shape();
        if shape == DICTIONARY {
            return None;
        }
        path.steps[depth] = Step {
            meta,
            class: shape,
            index: index as u8,
        };
        path.depth = depth as u8 + 1;
        if let Some(slot) = class.find_slot(heap, s) {
            path.slot = slot as u8;
            return (!class.tab(heap).slot(slot).is_nil()).then_some(path);
        }
        at = class.into();
    }
    None
}

/// A field of a record with a metatable, by the paths of the whole state; None when there is no path.
///
/// # Safety
/// Live tables, and the key is a string.
pub(super) unsafe fn class_field(st: &mut State, t: Gc<Table>, mt: Gc<Table>, key: Value) -> Option<Value> {
    let (shape, meta) = (t.tab(&st.heap).shape(), mt.tab(&st.heap).shape());
    let now = st.heap.stats.full + st.heap.stats.minor;
    let address = key.bits as usize;
    let known = st.heap.paths.get(address, shape, meta, now).copied();
    let path = match known {
        Some(path) => path,
        None => {
            let s: Gc<Str> = key.gc();
            let path = Some(s)
                .filter(|s| s.is_short(&st.heap))
                .and_then(|s| find_path(&st.heap, t.into(), s))?;
            st.heap.paths.enter(address, meta, now, path);
            path
        }
    };
    if path.own != ABSENT {
        let v = t.tab(&st.heap).slot(path.own as u32);
        if !v.is_nil() {
            return Some(v);
        }
    }
    // SAFETY: live tables.
    unsafe { follow(Some(mt), &path) }
}

/// A GETFIELD that knows one shape has met another table.
#[cold]
#[inline(never)]
pub(super) unsafe fn widen_read(st: &mut State, pc: *const Instr, obj: Value) {
    // SAFETY: the pc is behind the running instruction.
    unsafe {
        let old = *pc.sub(1);
        let i = generic(st, pc);
        if takes_path(st, i, obj) {
            return to_path(st, pc, i, obj);
        }
        let Some(place) = find_place(st, i, obj).filter(|p| p.shape != old.du()) else {
            return;
        };
        let known = Place {
            shape: old.du(),
            slot: u32::from(old.c()),
        };
        let site = new_site(st, |f| &mut f.places, Place::EMPTY, known);
        enter(&mut proto(st).feedback.places[site as usize], place, |e| {
            e.shape == Place::EMPTY.shape
        });
        rewrite(pc, |i| i.with_op(LiveOp::GETFIELD_POLY).with_d(site));
    }
}

/// Whether the field is nil in a table with a metatable, so that the class is asked.
unsafe fn takes_path(st: &State, i: Instr, obj: Value) -> bool {
    // SAFETY: a generic instruction of the running function names one of its constants.
    let key = unsafe { proto(st).data.consts[i.du() as usize] };
    obj.as_table()
        .is_some_and(|t| t.metatable(&st.heap).is_some() && t.get(&st.heap, key).is_nil())
}

/// Lets a GETFIELD follow paths from now on.
unsafe fn to_path(st: &mut State, pc: *const Instr, i: Instr, obj: Value) {
    // SAFETY: the pc is behind the running instruction.
    unsafe {
        let key = proto(st).data.consts[i.du() as usize];
        match find_path(&st.heap, obj, key.gc()) {
            Some(path) => {
                let site = new_site(st, |f| &mut f.paths, Path::EMPTY, path);
                rewrite(pc, |_| i.with_op(LiveOp::GETFIELD_CLASS).with_d(site));
            }
            None => rewrite(pc, |_| i.with_op(LiveOp::GETFIELD_ANY)),
        }
    }
}

unsafe fn find_place(st: &State, i: Instr, obj: Value) -> Option<Place> {
    // SAFETY: a generic instruction of the running function names one of its constants.
    let key = unsafe { proto(st).data.consts[i.du() as usize] };
    let t = obj.as_table()?;
    let shape = t.tab(&st.heap).shape();
    if shape == DICTIONARY {
        return None;
    }
    let slot = t.find_slot(&st.heap, key.gc())?;
    Some(Place { shape, slot })
}

/// A GETFIELD with a site has met a shape that the site does not know.
#[cold]
#[inline(never)]
pub(super) unsafe fn extend_read(st: &mut State, pc: *const Instr, obj: Value) {
    // SAFETY: the pc is behind the running instruction.
    unsafe {
        let i = generic(st, pc);
        let site = (*pc.sub(1)).du() as usize;
        let Some(place) = find_place(st, i, obj) else {
            return;
        };
        let places = &mut proto(st).feedback.places[site];
        if places.iter().any(|e| e.shape == place.shape) {
            return;
        }
        if !enter(places, place, |e| e.shape == Place::EMPTY.shape) {
            rewrite(pc, |_| i.with_op(LiveOp::GETFIELD_ANY));
        }
    }
}

/// How often a way is replaced by another from objects of the same shape.
const MOST_RENEWALS: u8 = 16;

/// A GETFIELD or SELF that follows a path has met an object whose way is another.
#[cold]
#[inline(never)]
pub(super) unsafe fn extend_path(st: &mut State, pc: *const Instr, obj: Value, any: LiveOp) {
    // SAFETY: the pc is behind the running instruction.
    unsafe {
        let i = generic(st, pc);
        let key = proto(st).data.consts[i.du() as usize];
        let site = (*pc.sub(1)).du() as usize;
        let known = find_path(&st.heap, obj, key.gc()).is_some_and(|p| {
            let paths = &mut proto(st).feedback.paths[site];
            let same = |e: &&mut Path| {
                e.shape == p.shape && e.depth.min(1) == p.depth.min(1) && e.steps[0].meta == p.steps[0].meta
            };
            // The class has changed since, or there are several of that shape.
            let renewals = paths[0].renewals;
            if renewals < MOST_RENEWALS
                && let Some(e) = paths.iter_mut().find(same)
            {
                *e = p;
                paths[0].renewals = renewals + 1;
                return true;
            }
            enter(paths, p, |e| e.shape == Path::EMPTY.shape)
        });
        if !known {
            rewrite(pc, |_| i.with_op(any));
        }
    }
}

/// The forms that an instruction which stores into a field can take.
pub(super) struct Stores {
    pub slot: LiveOp,
    pub site: LiveOp,
    pub node: LiveOp,
    pub any: LiveOp,
}

pub(super) const SETFIELD: Stores = Stores {
    slot: LiveOp::SETFIELD_SLOT,
    site: LiveOp::SETFIELD_SITE,
    node: LiveOp::SETFIELD_NODE,
    any: LiveOp::SETFIELD_ANY,
};
pub(super) const SETFIELDK: Stores = Stores {
    slot: LiveOp::SETFIELDK_SLOT,
    site: LiveOp::SETFIELDK_SITE,
    node: LiveOp::SETFIELDK_ANY,
    any: LiveOp::SETFIELDK_ANY,
};

/// A shape and a representation in one operand.
fn shape_and_rep(shape: u32, rep: Rep) -> i32 {
    (shape | u32::from(rep.0) << 24) as i32
}

/// What a quick store with one shape knows.
fn slot_way(i: Instr, slot: u8) -> StoreWay {
    let shape = i.du() & SHAPE_MASK;
    StoreWay {
        old: shape,
        new: shape,
        slot,
        rep: Rep((i.du() >> 24) as u8),
    }
}

/// An instruction has stored a field: `before` is the shape that the table had.
#[cold]
#[inline(never)]
pub(super) unsafe fn learn_store(
    st: &mut State,
    pc: *const Instr,
    before: u32,
    obj: Value,
    key: Value,
    to: &Stores,
) {
    let Some(t) = obj.as_table() else { return };
    let s: Gc<Str> = key.gc();
    // SAFETY: the pc is behind the running instruction.
    unsafe {
        let now = *pc.sub(1);
        let after = t.tab(&st.heap).shape();
        if after == DICTIONARY {
            if let Some(n) = t.tab(&st.heap).dict().and_then(|d| d.find_short(s)) {
                let n = u8::try_from(n).unwrap_or(u8::MAX);
                let i = generic(st, pc);
                rewrite(pc, |_| i.with_op(to.node).with_b(n));
            }
            return;
        }
        let Some(slot) = t.find_slot(&st.heap, s).filter(|_| before != DICTIONARY) else {
            return;
        };
        let rep = st.heap.shapes.rep(after, slot);
        let way = StoreWay {
            old: before,
            new: after,
            slot: slot as u8,
            rep,
        };
        let op = now.op_byte();
        if op == to.site as u8 {
            let site = &mut proto(st).feedback.stores[now.du() as usize];
            if let Some(e) = site.iter_mut().find(|e| e.old == before) {
                *e = way;
            } else if !enter(site, way, |e| e.old == StoreWay::EMPTY.old) {
                let i = generic(st, pc);
                rewrite(pc, |_| i.with_op(to.any));
            }
            return;
        }
        let known = (op == to.slot as u8).then(|| slot_way(now, now.b()));
        let replaces = known.is_none_or(|k| k.old == before);
        if before == after && replaces {
            rewrite(pc, |i| {
                i.with_op(to.slot)
                    .with_b(slot as u8)
                    .with_d(shape_and_rep(after, rep))
            });
            return;
        }
        let site = new_site(st, |f| &mut f.stores, StoreWay::EMPTY, way);
        if let Some(k) = known.filter(|_| !replaces) {
            enter(&mut proto(st).feedback.stores[site as usize], k, |e| {
                e.old == StoreWay::EMPTY.old
            });
        }
        rewrite(pc, |i| i.with_op(to.site).with_b(0).with_d(site));
    }
}

/// A SETTABUP has stored a global.
#[cold]
#[inline(never)]
pub(super) unsafe fn learn_global_store(st: &mut State, pc: *const Instr, env: Value, key: Value) {
    let Some(t) = env.as_table() else { return };
    let shape = t.tab(&st.heap).shape();
    if let Some(dict) = t.tab(&st.heap).dict() {
        if let Some(n) = dict.find_short(key.gc()) {
            let n = u8::try_from(n).unwrap_or(u8::MAX);
            // SAFETY: the pc is behind the running instruction.
            unsafe {
                let i = generic(st, pc);
                rewrite(pc, |_| i.with_op(LiveOp::SETTABUP_NODE).with_c(n));
            }
        }
        return;
    }
    if let Some(slot) = t.find_slot(&st.heap, key.gc()) {
        let d = shape_and_rep(shape, st.heap.shapes.rep(shape, slot));
        // SAFETY: the pc is behind the running instruction.
        unsafe {
            rewrite(pc, |i| {
                i.with_op(LiveOp::SETTABUP_SLOT).with_c(slot as u8).with_d(d)
            })
        };
    }
}

/// The forms of an instruction for the three kinds of array, and for changing ones.
pub(super) type Kinds = [LiveOp; 4];

pub(super) const GETINDEX: Kinds = [
    LiveOp::GETINDEX_INT,
    LiveOp::GETINDEX_FLOAT,
    LiveOp::GETINDEX_GENERIC,
    LiveOp::GETINDEX_ANY,
];
pub(super) const SETINDEX: Kinds = [
    LiveOp::SETINDEX_INT,
    LiveOp::SETINDEX_FLOAT,
    LiveOp::SETINDEX_GENERIC,
    LiveOp::SETINDEX_ANY,
];

/// An instruction with a computed key: learns the kind of the array.
#[cold]
#[inline(never)]
pub(super) unsafe fn learn_index(pc: *const Instr, obj: Value, key: Value, to: &Kinds) {
    let any = to[3];
    let op = match obj.as_table() {
        Some(t) if key.tag == Tag::INT => {
            // SAFETY: a live table.
            let t = unsafe { &*t.ptr() };
            let at = (key.bits).wrapping_sub(1);
            if at >= u64::from(t.asize) {
                return;
            }
            match t.kind {
                ArrayKind::Int => to[0],
                ArrayKind::Float => to[1],
                ArrayKind::Generic => to[2],
            }
        }
        _ => any,
    };
    // SAFETY: the pc is behind the running instruction.
    unsafe {
        let first = (*pc.sub(1)).op_byte();
        let generic_now = !to.iter().any(|&q| q as u8 == first);
        rewrite(pc, |i| {
            i.with_op(if generic_now || op as u8 == first { op } else { any })
        });
    }
}

/// A CALL has met its first callee.
#[cold]
#[inline(never)]
pub(super) unsafe fn learn_call(pc: *const Instr, f: Value) -> Flow {
    // SAFETY: a live function; the pc is behind the running instruction.
    unsafe {
        let op = match f.tag {
            Tag::CLOSURE => {
                let proto = &*(*f.gc::<Closure>().ptr()).proto.ptr();
                if proto.plain {
                    rewrite(pc, |i| {
                        i.with_op(LiveOp::CALL_KNOWN).with_d(proto.header.aux as i32)
                    });
                    return Flow::Again;
                }
                LiveOp::CALL_ANY
            }
            Tag::NATIVE if f.gc::<Native>().transfer().switches() => LiveOp::CALL_SWITCH,
            Tag::NATIVE => LiveOp::CALL_NATIVE,
            _ => LiveOp::CALL_ANY,
        };
        change(pc, op)
    }
}

/// An instruction with two operands has met its first: `to` are its forms for integers, floats and
/// changing kinds.
#[cold]
#[inline(never)]
pub(super) unsafe fn learn_kind(pc: *const Instr, x: Value, y: Value, to: [LiveOp; 3]) -> Flow {
    let op = match (x.tag, y.tag) {
        (Tag::INT, Tag::INT) => to[0],
        (Tag::FLT, Tag::FLT) => to[1],
        _ => to[2],
    };
    // SAFETY: the pc is behind the running instruction.
    unsafe { change(pc, op) }
}

/// The instruction becomes another with the same operands, which is to run instead.
#[cold]
#[inline(never)]
pub(super) unsafe fn change(pc: *const Instr, to: LiveOp) -> Flow {
    // SAFETY: the pc is behind the running instruction.
    unsafe { rewrite(pc, |i| i.with_op(to)) };
    Flow::Again
}

/// The field at the end of a path that begins at a metatable, if the path is still there.
#[inline(always)]
pub(super) unsafe fn follow(meta: Option<Gc<Table>>, path: &Path) -> Option<Value> {
    // SAFETY: live tables; the last class' shape says that it has the slot.
    unsafe {
        let mut meta = meta;
        let mut class = None;
        for step in 0..path.depth as usize {
            let c = walk(meta?, path, step)?;
            meta = (*c.ptr()).metatable;
            class = Some(c);
        }
        if path.slot == ABSENT {
            return meta.is_none().then_some(Value::NIL);
        }
        let v = (*class?.ptr()).slot(path.slot as u32);
        (v.tag != Tag::NIL).then_some(v)
    }
}

/// One step of a path: from a metatable to the class in its `__index`.
#[inline(always)]
unsafe fn walk(mt: Gc<Table>, path: &Path, step: usize) -> Option<Gc<Table>> {
    // SAFETY: live tables; the metatable's shape says that it has the slot.
    unsafe {
        let s = &path.steps[step];
        let m: &Table = &*mt.ptr();
        if m.shape() != s.meta {
            return None;
        }
        let class = m.slot(s.index as u32).as_table()?;
        ((*class.ptr()).shape() == s.class).then_some(class)
    }
}
