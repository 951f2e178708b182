//! The `table` library.

use super::{sort, util};
use crate::error::Throw;
use crate::heap::{Gc, OutOfMemory};
use crate::native::Ret;
use crate::object::Table;
use crate::state::State;
use crate::value::Value;

/// Elements handled between two looks at the limits.
const TICK: i64 = 1024;

/// Most fields that a table is made for.
const MAX_RECORD: i64 = 1 << 30;

/// Registers the library.
pub fn open(st: &mut State) -> Result<(), Throw> {
    let lib = util::library(
        st,
        &[
            ("concat", concat),
            ("create", create),
            ("insert", insert),
            ("pack", pack),
            ("unpack", unpack),
            ("remove", remove),
            ("move", move_),
            ("sort", sort::sort),
        ],
    )?;
    super::add_module(st, "table", lib)
}

/// What a function does with an argument that it takes for a table.
#[derive(Clone, Copy)]
pub struct Access {
    read: bool,
    write: bool,
    length: bool,
}

impl Access {
    /// Reads elements.
    pub const READ: Self = Self {
        read: true,
        write: false,
        length: false,
    };
    /// Writes elements.
    pub const WRITE: Self = Self {
        read: false,
        write: true,
        length: false,
    };
    /// Reads elements and asks for the length.
    pub const READ_LENGTH: Self = Self {
        read: true,
        write: false,
        length: true,
    };
    /// Reads and writes elements and asks for the length.
    pub const ALL: Self = Self {
        read: true,
        write: true,
        length: true,
    };
}

/// A table, or something that behaves like one, as an argument.
#[derive(Clone, Copy)]
pub enum TableLike {
    /// A table without a metatable.
    Raw(Gc<Table>),
    /// The argument's number: every access may run a metamethod.
    Meta(usize),
}

impl TableLike {
    /// Argument `arg`, checked for what `access` needs.
    #[inline]
    pub fn check(st: &mut State, arg: usize, access: Access) -> Result<Self, Throw> {
        match st.arg(arg).as_table() {
            Some(table) if table.metatable(&st.heap).is_none() => Ok(Self::Raw(table)),
            Some(_) => Ok(Self::Meta(arg)),
            None => Self::check_other(st, arg, access),
        }
    }

    #[cold]
    fn check_other(st: &mut State, arg: usize, access: Access) -> Result<Self, Throw> {
        let value = st.arg(arg);
        let Some(meta) = st.metatable_of(value) else {
            return Err(st.type_error(arg, "table"));
        };
        let is_string = value.as_str().is_some();
        let needs = [
            (access.read, "__index"),
            (access.write, "__newindex"),
            (access.length && !is_string, "__len"),
        ];
        for (needed, event) in needs {
            if needed && st.get_field(meta, event)?.is_nil() {
                return Err(st.type_error(arg, "table"));
            }
        }
        Ok(Self::Meta(arg))
    }

    /// The length, as `#` gives it.
    pub fn len(self, st: &mut State) -> Result<i64, Throw> {
        match self {
            Self::Raw(table) => Ok(table.len(&st.heap)),
            Self::Meta(arg) => {
                let value = st.arg(arg);
                st.len_int(value)
            }
        }
    }

    /// Element `index`.
    #[inline]
    pub fn get(self, st: &mut State, index: i64) -> Result<Value, Throw> {
        match self {
            Self::Raw(table) => Ok(table.get_int(&st.heap, index)),
            Self::Meta(arg) => {
                let value = st.arg(arg);
                st.index(value, Value::int(index))
            }
        }
    }

    /// Sets element `index`.
    #[inline]
    pub fn set(self, st: &mut State, index: i64, value: Value) -> Result<(), Throw> {
        match self {
            Self::Raw(table) => util::set_int(st, table, index, value),
            Self::Meta(arg) => {
                let object = st.arg(arg);
                st.set_index(object, Value::int(index), value)
            }
        }
    }
}

/// Counts the elements of a long loop.
struct Ticker(i64);

impl Ticker {
    #[inline]
    fn tick(&mut self, st: &mut State) -> Result<(), Throw> {
        self.0 += 1;
        if self.0 >= TICK {
            self.0 = 0;
            st.tick(TICK as u64)?;
        }
        Ok(())
    }
}

fn create(st: &mut State) -> Result<Ret, Throw> {
    let sequence = st.check_int(1)?;
    let record = st.opt_int(2, 0)?;
    for (arg, size) in [(1, sequence), (2, record)] {
        if !(0..=i64::from(i32::MAX)).contains(&size) {
            return Err(st.arg_error(arg, "out of range"));
        }
    }
    if record > MAX_RECORD {
        return Err(st.error_plain("table overflow"));
    }
    st.reserve(sequence as usize * 9 + record as usize * 32)?;
    Ok(Ret::One(st.new_table(sequence as usize, record as usize)?.into()))
}

fn insert(st: &mut State) -> Result<Ret, Throw> {
    let table = TableLike::check(st, 1, Access::ALL)?;
    let end = table.len(st)?.wrapping_add(1);
    match st.nargs() {
        2 => {
            let value = st.arg(2);
            table.set(st, end, value)?;
        }
        3 => {
            let pos = st.check_int(2)?;
            if (pos as u64).wrapping_sub(1) >= end as u64 {
                return Err(st.arg_error(2, "position out of bounds"));
            }
            open_gap(st, table, pos, end)?;
            let value = st.arg(3);
            table.set(st, pos, value)?;
        }
        _ => return Err(st.error("wrong number of arguments to 'insert'")),
    }
    Ok(Ret::None)
}

/// Moves the elements from `pos` on, before `end`, up by one.
fn open_gap(st: &mut State, table: TableLike, pos: i64, end: i64) -> Result<(), Throw> {
    let mut next = end;
    if let TableLike::Raw(raw) = table
        && pos < end
    {
        next -= 1;
        let last = table.get(st, next)?;
        table.set(st, end, last)?;
        if copy(st, raw, pos, next - pos, raw, pos + 1)? {
            return Ok(());
        }
    }
    let mut ticker = Ticker(0);
    for i in (pos..next).rev() {
        let value = table.get(st, i)?;
        table.set(st, i.wrapping_add(1), value)?;
        ticker.tick(st)?;
    }
    Ok(())
}

/// Copies `count` elements from `first` on to those from `target` on, if that is to be had by moving
/// memory.
fn copy(
    st: &mut State,
    from: Gc<Table>,
    first: i64,
    count: i64,
    to: Gc<Table>,
    target: i64,
) -> Result<bool, Throw> {
    if count >= TICK {
        st.tick(count as u64)?;
    }
    from.copy_range(&mut st.heap, first, count, to, target)
        .map_err(|OutOfMemory| st.memory_error())
}

fn remove(st: &mut State) -> Result<Ret, Throw> {
    let table = TableLike::check(st, 1, Access::ALL)?;
    let size = table.len(st)?;
    let mut pos = st.opt_int(2, size)?;
    if pos != size && (pos as u64).wrapping_sub(1) > size as u64 {
        return Err(st.arg_error(2, "position out of bounds"));
    }
    let removed = table.get(st, pos)?;
    if let TableLike::Raw(raw) = table
        && pos == size
    {
        util::set_int(st, raw, size, Value::NIL)?;
        return Ok(Ret::One(removed));
    }
    st.push(removed);
    if let TableLike::Raw(raw) = table
        && pos < size
        && copy(st, raw, pos + 1, size - pos, raw, pos)?
    {
        pos = size;
    }
    let mut ticker = Ticker(0);
    while pos < size {
        let value = table.get(st, pos + 1)?;
        table.set(st, pos, value)?;
        pos += 1;
        ticker.tick(st)?;
    }
    table.set(st, pos, Value::NIL)?;
    Ok(Ret::Top(1))
}

fn move_(st: &mut State) -> Result<Ret, Throw> {
    let first = st.check_int(2)?;
    let last = st.check_int(3)?;
    let target = st.check_int(4)?;
    let to_arg = if st.arg(5).is_nil() { 1 } else { 5 };
    let from = TableLike::check(st, 1, Access::READ)?;
    let to = TableLike::check(st, to_arg, Access::WRITE)?;
    if last < first {
        return Ok(Ret::One(st.arg(to_arg)));
    }
    if first <= 0 && last >= i64::MAX.wrapping_add(first) {
        return Err(st.arg_error(3, "too many elements to move"));
    }
    let count = last - first + 1;
    if target > i64::MAX - count + 1 {
        return Err(st.arg_error(4, "destination wrap around"));
    }
    if let (TableLike::Raw(source), TableLike::Raw(goal)) = (from, to) {
        if count >= TICK && source.has_range(&st.heap, first, count) {
            st.reserve(count as usize * 9)?;
        }
        if copy(st, source, first, count, goal, target)? {
            return Ok(Ret::One(goal.into()));
        }
    }
    let (a, b) = (st.arg(1), st.arg(to_arg));
    let forwards = target > last || target <= first || (to_arg != 1 && !st.equals(a, b)?);
    let mut ticker = Ticker(0);
    for i in 0..count {
        let i = if forwards { i } else { count - 1 - i };
        let value = from.get(st, first + i)?;
        to.set(st, target + i, value)?;
        ticker.tick(st)?;
    }
    Ok(Ret::One(st.arg(to_arg)))
}

fn concat(st: &mut State) -> Result<Ret, Throw> {
    let table = TableLike::check(st, 1, Access::READ_LENGTH)?;
    let len = table.len(st)?;
    let separator = st.opt_str(2)?;
    let mut i = st.opt_int(3, 1)?;
    let last = st.opt_int(4, len)?;
    let mut out = util::scratch(st);
    let mut ticker = Ticker(0);
    while i <= last {
        let value = table.get(st, i)?;
        add_element(st, &mut out, i, value)?;
        if i == last {
            break;
        }
        if let Some(separator) = separator {
            util::grow(st, &mut out, separator.len(&st.heap))?;
            out.extend_from_slice(separator.bytes(&st.heap));
        }
        i += 1;
        ticker.tick(st)?;
    }
    util::ret_scratch(st, out)
}

fn add_element(st: &mut State, out: &mut Vec<u8>, index: i64, value: Value) -> Result<(), Throw> {
    st.push(value);
    let is_text = util::append_text(st, out, value)?;
    st.pop();
    if is_text {
        return Ok(());
    }
    let kind = value.type_name();
    Err(st.error(format!(
        "invalid value ({kind}) at index {index} in table for 'concat'"
    )))
}

fn pack(st: &mut State) -> Result<Ret, Throw> {
    let count = st.nargs();
    let table = st.new_table(count, 1)?;
    st.push(table.into());
    st.set_items(table, count)?;
    st.set_field(table, "n", Value::int(count as i64))?;
    Ok(Ret::Top(1))
}

fn unpack(st: &mut State) -> Result<Ret, Throw> {
    let table = TableLike::check(st, 1, Access::READ_LENGTH)?;
    let len = table.len(st)?;
    let first = st.opt_int(2, 1)?;
    let last = if st.arg(3).is_nil() { len } else { st.check_int(3)? };
    if first > last {
        return Ok(Ret::None);
    }
    let count = (last as u64).wrapping_sub(first as u64);
    if count >= 1_000_000 || !st.has_stack(count as usize + 1) {
        return Err(st.error("too many results to unpack"));
    }
    let count = count as usize + 1;
    if let TableLike::Raw(raw) = table
        && st.push_items(raw, first, count)
    {
        return Ok(Ret::Top(count));
    }
    for i in 0..count {
        let value = table.get(st, first + i as i64)?;
        st.push(value);
    }
    Ok(Ret::Top(count))
}
