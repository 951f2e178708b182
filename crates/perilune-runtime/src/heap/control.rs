//! What `collectgarbage` sets and asks: modes, parameters, pacing.

use super::{Heap, Mode, Phase, interrupt};
use std::sync::atomic::Ordering;

/// A parameter of the collector, in PUC's units (percentages, or bytes for the step size).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum GcParam {
    MinorMul,
    MajorMinor,
    MinorMajor,
    Pause,
    StepMul,
    StepSize,
}

impl GcParam {
    /// The parameter with this name.
    pub fn from_name(name: &[u8]) -> Option<GcParam> {
        Some(match name {
            b"minormul" => GcParam::MinorMul,
            b"majorminor" => GcParam::MajorMinor,
            b"minormajor" => GcParam::MinorMajor,
            b"pause" => GcParam::Pause,
            b"stepmul" => GcParam::StepMul,
            b"stepsize" => GcParam::StepSize,
            _ => return None,
        })
    }
}

/// Bytes between two minor collections, at least: what fits into a cache of the second level.
const LEAST_YOUNG: usize = 1 << 19;

/// The collector's settings.
pub struct Control {
    /// Bytes in use at which it works next.
    pub(crate) trigger: usize,
    /// Bytes in use when that was decided.
    pub(crate) stepped_at: usize,
    /// `collectgarbage("stop")`.
    pub(crate) stopped: bool,
    /// Bytes after the last full collection.
    pub(crate) full_size: usize,
    pub(crate) minor_mul: i64,
    pub(crate) major_minor: i64,
    pub(crate) minor_major: i64,
    pub(crate) pause: i64,
    pub(crate) step_mul: i64,
    pub(crate) step_size: i64,
}

impl Default for Control {
    fn default() -> Control {
        Control {
            trigger: 0,
            stepped_at: 0,
            stopped: false,
            full_size: 0,
            minor_mul: 20,
            major_minor: 50,
            minor_major: 70,
            pause: 250,
            step_mul: 200,
            step_size: 9600,
        }
    }
}

impl Heap {
    /// Reads a parameter, and sets it if `value` is given; returns the old value.
    pub fn gc_param(&mut self, p: GcParam, value: Option<i64>) -> i64 {
        let c = &mut self.control;
        let slot = match p {
            GcParam::MinorMul => &mut c.minor_mul,
            GcParam::MajorMinor => &mut c.major_minor,
            GcParam::MinorMajor => &mut c.minor_major,
            GcParam::Pause => &mut c.pause,
            GcParam::StepMul => &mut c.step_mul,
            GcParam::StepSize => &mut c.step_size,
        };
        let old = *slot;
        if let Some(v) = value {
            *slot = v.clamp(0, 1 << 40);
        }
        self.update_trigger();
        old
    }

    /// Changes the mode; returns the old one.
    pub fn set_mode(&mut self, mode: Mode) -> Mode {
        let old = std::mem::replace(&mut self.mode, mode);
        if old != mode {
            if mode == Mode::Generational {
                if self.phase == Phase::Pause && self.stats.full + self.stats.minor == 0 {
                    // Nothing has a mark yet: all is young, and the first minor collection sees it all.
                    self.list_young_strings();
                    self.control.full_size = self.bytes();
                } else {
                    self.full();
                }
            }
            self.update_trigger();
        }
        old
    }

    /// The mode.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Stops or restarts the collector.
    pub fn set_stopped(&mut self, stopped: bool) {
        self.control.stopped = stopped;
        if stopped {
            self.interrupt.fetch_and(!interrupt::GC, Ordering::Relaxed);
        } else {
            self.update_trigger();
        }
    }

    /// Whether the collector runs by itself.
    pub fn is_running(&self) -> bool {
        !self.control.stopped
    }

    /// Bytes to mark for what was allocated since the last step, and for one step's worth at least. PUC
    /// counts visited slots for allocated words; a slot stands for about four words of memory.
    pub(crate) fn step_work(&self) -> usize {
        const WORDS_PER_SLOT: usize = 4;
        let c = &self.control;
        let allocated = match self.phase {
            Phase::Pause => 0,
            Phase::Mark => self.bytes().saturating_sub(c.stepped_at),
        };
        let size = allocated.max(c.step_size.max(1024) as usize) * WORDS_PER_SLOT;
        (size / 100).saturating_mul(c.step_mul.max(40) as usize)
    }

    /// Decides when the collector works next.
    pub(crate) fn update_trigger(&mut self) {
        let bytes = self.bytes();
        let c = &mut self.control;
        c.stepped_at = bytes;
        c.trigger = match (self.mode, self.phase) {
            (Mode::Incremental, Phase::Mark) => bytes + c.step_size.max(1024) as usize,
            (Mode::Incremental, Phase::Pause) => (bytes / 100)
                .saturating_mul(c.pause.max(110) as usize)
                .max(bytes + (1 << 16)),
            (Mode::Generational, _) => bytes + (bytes / 100 * c.minor_mul.max(5) as usize).max(LEAST_YOUNG),
        };
    }
}

/// What `collectgarbage` can be asked to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum GcOp {
    Collect,
    Stop,
    Restart,
    Count,
    Step(usize),
    IsRunning,
    Generational,
    Incremental,
    Param(GcParam, Option<i64>),
}
