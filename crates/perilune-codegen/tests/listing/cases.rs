//! The cases of the listings: every operation, with operands at the edges of what instructions hold.

use super::{Listing, Target};
use perilune_codegen::masm::{Alu, Cond, FCond, FReg, Falu, Funary, Reg, Shift, Width};

const WIDTHS: [Width; 3] = [Width::W8, Width::W32, Width::W64];
const WIDE: [Width; 2] = [Width::W32, Width::W64];
const ALUS: [Alu; 6] = [Alu::Add, Alu::Sub, Alu::And, Alu::Or, Alu::Xor, Alu::Mul];
const SHIFTS: [Shift; 3] = [Shift::Left, Shift::Right, Shift::Arith];
const CONDS: [Cond; 10] = [
    Cond::Eq,
    Cond::Ne,
    Cond::Lt,
    Cond::Le,
    Cond::Gt,
    Cond::Ge,
    Cond::Below,
    Cond::BelowEq,
    Cond::Above,
    Cond::AboveEq,
];
const FCONDS: [FCond; 6] = [
    FCond::Eq,
    FCond::Lt,
    FCond::Le,
    FCond::NotEq,
    FCond::NotLt,
    FCond::NotLe,
];
/// Immediates and offsets.
const EDGES: &[i32] = &[
    0,
    1,
    -1,
    127,
    128,
    -128,
    -129,
    255,
    4095,
    4096,
    32760,
    32768,
    i32::MIN,
    i32::MAX,
];
/// A few of them.
const FEW: &[i32] = &[0, 1, -1, 128, 32768];

/// Every operation.
pub fn all<M: Target>(out: &mut Listing) {
    moves::<M>(out);
    memory::<M>(out);
    indexed::<M>(out);
    arithmetic::<M>(out);
    immediates::<M>(out);
    in_memory::<M>(out);
    shifts::<M>(out);
    branches::<M>(out);
    memory_branches::<M>(out);
    bits::<M>(out);
    float_moves::<M>(out);
    floats::<M>(out);
    calls::<M>(out);
}

/// Three different registers.
fn regs<M: Target>() -> [Reg; 3] {
    [M::SPREAD[0], M::SPREAD[1], M::SPREAD[2]]
}

fn moves<M: Target>(out: &mut Listing) {
    out.heading("mov, imm, pool, lea");
    let [a, b, c] = regs::<M>();
    for (d, s) in [(a, b), (b, a), (a, a), (M::BASE, a), (M::WORD, M::FRAME)] {
        out.case(&format!("{} = {}", M::name(d), M::name(s)), |m: &mut M| {
            m.mov(d, s)
        });
    }
    let wide = [
        0xffff_ffff,
        0x1_0000_0000,
        -0x1_0000_0000,
        0x1234_5678_9abc_def0,
        0x5555_5555_5555_5555,
        -0x1235,
        i64::MIN,
        i64::MAX,
    ];
    for (n, i) in EDGES.iter().map(|&i| i64::from(i)).chain(wide).enumerate() {
        let d = [a, c][n % 2];
        out.case(&format!("{} = {i}", M::name(d)), |m: &mut M| m.imm(d, i));
    }
    for (d, entry) in [(a, 0), (b, 1), (c, 100)] {
        let what = format!("{} = pool entry {entry}", M::name(d));
        out.case(&what, |m: &mut M| m.pool(d, entry));
    }
    for &off in EDGES {
        for (d, base) in [(a, M::BASE), (b, b), (a, M::WORD)] {
            let what = format!("{} = {} + {off}", M::name(d), M::name(base));
            out.case(&what, |m: &mut M| m.lea(d, base, off));
        }
    }
}

fn memory<M: Target>(out: &mut Listing) {
    out.heading("load, store, store_imm");
    let pinned = [M::BASE, M::FRAME, M::STATE, M::WORD];
    for w in WIDTHS {
        for (n, &off) in EDGES.iter().enumerate() {
            let (r, base) = (M::SPREAD[n % 3], pinned[n % 4]);
            let (r_name, place) = (M::name(r), format!("[{} + {off}]", M::name(base)));
            out.case(&format!("{r_name} = {w:?} {place}"), |m: &mut M| {
                m.load(w, r, base, off)
            });
            out.case(&format!("{w:?} {place} = {r_name}"), |m: &mut M| {
                m.store(w, r, base, off)
            });
        }
        for (i, off) in EDGES.iter().map(|&i| (i, 8)).chain(FEW.iter().map(|&o| (3, o))) {
            let what = format!("{w:?} [{} + {off}] = {i}", M::name(M::BASE));
            out.case(&what, |m: &mut M| m.store_imm(w, i, M::BASE, off));
        }
    }
    for base in M::SPREAD.iter().copied() {
        for (r, w) in M::SPREAD.iter().flat_map(|&r| [(r, Width::W8), (r, Width::W64)]) {
            let what = format!("{w:?} [{} + 0] = {}", M::name(base), M::name(r));
            out.case(&what, |m: &mut M| m.store(w, r, base, 0));
        }
    }
}

fn indexed<M: Target>(out: &mut Listing) {
    out.heading("load_index, store_index");
    let [a, b, c] = regs::<M>();
    for w in WIDTHS {
        for scale in 0..4 {
            for (n, &off) in [0, 8, -1, 128, 40_000].iter().enumerate() {
                let (base, index) = [(M::BASE, b), (M::FRAME, a), (M::WORD, c), (a, M::WORD)][n % 4];
                let r = M::SPREAD[n % 3];
                let place = format!("[{} + ({} << {scale}) + {off}]", M::name(base), M::name(index));
                let r_name = M::name(r);
                out.case(&format!("{r_name} = {w:?} {place}"), |m: &mut M| {
                    m.load_index(w, r, base, index, scale, off);
                });
                out.case(&format!("{w:?} {place} = {r_name}"), |m: &mut M| {
                    m.store_index(w, r, base, index, scale, off);
                });
            }
        }
    }
}

fn arithmetic<M: Target>(out: &mut Listing) {
    out.heading("alu, neg, not, divide");
    let [a, b, c] = regs::<M>();
    let choices = [
        (a, b, c),
        (c, c, a),
        (a, b, a),
        (b, a, a),
        (a, a, a),
        (c, M::BASE, M::FRAME),
        (a, M::FRAME, b),
    ];
    for op in ALUS {
        for w in WIDE {
            for (d, x, y) in choices {
                let what = format!("{} = {op:?} {w:?} {}, {}", M::name(d), M::name(x), M::name(y));
                out.case(&what, |m: &mut M| m.alu(op, w, d, x, y));
            }
        }
    }
    for (d, x) in [(a, a), (b, c), (c, a)] {
        let names = (M::name(d), M::name(x));
        out.case(&format!("{} = -{}", names.0, names.1), |m: &mut M| m.neg(d, x));
        out.case(&format!("{} = ~{}", names.0, names.1), |m: &mut M| m.not(d, x));
    }
    for y in [b, c] {
        let what = format!(
            "{}, {} = {} / {}",
            M::name(M::RET),
            M::name(M::TAG),
            M::name(M::RET),
            M::name(y)
        );
        out.case(&what, |m: &mut M| m.divide(y));
    }
}

fn immediates<M: Target>(out: &mut Listing) {
    out.heading("alu_imm");
    let [a, b, c] = regs::<M>();
    for op in ALUS {
        for w in WIDE {
            for &i in EDGES {
                let same = if w == Width::W32 { b } else { a };
                for (d, x) in [(same, same), (b, c)] {
                    let what = format!("{} = {op:?} {w:?} {}, {i}", M::name(d), M::name(x));
                    out.case(&what, |m: &mut M| m.alu_imm(op, w, d, x, i));
                }
            }
        }
    }
}

fn in_memory<M: Target>(out: &mut Listing) {
    out.heading("alu_load, alu_store_imm");
    let [a, b, _] = regs::<M>();
    for op in ALUS {
        for w in WIDTHS {
            if w == Width::W8 && op != Alu::Or {
                continue;
            }
            for &off in FEW {
                for d in [a, b] {
                    let name = M::name(d);
                    let what = format!("{name} = {op:?} {w:?} {name}, [{} + {off}]", M::name(M::FRAME));
                    out.case(&what, |m: &mut M| m.alu_load(op, w, d, M::FRAME, off));
                }
            }
        }
        for (w, numbers) in [(Width::W32, FEW), (Width::W64, EDGES)] {
            for (i, off) in numbers.iter().map(|&i| (i, 8)).chain(FEW.iter().map(|&o| (3, o))) {
                let what = format!("{w:?} [{} + {off}] {op:?}= {i}", M::name(M::WORD));
                out.case(&what, |m: &mut M| m.alu_store_imm(op, w, i, M::WORD, off));
            }
        }
    }
}

fn shifts<M: Target>(out: &mut Listing) {
    out.heading("shift_imm, shift");
    let [a, b, _] = regs::<M>();
    for op in SHIFTS {
        for w in WIDE {
            for (d, x) in [(a, a), (a, b), (b, b)] {
                let (d_name, x_name) = (M::name(d), M::name(x));
                let last = if w == Width::W32 { 31 } else { 63 };
                for n in [0, 1, 3, last] {
                    out.case(&format!("{d_name} = {op:?} {w:?} {x_name}, {n}"), |m: &mut M| {
                        m.shift_imm(op, w, d, x, n);
                    });
                }
                out.case(
                    &format!("{d_name} = {op:?} {w:?} {x_name}, count"),
                    |m: &mut M| {
                        m.shift(op, w, d, x);
                    },
                );
            }
        }
    }
}

fn branches<M: Target>(out: &mut Listing) {
    out.heading("jump, branch, branch_imm");
    let [a, b, c] = regs::<M>();
    out.case("to l", |m: &mut M| {
        let l = m.label();
        m.jump(l);
        m.bind(l);
    });
    out.case("l: to l", |m: &mut M| {
        let l = m.label();
        m.bind(l);
        m.jump(l);
    });
    for w in WIDTHS {
        for cond in CONDS {
            for (x, y) in [(a, b), (b, c)] {
                let what = format!("to l if {w:?} {} {cond:?} {}", M::name(x), M::name(y));
                out.case(&what, |m: &mut M| {
                    let l = m.label();
                    m.branch(cond, w, x, y, l);
                    m.bind(l);
                });
            }
            let numbers = if cond == Cond::Eq { EDGES } else { &[0, 200] };
            for (n, &i) in numbers.iter().enumerate() {
                let x = [a, b, c][n % 3];
                let what = format!("to l if {w:?} {} {cond:?} {i}", M::name(x));
                out.case(&what, |m: &mut M| {
                    let l = m.label();
                    m.branch_imm(cond, w, x, i, l);
                    m.bind(l);
                });
            }
        }
    }
}

fn memory_branches<M: Target>(out: &mut Listing) {
    out.heading("branch_load, branch_load_imm, branch_stack_below");
    let [_, b, _] = regs::<M>();
    for w in WIDTHS {
        for (n, &off) in EDGES.iter().enumerate() {
            let cond = CONDS[n % 10];
            let what = format!(
                "to l if {w:?} {} {cond:?} [{} + {off}]",
                M::name(b),
                M::name(M::WORD)
            );
            out.case(&what, |m: &mut M| {
                let l = m.label();
                m.branch_load(cond, w, b, M::WORD, off, l);
                m.bind(l);
            });
        }
        for (n, &i) in EDGES.iter().enumerate() {
            let off = [8, 8, 8, 32768][n % 4];
            let cond = CONDS[n % 10];
            let what = format!("to l if {w:?} [{} + {off}] {cond:?} {i}", M::name(M::BASE));
            out.case(&what, |m: &mut M| {
                let l = m.label();
                m.branch_load_imm(cond, w, M::BASE, off, i, l);
                m.bind(l);
            });
        }
    }
    for &off in FEW {
        let what = format!("to l if the stack is below [{} + {off}]", M::name(M::STATE));
        out.case(&what, |m: &mut M| {
            let l = m.label();
            m.branch_stack_below(M::STATE, off, l);
            m.bind(l);
        });
    }
}

fn bits<M: Target>(out: &mut Listing) {
    out.heading("branch_bits");
    let [a, b, c] = regs::<M>();
    for w in WIDTHS {
        for (n, &i) in EDGES.iter().enumerate() {
            for x in [a, [b, c][n / 2 % 2]] {
                let cond = [Cond::Eq, Cond::Ne][n % 2];
                let what = format!("to l if {w:?} {} & {i} {cond:?} 0", M::name(x));
                out.case(&what, |m: &mut M| {
                    let l = m.label();
                    m.branch_bits(cond, w, x, i, l);
                    m.bind(l);
                });
            }
        }
    }
}

/// Three different floats.
fn fregs<M: Target>() -> [FReg; 3] {
    [M::FTEMPS[0], M::FTEMPS[7], M::FTEMPS[8]]
}

fn float_moves<M: Target>(out: &mut Listing) {
    out.heading("fmov, fimm, fload, fstore, fload_index, fstore_index");
    let [a, b, c] = fregs::<M>();
    for (d, s) in [(a, b), (c, a), (b, c), (b, b)] {
        out.case(&format!("{} = {}", M::fname(d), M::fname(s)), |m: &mut M| {
            m.fmov(d, s)
        });
    }
    for i in [0.0, -0.0, 1.0, -2.5, 0.1, 1e300, f64::INFINITY, f64::NAN] {
        for d in [a, c] {
            let what = format!("{} = {i:?} = {}", M::fname(d), i.to_bits() as i64);
            out.case(&what, |m: &mut M| m.fimm(d, i));
        }
    }
    for (n, &off) in EDGES.iter().enumerate() {
        let (f, base) = (
            [a, b, c][n % 3],
            [M::BASE, M::FRAME, M::WORD, M::SPREAD[0]][n % 4],
        );
        let (name, place) = (M::fname(f), format!("[{} + {off}]", M::name(base)));
        out.case(&format!("{name} = {place}"), |m: &mut M| m.fload(f, base, off));
        out.case(&format!("{place} = {name}"), |m: &mut M| m.fstore(f, base, off));
    }
    for (n, &index) in M::SPREAD.iter().enumerate() {
        let (f, base) = ([a, b, c][n % 3], [M::BASE, M::FRAME, M::WORD][n % 3]);
        let (name, place) = (
            M::fname(f),
            format!("[{} + ({} << 3)]", M::name(base), M::name(index)),
        );
        out.case(&format!("{name} = {place}"), |m: &mut M| {
            m.fload_index(f, base, index)
        });
        out.case(&format!("{place} = {name}"), |m: &mut M| {
            m.fstore_index(f, base, index)
        });
    }
}

fn floats<M: Target>(out: &mut Listing) {
    out.heading("falu, funary, from_int, to_int, bits, from_bits, fbranch");
    let [a, b, c] = fregs::<M>();
    for op in [Falu::Add, Falu::Sub, Falu::Mul, Falu::Div] {
        for (d, x, y) in [(a, b, c), (c, c, a), (a, b, a), (b, a, a), (c, c, c)] {
            let what = format!("{} = {op:?} {}, {}", M::fname(d), M::fname(x), M::fname(y));
            out.case(&what, |m: &mut M| m.falu(op, d, x, y));
        }
    }
    for op in [Funary::Neg, Funary::Abs, Funary::Sqrt, Funary::Floor] {
        for (d, x) in [(a, a), (a, c), (c, b)] {
            let what = format!("{} = {op:?} {}", M::fname(d), M::fname(x));
            out.case(&what, |m: &mut M| m.funary(op, d, x));
        }
    }
    for (f, r) in [(a, M::SPREAD[0]), (c, M::SPREAD[1]), (b, M::SPREAD[2])] {
        let (f_name, r_name) = (M::fname(f), M::name(r));
        out.case(&format!("{f_name} = float of {r_name}"), |m: &mut M| {
            m.from_int(f, r)
        });
        out.case(&format!("{r_name} = integer of {f_name}"), |m: &mut M| {
            m.to_int(r, f)
        });
        out.case(&format!("{r_name} = bits of {f_name}"), |m: &mut M| m.bits(r, f));
        out.case(&format!("{f_name} = bits {r_name}"), |m: &mut M| {
            m.from_bits(f, r)
        });
    }
    for cond in FCONDS {
        for (x, y) in [(a, b), (c, a)] {
            let what = format!("to l if {} {cond:?} {}", M::fname(x), M::fname(y));
            out.case(&what, |m: &mut M| {
                let l = m.label();
                m.fbranch(cond, x, y, l);
                m.bind(l);
            });
        }
    }
}

fn calls<M: Target>(out: &mut Listing) {
    out.heading("enter, ret, call, tail_call, call_helper, jump_to, entry_from_rust, trap");
    out.case("enter", |m: &mut M| m.enter());
    out.case("ret", |m: &mut M| m.ret());
    for base in [M::STATE, M::SPREAD[1]] {
        for &off in FEW {
            let place = format!("[{} + {off}]", M::name(base));
            out.case(&format!("call {place}"), |m: &mut M| m.call(base, off));
            out.case(&format!("tail call {place}"), |m: &mut M| m.tail_call(base, off));
        }
    }
    for &off in EDGES {
        let what = format!("call helper [{} + {off}]", M::name(M::STATE));
        out.case(&what, |m: &mut M| m.call_helper(off));
    }
    for &r in M::TEMPS {
        out.case(&format!("to {}", M::name(r)), |m: &mut M| m.jump_to(r));
    }
    for status in [8, 32768] {
        let what = format!("entry from Rust, tag to [{} + {status}]", M::name(M::STATE));
        out.case(&what, |m: &mut M| m.entry_from_rust(status));
    }
    out.case("trap", |m: &mut M| m.trap());
}
