//! Ctrl-C: the signal -> a bit of the interrupt word.

use crate::state::Interrupter;

/// From now on Ctrl-C stops what the state runs, instead of ending the process. No thread waits for the
/// signal: its handler sets the bit itself.
///
/// # Errors
/// The system refuses the handler.
pub fn interrupt_on_ctrl_c(word: Interrupter) -> std::io::Result<()> {
    const SIGINT: i32 = 2;
    // SAFETY: the action sets a bit of an atomic word, which a signal handler may do: it takes no lock and
    // allocates nothing.
    unsafe { signal_hook_registry::register(SIGINT, move || word.interrupt()) }.map(|_| ())
}
