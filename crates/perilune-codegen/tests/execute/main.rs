//! Operations, assembled for this machine and run -> what plain Rust says they mean.
#![cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]

mod branches;
mod calls;
mod floats;
mod integers;
mod memory;
mod native;

use native::Host;
use perilune_codegen::masm::{Masm, Reg, Width};

/// Integers at the edges of what instructions treat alike.
const INTEGERS: &[u64] = &[
    0,
    1,
    2,
    3,
    63,
    127,
    128,
    255,
    256,
    0x1234_5678,
    i32::MAX as u64,
    0x8000_0000,
    0xffff_ff80,
    u32::MAX as u64,
    0x1_0000_0000,
    0x1_0000_0001,
    0x1234_5678_9abc_def0,
    i64::MAX as u64,
    i64::MIN as u64,
    i64::MIN as u64 + 1,
    -129i64 as u64,
    -128i64 as u64,
    -2i64 as u64,
    -1i64 as u64,
];

/// Immediates at the edges of what instructions can hold.
const IMMEDIATES: &[i32] = &[
    0,
    1,
    -1,
    2,
    8,
    127,
    128,
    129,
    -127,
    -128,
    -129,
    255,
    256,
    -256,
    4095,
    4096,
    4097,
    -4095,
    -4096,
    -4097,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0x00ff_f000,
    0x0100_0000,
    -0x00ff_f000,
    0x5555_5555,
    0x00ff_00ff,
    0x1234_5678,
    i32::MAX,
    i32::MIN,
    i32::MIN + 1,
];

/// Some registers, those with the most uses of their own among them.
fn registers() -> Vec<Reg> {
    let temps = Host::TEMPS;
    let mut chosen = vec![Host::RET, Host::TAG, temps[3], temps[5], temps[7]];
    if !chosen.contains(&Host::COUNT) {
        chosen.push(Host::COUNT);
    }
    chosen
}

/// What an operation of this width sees.
fn cut(w: Width, x: u64) -> u64 {
    match w {
        Width::W8 => x & 0xff,
        Width::W32 => x & 0xffff_ffff,
        Width::W64 => x,
    }
}

/// The same number with a sign.
fn signed(w: Width, x: u64) -> i64 {
    match w {
        Width::W8 => i64::from(x as i8),
        Width::W32 => i64::from(x as i32),
        Width::W64 => x as i64,
    }
}
