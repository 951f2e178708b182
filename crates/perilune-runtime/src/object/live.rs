//! A function of a running state -> its listing, with what its instructions have learned and how often they
//! were executed.

use super::feedback::{ABSENT, NEVER, Path, Place, STRING, StoreWay};
use super::function::ProtoObj;
use super::shape::{EMPTY, Rep, Shapes};
use crate::heap::{Gc, Heap};
use crate::value::Tag;
use perilune_bytecode::listing::{self, Function, Live};
use perilune_bytecode::ops::Instr;
use perilune_bytecode::quick::LiveOp;

/// How many keys of a shape are shown.
const MAX_KEYS: usize = 8;

impl Gc<ProtoObj> {
    /// The function as it runs now, and all functions nested in it. Those of which there has been no closure
    /// have no number.
    pub fn listing(self, heap: &Heap) -> Vec<Function> {
        let mut all = Vec::new();
        let mut work = vec![(Some(self), &**self.meta(heap), None)];
        while let Some((made, meta, name)) = work.pop() {
            let mut f = listing::function(meta);
            f.name = name;
            // SAFETY: alive while the heap is borrowed.
            let proto = made.map(|p| unsafe { &*p.ptr() });
            if let Some(proto) = proto {
                f.number = Some(proto.header.aux);
                for line in &mut f.code {
                    line.live = proto.live(heap, line.pc);
                }
            }
            all.push(f);
            let nested = (0..meta.protos.len()).rev().map(|n| {
                let made = proto.and_then(|p| p.data.protos[n].get());
                (made, &*meta.protos[n], listing::name_of(meta, n))
            });
            work.extend(nested);
        }
        all
    }
}

impl ProtoObj {
    /// Counts an execution of the instruction at `pc`; returns the bytes that this took.
    pub(crate) fn count(&mut self, pc: usize) -> usize {
        let data = &mut self.data;
        let is_first = data.counts.is_empty();
        if is_first {
            data.counts = vec![0; data.code.len()];
        }
        data.counts[pc] += 1;
        if is_first { data.counts.len() * 8 } else { 0 }
    }

    /// What is known of the instruction at `pc`.
    fn live(&self, heap: &Heap, pc: usize) -> Live {
        let i = self.data.code[pc];
        Live {
            count: self.data.counts.get(pc).copied(),
            learned: i.learned(),
            cache: self.cache(&Shown(heap), i),
        }
    }

    /// The entries of an instruction's inline cache.
    fn cache(&self, shown: &Shown<'_>, i: Instr) -> Vec<String> {
        let Some(info) = LiveOp::from_u8(i.op_byte()).and_then(LiveOp::quick) else {
            return Vec::new();
        };
        let site = i.du() as usize;
        if let Some(shape) = i.learned_shape() {
            let slot = if info.learned.contains(&("b", "slot")) {
                i.b()
            } else {
                i.c()
            };
            return vec![shown.slot(u32::from(slot), shape)];
        }
        if info.name.ends_with("_POLY") {
            let places = &self.feedback.places[site];
            return places.iter().filter_map(|p| shown.place(*p)).collect();
        }
        if info.name.ends_with("_SITE") {
            let ways = &self.feedback.stores[site];
            return ways.iter().filter_map(|w| shown.way(*w)).collect();
        }
        if info.name.ends_with("_CLASS") {
            let paths = &self.feedback.paths[site];
            return paths.iter().filter_map(|p| shown.path(p)).collect();
        }
        Vec::new()
    }
}

/// What makes texts of shapes.
struct Shown<'a>(&'a Heap);

impl Shown<'_> {
    fn shapes(&self) -> &Shapes {
        &self.0.shapes
    }

    /// The keys of a shape.
    fn shape(&self, id: u32) -> String {
        if id == STRING {
            return "string".to_owned();
        }
        if id != EMPTY && !self.shapes().is_live(id) {
            return "{dropped}".to_owned();
        }
        let count = self.shapes().count(id) as usize;
        let key = |slot: usize| {
            let key = self.shapes().key(id, slot as u32);
            String::from_utf8_lossy(key.bytes(self.0)).into_owned()
        };
        let mut keys: Vec<String> = (0..count.min(MAX_KEYS)).map(key).collect();
        if count > MAX_KEYS {
            keys.push(format!("{} more", count - MAX_KEYS));
        }
        format!("{{{}}}", keys.join(", "))
    }

    fn slot(&self, slot: u32, shape: u32) -> String {
        format!("slot {slot} of {}", self.shape(shape))
    }

    fn place(&self, p: Place) -> Option<String> {
        (p.shape != NEVER).then(|| self.slot(p.slot, p.shape))
    }

    fn way(&self, w: StoreWay) -> Option<String> {
        if w.old == NEVER {
            return None;
        }
        let kind = match w.rep {
            Rep::VALUE => "",
            rep if rep == Rep::of(Tag::INT) => ", integers",
            _float => ", floats",
        };
        let grown = if w.old == w.new {
            String::new()
        } else {
            format!(" -> {}", self.shape(w.new))
        };
        Some(format!("slot {} of {}{grown}{kind}", w.slot, self.shape(w.old)))
    }

    fn path(&self, p: &Path) -> Option<String> {
        if p.shape == NEVER {
            return None;
        }
        let steps = &p.steps[..usize::from(p.depth)];
        let classes = steps.iter().map(|s| format!(" -> {}", self.shape(s.class)));
        let found = match p.slot {
            ABSENT => "no field".to_owned(),
            slot => format!("slot {slot}"),
        };
        Some(format!(
            "{found} of {}{}",
            self.shape(p.shape),
            classes.collect::<String>()
        ))
    }
}
