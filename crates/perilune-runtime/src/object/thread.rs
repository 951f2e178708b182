//! Coroutines: a Lua stack with values growing up and frames growing down in one block.
//!
//! Values start at the block's low end, frame records at its high end; the one test "do the callee's
//! registers end below the next frame record" covers both. The block moves only when that test
//! fails, and everything that points into it (frames, open upvalues) is then relinked. The same
//! layout serves every engine.

use super::function::{OpenLink, UpvalSlot};
use super::{Closure, Table, Upval};
use crate::heap::{Gc, Header, Heap, OutOfMemory};
use crate::value::{Tag, Value};
use perilune_bytecode::ops::Instr;

/// What is done with a frame's results when it returns.
pub mod cont {
    /// They go to the function slot, as many as the caller wants.
    pub const NORMAL: u8 = 0;
    /// The call came from Rust: leave the interpreter loop.
    pub const ENTRY: u8 = 1;
    /// One result goes to the register that the caller's current instruction writes.
    pub const STORE: u8 = 2;
    /// The result's truth decides the caller's conditional jump.
    pub const CONDITION: u8 = 3;
    /// One result becomes an operand of the caller's unfinished CONCAT.
    pub const CONCAT: u8 = 4;
    /// The results follow `true` as those of the `pcall` or `xpcall` below.
    pub const PCALL: u8 = 5;
    /// A `__close` that runs while an error is being delivered to the `pcall` below.
    pub const PCALL_CLOSE: u8 = 6;
    /// The coroutine is finished; its results go to the resumer.
    pub const COROUTINE: u8 = 7;
    /// A native's own call: the results become the native's results, all of them.
    pub const TAIL: u8 = 8;
    /// `__pairs`: three or four results become those of the `pairs` below.
    pub const PAIRS: u8 = 9;
    /// A `__close` inside RETURN: run that instruction again.
    pub const RETURN_CLOSE: u8 = 10;
    /// A `__close` inside CLOSE: run that instruction again.
    pub const CLOSE: u8 = 11;
    /// As NORMAL; the caller is a frame whose compiled code waits.
    pub const COMPILED: u8 = 12;
}

/// Bits of [`Frame::flags`].
pub mod frame_flags {
    /// It was entered by a tail call.
    pub const TAIL: u8 = 1;
    /// It runs a Lua function.
    pub const LUA: u8 = 2;
    /// RETURN has already fixed how many results there are (`Frame::aux`).
    pub const RETURNING: u8 = 4;
    /// It is a hook's or finaliser's frame: `getinfo` names it so.
    pub const HOOK: u8 = 8;
    /// It is a finaliser.
    pub const FINALISER: u8 = 16;
    /// A protected call's frame (`pcall`, `xpcall`).
    pub const PROTECTED: u8 = 32;
    /// With PROTECTED: `xpcall`, whose handler is in `R[0]`.
    pub const HANDLER: u8 = 64;
    /// The call hook has run for this frame.
    pub const HOOKED: u8 = 128;
}

/// One activation of a function.
///
/// A record takes the place of three values, and values may later stand where records have been: a
/// register that is not written yet is then scanned as a value. So the bytes where tags would be hold
/// the tag of a number, always.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Frame {
    /// R[0], a native's first argument; the function itself is at `base - 1`.
    pub base: *mut Value,
    /// No object.
    pub tags: Untagged,
    /// See [`cont`].
    pub cont: u8,
    /// See [`frame_flags`].
    pub flags: u8,
    /// How many `__call` metamethods led here.
    pub ncall: u8,
    /// How many varargs stand between `func` and `base - 1`.
    pub nextra: u32,
    /// Where the results go: the function slot of the call.
    pub func: *mut Value,
    /// No object.
    pub tags2: Untagged,
    /// How many results the caller wants; -1 for all.
    pub nresults: i16,
    /// RETURNING: number of results. PROTECTED: protected calls around this one.
    pub aux: u32,
    /// The next instruction, saved whenever the frame is not the one running. Null for natives.
    pub pc: *const Instr,
    /// No object.
    pub tags3: Untagged,
    /// The last instruction a line hook saw, `u32::MAX` for none.
    pub hook_pc: u32,
}

/// The byte of a frame record that stands where a value has its tag.
#[derive(Clone, Copy)]
#[repr(u8)]
pub enum Untagged {
    /// An integer's.
    Int = Tag::INT.0,
}

const _: () = {
    assert!(size_of::<Frame>() == 3 * size_of::<Value>());
    assert!(std::mem::offset_of!(Frame, tags) == std::mem::offset_of!(Value, tag));
    assert!(std::mem::offset_of!(Frame, tags2) == 16 + std::mem::offset_of!(Value, tag));
    assert!(std::mem::offset_of!(Frame, tags3) == 32 + std::mem::offset_of!(Value, tag));
};

/// What a coroutine is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Status {
    /// It has a body and has not started, or has yielded.
    Suspended,
    /// It runs.
    Running,
    /// It has resumed another one.
    Normal,
    /// It returned or was closed.
    Dead,
    /// It ended with an error.
    Failed,
}

/// A coroutine.
#[repr(C)]
pub struct Thread {
    pub(crate) header: Header,
    /// Low end of the block: slot 0.
    pub(crate) stack: *mut Value,
    /// Bytes in the block.
    pub(crate) size: usize,
    /// The running frame; the one that called it is the next higher record.
    pub(crate) frame: *mut Frame,
    /// One past the last value in use, for natives and open results.
    pub(crate) top: *mut Value,
    /// Open upvalues, highest slot first.
    pub(crate) open: *mut Upval,
    /// Slots of pending to-be-closed variables, lowest first, in a buffer.
    pub(crate) tbc: *mut u32,
    pub(crate) tbc_len: u32,
    pub(crate) tbc_cap: u32,
    pub(crate) status: Status,
    pub(crate) hook_mask: u8,
    pub(crate) in_hook: bool,
    /// The body has started.
    pub(crate) started: bool,
    /// Frames entered from Rust that forbid a yield.
    pub(crate) no_yield: u32,
    /// Rust functions that call Lua and take its errors.
    pub(crate) catching: u32,
    /// Protected calls inside each other; they count as C levels.
    pub(crate) protected: u32,
    pub(crate) hook_count: u32,
    pub(crate) hook_left: u32,
    /// The hook function.
    pub(crate) hook: Value,
    /// The coroutine that resumed this one.
    pub(crate) resumer: Option<Gc<Thread>>,
    /// The error that ended it.
    pub(crate) error: Value,
    /// The number of its native stack, which it has under the walker while it is alive; else 0.
    pub(crate) fiber: u32,
}

/// Bits of a hook mask.
pub mod hook {
    #![allow(missing_docs)]
    pub const CALL: u8 = 1;
    pub const RETURN: u8 = 2;
    pub const LINE: u8 = 4;
    pub const COUNT: u8 = 8;
}

/// Slots a native may use without asking.
pub(crate) const MIN_NATIVE_SLOTS: usize = 20;
/// The most slots a stack may have.
const MAX_STACK: usize = 1_000_000;
/// The most bytes of a stack, values and frames together.
const MAX_BLOCK: usize = 24 << 20;
/// How much further error handling may go.
const ERROR_BYTES: usize = 64 << 10;
const INITIAL_BYTES: usize = 1024;

impl Thread {
    /// A coroutine with an empty stack and one bottom frame.
    pub(crate) fn new(heap: &mut Heap, initial: usize) -> Result<Gc<Thread>, OutOfMemory> {
        let p = heap.alloc(size_of::<Thread>())?.cast::<Thread>();
        let size = initial.max(INITIAL_BYTES);
        let stack = heap.alloc(size)?.cast::<Value>();
        // SAFETY: fresh memory; the bottom frame is the last record of the block.
        unsafe {
            let frame = stack.cast::<u8>().add(size).cast::<Frame>().sub(1);
            stack.write(Value::NIL);
            frame.write(Frame::native(stack, stack.add(1)));
            p.write(Thread {
                header: Header::new(Tag::THREAD, 0),
                stack,
                size,
                frame,
                top: stack.add(1),
                open: std::ptr::null_mut(),
                tbc: std::ptr::null_mut(),
                tbc_len: 0,
                tbc_cap: 0,
                status: Status::Suspended,
                hook_mask: 0,
                in_hook: false,
                started: false,
                no_yield: 0,
                catching: 0,
                protected: 0,
                hook_count: 0,
                hook_left: 0,
                hook: Value::NIL,
                resumer: None,
                error: Value::NIL,
                fiber: 0,
            });
            let mut slot = stack.add(1);
            while slot < frame.cast() && slot.add(1) <= frame.cast() {
                slot.write(Value::NIL);
                slot = slot.add(1);
            }
        }
        let t = Gc::from_ptr(p);
        heap.threads.push(t);
        Ok(t)
    }

    #[inline(always)]
    pub(crate) fn bottom(&self) -> *mut Frame {
        // SAFETY: the bottom frame is the last record of the block.
        unsafe { self.stack.cast::<u8>().add(self.size).cast::<Frame>().sub(1) }
    }

    /// Whether slots up to `end` and one more frame record fit.
    #[inline(always)]
    pub(crate) fn fits(&self, end: *mut Value) -> bool {
        (end as usize) + 2 * size_of::<Frame>() <= self.frame as usize
    }

    /// Slots in use.
    pub(crate) fn slots(&self) -> usize {
        (self.top as usize - self.stack as usize) / size_of::<Value>()
    }

    /// Where the live part ends: above the registers of the running Lua frame and the top. (In a Lua
    /// frame the top means something only between an instruction with open results and the one that
    /// consumes them; otherwise it is some place where values once were, which is harmless here.)
    pub(crate) fn live_end(&self) -> *mut Value {
        self.registers_end().max(self.top)
    }

    /// Where the registers of the running Lua frame end; the top for natives.
    pub(crate) fn registers_end(&self) -> *mut Value {
        // SAFETY: the frame records are valid.
        unsafe {
            let f = &*self.frame;
            if f.flags & frame_flags::LUA == 0 {
                return self.top;
            }
            let cl: Gc<Closure> = (*f.base.sub(1)).gc();
            let proto = &*(*cl.ptr()).proto.ptr();
            if proto.tree.is_null() {
                f.base.add(proto.max_stack as usize)
            } else {
                self.top
            }
        }
    }

    /// Moves the stack to a block with room for `extra` slots above `end`.
    ///
    /// # Errors
    /// `Err(true)`: the stack would be longer than the limit; `Err(false)`: no memory.
    #[cold]
    #[inline(never)]
    pub(crate) fn grow(
        &mut self,
        heap: &mut Heap,
        end: *mut Value,
        extra: usize,
        in_error: bool,
    ) -> Result<(), bool> {
        let used = (end as usize - self.stack as usize) / size_of::<Value>();
        let limit = if in_error {
            MAX_BLOCK + ERROR_BYTES
        } else {
            MAX_BLOCK
        };
        let frames = self.bottom() as usize - self.frame as usize + size_of::<Frame>();
        let need = (used + extra) * size_of::<Value>() + frames + 8 * size_of::<Frame>();
        if need > limit || (used + extra > MAX_STACK && !in_error) {
            return Err(true);
        }
        let size = (need + need / 2).next_multiple_of(1024).max(self.size).min(limit);
        self.relocate(heap, size).map_err(|OutOfMemory| false)
    }

    /// Whether the stack has overflowed, and the overflow is being handled.
    pub(crate) fn is_overflowing(&self) -> bool {
        self.size > MAX_BLOCK
    }

    /// Moves the stack into a block of `size` bytes, which is large enough.
    pub(crate) fn relocate(&mut self, heap: &mut Heap, size: usize) -> Result<(), OutOfMemory> {
        let new = heap.alloc(size)?.cast::<Value>();
        let (old, old_size) = (self.stack, self.size);
        let used = (self.live_end() as usize).max(self.top as usize) - old as usize;
        let frames = self.bottom() as usize - self.frame as usize + size_of::<Frame>();
        // SAFETY: values and frame records are copied to the two ends of the new block, which holds
        // both; every pointer into the old block is then moved by the same distance.
        unsafe {
            new.cast::<u8>().copy_from_nonoverlapping(old.cast(), used);
            let high = new.cast::<u8>().add(size - frames);
            high.copy_from_nonoverlapping(self.frame.cast(), frames);
            let shift = |p: *mut Value| new.cast::<u8>().add(p as usize - old as usize).cast::<Value>();
            self.stack = new;
            self.size = size;
            self.frame = high.cast();
            self.top = shift(self.top);
            let mut f = self.frame;
            while f <= self.bottom() {
                (*f).base = shift((*f).base);
                (*f).func = shift((*f).func);
                f = f.add(1);
            }
            let mut u = self.open;
            while !u.is_null() {
                (*u).at = shift((*u).at);
                u = (*u).slot.open.next;
            }
            let mut slot = new.cast::<u8>().add(used).cast::<Value>();
            while slot.add(1) <= self.frame.cast() {
                slot.write(Value::NIL);
                slot = slot.add(1);
            }
        }
        heap.release(old.cast(), old_size);
        Ok(())
    }

    /// The open upvalue of a slot, made if there is none.
    #[inline]
    pub(crate) fn find_upval(&mut self, heap: &mut Heap, slot: *mut Value) -> Result<Gc<Upval>, OutOfMemory> {
        let mut link = &raw mut self.open;
        // SAFETY: the list holds live open upvalues of this coroutine, highest slot first.
        unsafe {
            while !(*link).is_null() && (**link).at >= slot {
                if (**link).at == slot {
                    return Ok(Gc::from_ptr(*link));
                }
                link = &raw mut (**link).slot.open.next;
            }
            let p = heap.alloc(size_of::<Upval>())?.cast::<Upval>();
            p.write(Upval {
                header: Header::new(Tag::UPVAL, 0),
                at: slot,
                slot: UpvalSlot {
                    open: OpenLink {
                        next: *link,
                        thread: self,
                    },
                },
            });
            *link = p;
            Ok(Gc::from_ptr(p))
        }
    }

    /// Closes the open upvalues at and above `slot`.
    #[inline]
    pub(crate) fn close_upvals(&mut self, heap: &mut Heap, slot: *mut Value) {
        // SAFETY: as in `find_upval`.
        unsafe {
            while !self.open.is_null() && (*self.open).at >= slot {
                let u = self.open;
                self.open = (*u).slot.open.next;
                Gc::from_ptr(u).close(heap);
            }
        }
    }

    /// Adds a pending to-be-closed variable.
    pub(crate) fn push_tbc(&mut self, heap: &mut Heap, slot: *mut Value) -> Result<(), OutOfMemory> {
        if self.tbc_len == self.tbc_cap {
            let cap = (self.tbc_cap * 2).max(4);
            let new = heap.alloc(cap as usize * 4)?.cast::<u32>();
            // SAFETY: the new buffer is larger than the old one.
            unsafe { new.copy_from_nonoverlapping(self.tbc, self.tbc_len as usize) };
            let (old, old_cap) = (self.tbc, self.tbc_cap);
            (self.tbc, self.tbc_cap) = (new, cap);
            if !old.is_null() {
                heap.release(old.cast(), old_cap as usize * 4);
            }
        }
        let index = (slot as usize - self.stack as usize) / size_of::<Value>();
        // SAFETY: there is room for one more.
        unsafe { *self.tbc.add(self.tbc_len as usize) = index as u32 };
        self.tbc_len += 1;
        Ok(())
    }

    /// The last pending to-be-closed variable at or above `slot`.
    #[inline(always)]
    pub(crate) fn last_tbc(&self, slot: *mut Value) -> Option<*mut Value> {
        if self.tbc_len == 0 {
            return None;
        }
        // SAFETY: the buffer holds `tbc_len` slot numbers.
        let at = unsafe { self.stack.add(*self.tbc.add(self.tbc_len as usize - 1) as usize) };
        (at >= slot).then_some(at)
    }
}

impl Frame {
    /// The frame of a native whose function is at `func`, called by Rust.
    #[inline(always)]
    pub(crate) fn native(func: *mut Value, base: *mut Value) -> Frame {
        Frame {
            tags: Untagged::Int,
            tags2: Untagged::Int,
            tags3: Untagged::Int,
            base,
            pc: std::ptr::null(),
            func,
            nextra: 0,
            nresults: -1,
            cont: cont::ENTRY,
            flags: 0,
            aux: 0,
            ncall: 0,
            hook_pc: u32::MAX,
        }
    }
    /// The frame of a Lua function at `func`, called by Lua code: its registers start at `base`, it begins
    /// at `code`, and its caller wants `nresults` results.
    #[inline(always)]
    pub(crate) fn lua(func: *mut Value, base: *mut Value, code: *const Instr, nresults: i32) -> Frame {
        Frame {
            pc: code,
            nresults: nresults as i16,
            cont: cont::NORMAL,
            flags: frame_flags::LUA,
            ..Frame::native(func, base)
        }
    }
    /// Whether it runs a Lua function.
    #[inline(always)]
    pub(crate) fn is_lua(&self) -> bool {
        self.flags & frame_flags::LUA != 0
    }
}

impl Gc<Thread> {
    /// What it is doing.
    pub fn status(self, _heap: &Heap) -> Status {
        // SAFETY: alive while the heap is borrowed.
        unsafe { (*self.ptr()).status }
    }
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub(crate) fn get<'a>(self, _heap: &Heap) -> &'a mut Thread {
        // SAFETY: alive; the execution island keeps one reference at a time.
        unsafe { &mut *self.ptr() }
    }
    /// The metatable that all coroutines share.
    pub fn shared_metatable(heap: &Heap) -> Option<Gc<Table>> {
        heap.roots.metatables[5]
    }
}

/// The most slots a stack may have.
pub(crate) fn max_stack() -> usize {
    MAX_STACK
}
