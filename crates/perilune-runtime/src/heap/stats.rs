//! What the collector did: counts, times, a histogram of its pauses.

use super::Heap;
use std::fmt;
use std::time::{Duration, Instant};

/// How many buckets the histogram of pauses has.
const BUCKETS: usize = 24;

/// What the collector of a state did so far. A pause is one piece of its work at a safepoint; finalisers
/// run outside of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GcStats {
    /// Minor collections.
    pub minor: u64,
    /// Full collections, in one piece or in steps.
    pub full: u64,
    /// Steps of incremental collections.
    pub steps: u64,
    /// The sum of all pauses.
    pub total: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// How many pauses took less than 1 microsecond, then 1 to 2, 2 to 4 and so on; the last bucket has
    /// all longer ones too.
    pub pauses: [u64; BUCKETS],
    /// The most bytes that were in use, to the accuracy of a block of 64 KB.
    pub peak: usize,
}

impl GcStats {
    fn add_pause(&mut self, t: Duration) {
        let micros = t.as_micros() as u64;
        let bucket = (u64::BITS - micros.leading_zeros()) as usize;
        self.pauses[bucket.min(BUCKETS - 1)] += 1;
        self.total += t;
        self.longest = self.longest.max(t);
    }
}

impl fmt::Display for GcStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |t: Duration| t.as_secs_f64() * 1e3;
        writeln!(f, "minor collections    {:>12}", self.minor)?;
        writeln!(f, "full collections     {:>12}", self.full)?;
        writeln!(f, "incremental steps    {:>12}", self.steps)?;
        writeln!(f, "time in collector    {:>12.3} ms", ms(self.total))?;
        writeln!(f, "longest pause        {:>12.3} ms", ms(self.longest))?;
        writeln!(f, "peak heap            {:>12} bytes", self.peak)?;
        let used = self
            .pauses
            .iter()
            .rposition(|&n| n > 0)
            .map_or(0, |last| last + 1);
        for (i, n) in self.pauses[..used].iter().enumerate() {
            let (low, high) = ((1u64 << i) >> 1, 1u64 << i);
            if i == BUCKETS - 1 {
                writeln!(f, "pauses from {low:>8} us          {n:>12}")?;
            } else {
                writeln!(f, "pauses {low:>8} - {high:>8} us  {n:>12}")?;
            }
        }
        Ok(())
    }
}

impl Heap {
    /// What the collector did so far.
    pub fn stats(&self) -> GcStats {
        let mut s = self.stats.clone();
        s.peak = s.peak.max(self.bytes());
        s
    }

    /// Does a piece of the collector's work, and counts it as a pause.
    pub(super) fn pause<R>(&mut self, work: impl FnOnce(&mut Heap) -> R) -> R {
        self.stats.peak = self.stats.peak.max(self.bytes());
        let start = Instant::now();
        let r = work(self);
        self.stats.add_pause(start.elapsed());
        r
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_powers_of_two() {
        let mut s = GcStats::default();
        for micros in [0, 1, 2, 3, 4, 1 << 40] {
            s.add_pause(Duration::from_micros(micros));
        }
        assert_eq!(s.pauses[..4], [1, 1, 2, 1]);
        assert_eq!(s.pauses[BUCKETS - 1], 1);
        assert_eq!(s.longest, Duration::from_micros(1 << 40));
    }
}
