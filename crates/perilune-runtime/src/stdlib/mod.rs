//! The standard library, one file per library.

pub mod base;
mod bytes;
mod control;
mod debug;
mod file;
mod format;
mod io;
pub(crate) mod math;
mod os;
mod pack;
mod package;
pub(crate) mod pattern;
mod perilune;
mod platform;
mod sort;
mod stream;
mod string;
mod table;
mod time;
mod utf8;
mod util;

use crate::error::Throw;
use crate::heap::Gc;
use crate::object::Table;
use crate::state::State;

/// Registers every library in the globals and in `package.loaded`.
pub fn open_libs(st: &mut State) -> Result<(), Throw> {
    base::open(st)?;
    let globals = st.globals();
    let loaded = st.loaded()?;
    st.set_field(loaded, "_G", globals.into())?;
    control::open(st)?;
    package::open(st)?;
    table::open(st)?;
    io::open(st)?;
    os::open(st)?;
    string::open(st)?;
    utf8::open(st)?;
    math::open(st)?;
    debug::open(st)
}

/// Makes `library` known as the global and the loaded module `name`.
fn add_module(st: &mut State, name: &str, library: Gc<Table>) -> Result<(), Throw> {
    let loaded = st.loaded()?;
    st.set_field(loaded, name, library.into())?;
    let globals = st.globals();
    st.set_field(globals, name, library.into())
}
