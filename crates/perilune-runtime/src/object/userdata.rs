//! Full userdata: a Rust value with a metatable and user values.

use super::Table;
use crate::heap::{Gc, Header, Heap, OutOfMemory};
use crate::value::{Tag, Value};
use std::any::Any;

/// A full userdata.
#[repr(C)]
pub struct Userdata {
    pub(crate) header: Header,
    pub(crate) metatable: Option<Gc<Table>>,
    pub(crate) data: Option<Box<dyn Any + Send>>,
    pub(crate) user_values: Vec<Value>,
    /// Bytes accounted for outside the heap.
    pub(crate) external: usize,
}

impl Userdata {
    /// A userdata around `data`, which owns about `bytes` bytes, with `n` user values.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new(
        heap: &mut Heap,
        data: Box<dyn Any + Send>,
        n: usize,
        bytes: usize,
    ) -> Result<Gc<Userdata>, OutOfMemory> {
        let p = heap.alloc(size_of::<Userdata>())?.cast::<Userdata>();
        let external = bytes + n * size_of::<Value>();
        // SAFETY: a fresh cell of the right size.
        unsafe {
            p.write(Userdata {
                header: Header::new(Tag::USERDATA, 0),
                metatable: None,
                data: Some(data),
                user_values: vec![Value::NIL; n],
                external,
            });
        }
        heap.droppable.push(p.cast());
        heap.add_external(external);
        Ok(Gc::from_ptr(p))
    }
}

impl Gc<Userdata> {
    fn get(self, _heap: &Heap) -> &Userdata {
        // SAFETY: alive while the heap is borrowed.
        unsafe { &*self.ptr() }
    }
    fn get_mut(self, _heap: &mut Heap) -> &mut Userdata {
        // SAFETY: alive while the heap is borrowed, and the heap's mutable borrow makes it unique.
        unsafe { &mut *self.ptr() }
    }
    /// Its metatable.
    pub fn metatable(self, heap: &Heap) -> Option<Gc<Table>> {
        self.get(heap).metatable
    }
    pub(crate) fn set_metatable(self, heap: &mut Heap, mt: Option<Gc<Table>>) {
        self.get_mut(heap).metatable = mt;
        heap.barrier(self.ptr().cast());
    }
    /// The Rust value, if it is a `T`.
    pub fn data<T: 'static>(self, heap: &Heap) -> Option<&T> {
        self.get(heap).data.as_ref()?.downcast_ref()
    }
    /// The Rust value, if it is a `T`.
    pub fn data_mut<T: 'static>(self, heap: &mut Heap) -> Option<&mut T> {
        self.get_mut(heap).data.as_mut()?.downcast_mut()
    }
    /// How many user values it has.
    pub fn user_value_count(self, heap: &Heap) -> usize {
        self.get(heap).user_values.len()
    }
    /// User value `i`, from 1; nil if there is none.
    pub fn user_value(self, heap: &Heap, i: usize) -> Value {
        self.get(heap)
            .user_values
            .get(i.wrapping_sub(1))
            .copied()
            .unwrap_or(Value::NIL)
    }
    /// Sets user value `i`, from 1; false if there is none.
    pub fn set_user_value(self, heap: &mut Heap, i: usize, v: Value) -> bool {
        let Some(slot) = self.get_mut(heap).user_values.get_mut(i.wrapping_sub(1)) else {
            return false;
        };
        *slot = v;
        heap.barrier(self.ptr().cast());
        true
    }
}
