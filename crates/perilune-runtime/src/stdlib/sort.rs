//! `table.sort`: quicksort in place that survives inconsistent order functions.
//!
//! The general algorithm compares and swaps in the order of the reference implementation, so an
//! order function sees the same calls. Arrays of only integers, floats or strings that no order
//! function looks at are sorted outside the heap and written back.

use super::table::{Access, TableLike};
use super::util;
use crate::error::Throw;
use crate::heap::Gc;
use crate::native::Ret;
use crate::object::{Str, Table};
use crate::state::State;
use crate::value::{Kind, Value};

/// Intervals above this size may get a random pivot.
const RANDOM_PIVOT_SIZE: u64 = 100;
/// Comparisons between two looks at the limits.
const TICK: u64 = 1024;

/// table.sort
pub fn sort(st: &mut State) -> Result<Ret, Throw> {
    let table = TableLike::check(st, 1, Access::ALL)?;
    let count = table.len(st)?;
    if count < 2 {
        return Ok(Ret::None);
    }
    if count >= i64::from(i32::MAX) {
        return Err(st.arg_error(1, "array too big"));
    }
    if !st.arg(2).is_nil() {
        st.check_function(2)?;
    } else if let TableLike::Raw(raw) = table
        && sort_uniform(st, raw, count)?
    {
        return Ok(Ret::None);
    }
    st.set_top(2);
    let order = if st.arg(2).is_nil() { None } else { Some(st.arg(2)) };
    let base = st.top();
    for _ in 0..3 {
        st.push(Value::NIL);
    }
    let mut sorter = Sorter {
        table,
        order,
        base,
        work: 0,
    };
    sorter.sort(st, 1, count as u64, 0)?;
    Ok(Ret::None)
}

/// What a uniform array holds.
enum Uniform {
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    Strings(Vec<Gc<Str>>),
}

/// Sorts an array whose elements are all integers, all floats or all strings; false if it is not.
fn sort_uniform(st: &mut State, table: Gc<Table>, count: i64) -> Result<bool, Throw> {
    let size = count as usize;
    st.reserve(size * 8)?;
    st.tick(size as u64)?;
    let gathered = gather(st, table, count, size);
    let Some(gathered) = gathered else {
        return Ok(false);
    };
    match gathered {
        Uniform::Ints(mut ints) => {
            ints.sort_unstable();
            write_back(st, table, ints.into_iter().map(Value::int))?;
        }
        Uniform::Floats(mut floats) => {
            floats.sort_unstable_by(f64::total_cmp);
            write_back(st, table, floats.into_iter().map(Value::float))?;
        }
        Uniform::Strings(mut strings) => {
            let heap = &st.heap;
            strings.sort_unstable_by(|a, b| a.bytes(heap).cmp(b.bytes(heap)));
            write_back(st, table, strings.into_iter().map(Value::from))?;
        }
    }
    Ok(true)
}

/// The elements of a uniform array without NaNs.
fn gather(st: &State, table: Gc<Table>, count: i64, size: usize) -> Option<Uniform> {
    let heap = &st.heap;
    let elements = (1..=count).map(|i| table.get_int(heap, i));
    match table.get_int(heap, 1).unpack() {
        Kind::Int(_) => collect(elements.map(|v| v.as_int()), size).map(Uniform::Ints),
        Kind::Float(_) => {
            let floats = elements.map(|v| v.as_float().filter(|f| !f.is_nan()));
            collect(floats, size).map(Uniform::Floats)
        }
        Kind::Str(_) => collect(elements.map(|v| v.as_str()), size).map(Uniform::Strings),
        _ => None,
    }
}

fn collect<T>(items: impl Iterator<Item = Option<T>>, size: usize) -> Option<Vec<T>> {
    let mut all = Vec::new();
    all.try_reserve_exact(size).ok()?;
    for item in items {
        all.push(item?);
    }
    Some(all)
}

fn write_back(st: &mut State, table: Gc<Table>, values: impl Iterator<Item = Value>) -> Result<(), Throw> {
    for (i, value) in values.enumerate() {
        util::set_int(st, table, i as i64 + 1, value)?;
    }
    Ok(())
}

/// The general algorithm. Stack slots `base..base + 3` keep the two values at hand and the pivot.
struct Sorter {
    table: TableLike,
    order: Option<Value>,
    base: usize,
    work: u64,
}

impl Sorter {
    /// Whether `a` comes before `b`. Both must be rooted.
    #[inline]
    fn before(&mut self, st: &mut State, a: Value, b: Value) -> Result<bool, Throw> {
        self.work += 1;
        if self.work >= TICK {
            st.tick(std::mem::take(&mut self.work))?;
        }
        match self.order {
            Some(order) => st.test(order, a, b),
            None => match (a.unpack(), b.unpack()) {
                (Kind::Int(a), Kind::Int(b)) => Ok(a < b),
                (Kind::Float(a), Kind::Float(b)) => Ok(a < b),
                (Kind::Str(a), Kind::Str(b)) => Ok(a.bytes(&st.heap) < b.bytes(&st.heap)),
                _ => st.less_than(a, b),
            },
        }
    }

    /// Reads element `index` and keeps it in slot `slot`.
    #[inline(always)]
    fn get(&self, st: &mut State, index: u64, slot: usize) -> Result<Value, Throw> {
        let value = self.table.get(st, index as i64)?;
        st.set_slot(self.base + slot, value);
        Ok(value)
    }

    #[inline(always)]
    fn set(&self, st: &mut State, index: u64, value: Value) -> Result<(), Throw> {
        self.table.set(st, index as i64, value)
    }

    /// Orders the elements at `low` and `high`.
    fn order_pair(&mut self, st: &mut State, low: u64, high: u64) -> Result<(), Throw> {
        let a = self.get(st, low, 0)?;
        let b = self.get(st, high, 1)?;
        if self.before(st, b, a)? {
            self.set(st, low, b)?;
            self.set(st, high, a)?;
        }
        Ok(())
    }

    /// Sorts `low..=high`; the recursion goes to the smaller part, so it is at most 32 deep.
    fn sort(&mut self, st: &mut State, mut low: u64, mut high: u64, mut random: u64) -> Result<(), Throw> {
        while low < high {
            self.order_pair(st, low, high)?;
            if high - low == 1 {
                return Ok(());
            }
            let middle = if high - low < RANDOM_PIVOT_SIZE || random == 0 {
                (low + high) / 2
            } else {
                let quarter = (high - low) / 4;
                (random ^ low ^ high) % (quarter * 2) + low + quarter
            };
            self.order_three(st, low, middle, high)?;
            if high - low == 2 {
                return Ok(());
            }
            let pivot = self.get(st, middle, 2)?;
            let other = self.get(st, high - 1, 0)?;
            self.set(st, middle, other)?;
            self.set(st, high - 1, pivot)?;
            let split = self.partition(st, low, high, pivot)?;
            let smaller;
            if split - low < high - split {
                self.sort(st, low, split - 1, random)?;
                smaller = split - low;
                low = split + 1;
            } else {
                self.sort(st, split + 1, high, random)?;
                smaller = high - split;
                high = split - 1;
            }
            if high.saturating_sub(low) / 128 > smaller {
                random = random_word(st, low, high);
            }
        }
        Ok(())
    }

    /// Given ordered ends, puts the middle element between them.
    fn order_three(&mut self, st: &mut State, low: u64, middle: u64, high: u64) -> Result<(), Throw> {
        let a = self.get(st, middle, 0)?;
        let b = self.get(st, low, 1)?;
        if self.before(st, a, b)? {
            self.set(st, middle, b)?;
            return self.set(st, low, a);
        }
        let b = self.get(st, high, 1)?;
        if self.before(st, b, a)? {
            self.set(st, middle, b)?;
            self.set(st, high, a)?;
        }
        Ok(())
    }

    /// Splits `low..=high` around `pivot`, which stands at `high - 1`; yields where it ends up.
    fn partition(&mut self, st: &mut State, low: u64, high: u64, pivot: Value) -> Result<u64, Throw> {
        let mut i = low;
        let mut j = high - 1;
        loop {
            i += 1;
            let mut a = self.get(st, i, 0)?;
            while self.before(st, a, pivot)? {
                if i == high - 1 {
                    return Err(st.error("invalid order function for sorting"));
                }
                i += 1;
                a = self.get(st, i, 0)?;
            }
            j -= 1;
            let mut b = self.get(st, j, 1)?;
            while self.before(st, pivot, b)? {
                if j < i {
                    return Err(st.error("invalid order function for sorting"));
                }
                j -= 1;
                b = self.get(st, j, 1)?;
            }
            if j < i {
                let last = self.get(st, high - 1, 1)?;
                self.set(st, high - 1, a)?;
                self.set(st, i, last)?;
                return Ok(i);
            }
            self.set(st, i, b)?;
            self.set(st, j, a)?;
        }
    }
}

/// A word that an adversary cannot foresee.
fn random_word(st: &State, low: u64, high: u64) -> u64 {
    let mixed = st.seed() ^ low.rotate_left(32) ^ high;
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16) | 1
}
