//! Function -> bytes.

use super::{
    CHECK, FINGERPRINT, FLAG_TABLE, FLAG_VARARG, FORMAT, KIND_FALSE, KIND_FLOAT, KIND_INT, KIND_NIL,
    KIND_STR, KIND_TRUE, SIGNATURE, UP_IN_STACK, UP_READ_ONLY, VERSION, numbers,
};
use crate::lines::Lines;
use crate::proto::{Const, Proto};
use crate::text::{TextId, Texts};

/// Writes a function; without debug information when `strip` is set.
pub fn write(proto: &Proto, strip: bool) -> Vec<u8> {
    let mut w = Writer {
        out: Vec::new(),
        texts: Numbering::default(),
        strip,
    };
    // Which texts there are, and how often, is known when all has been written once.
    w.function(proto);
    let size = w.out.len();
    w.out.clear();
    w.texts.sort();
    header(&mut w.out, proto);
    w.texts.write(&mut w.out);
    w.out.reserve(size);
    w.function(proto);
    w.out
}

fn header(out: &mut Vec<u8>, proto: &Proto) {
    out.extend_from_slice(SIGNATURE);
    out.extend_from_slice(&[VERSION, FORMAT]);
    out.extend_from_slice(CHECK);
    out.extend_from_slice(&numbers());
    out.extend_from_slice(&FINGERPRINT.to_le_bytes());
    out.push(proto.upvalues.len() as u8);
}

/// The texts of a file. Those that occur often have small numbers, which are short.
#[derive(Default)]
struct Numbering<'a> {
    /// The texts that occur, with the number of times and the entry of `known`.
    texts: Vec<(&'a [u8], u64, (usize, usize))>,
    /// For each table, and each text in it, its number, which is its place in `texts` + 1.
    known: Vec<(&'a Texts, Vec<u64>)>,
}

impl<'a> Numbering<'a> {
    /// The number of a text, which has occurred once more.
    fn number(&mut self, p: &'a Proto, id: TextId) -> u64 {
        let known = self
            .known
            .iter()
            .position(|(texts, _)| std::ptr::eq(*texts, &*p.texts));
        let table = known.unwrap_or_else(|| {
            self.known.push((&p.texts, vec![0; p.texts.len()]));
            self.known.len() - 1
        });
        let Some(number) = self.known[table].1.get_mut(id.index()) else {
            return 0;
        };
        if *number == 0 {
            self.texts.push((p.text(id), 0, (table, id.index())));
            *number = self.texts.len() as u64;
        }
        self.texts[*number as usize - 1].1 += 1;
        *number
    }

    fn sort(&mut self) {
        self.texts.sort_by_key(|&(_, times, _)| std::cmp::Reverse(times));
        for (n, &(_, _, (table, index))) in self.texts.iter().enumerate() {
            self.known[table].1[index] = n as u64 + 1;
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        int(out, self.texts.len() as u64);
        for (text, _, _) in &self.texts {
            int(out, text.len() as u64);
        }
        for (text, _, _) in &self.texts {
            out.extend_from_slice(text);
        }
    }
}

fn int(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

struct Writer<'a> {
    out: Vec<u8>,
    texts: Numbering<'a>,
    strip: bool,
}

impl<'a> Writer<'a> {
    fn int(&mut self, n: u64) {
        int(&mut self.out, n);
    }

    fn zigzag(&mut self, n: i64) {
        self.int(((n << 1) ^ (n >> 63)) as u64);
    }

    fn text(&mut self, p: &'a Proto, id: TextId) {
        let number = self.texts.number(p, id);
        self.int(number);
    }

    fn debug_text(&mut self, p: &'a Proto, id: Option<TextId>) {
        match id {
            Some(id) if !self.strip => self.text(p, id),
            Some(_) | None => self.int(0),
        }
    }

    fn function(&mut self, p: &'a Proto) {
        self.int(u64::from(p.line_defined));
        self.int(u64::from(p.last_line_defined));
        let flags = u8::from(p.is_vararg) * FLAG_VARARG + u8::from(p.vararg_table) * FLAG_TABLE;
        self.out.extend_from_slice(&[p.num_params, flags, p.max_stack]);
        self.int(p.code.len() as u64);
        for i in &p.code {
            self.out.extend_from_slice(&i.0.to_le_bytes());
        }
        self.int(p.consts.len() as u64);
        for k in &p.consts {
            self.constant(p, k);
        }
        self.int(p.upvalues.len() as u64);
        for up in &p.upvalues {
            let flags = u8::from(up.in_stack) * UP_IN_STACK + u8::from(up.read_only) * UP_READ_ONLY;
            self.out.extend_from_slice(&[flags, up.index]);
            self.debug_text(p, up.name);
        }
        self.int(p.protos.len() as u64);
        for child in &p.protos {
            self.function(child);
        }
        self.debug(p);
    }

    fn constant(&mut self, p: &'a Proto, k: &Const) {
        match k {
            Const::Nil => self.out.push(KIND_NIL),
            Const::False => self.out.push(KIND_FALSE),
            Const::True => self.out.push(KIND_TRUE),
            Const::Int(i) => {
                self.out.push(KIND_INT);
                self.zigzag(*i);
            }
            Const::Float(n) => {
                self.out.push(KIND_FLOAT);
                self.out.extend_from_slice(&n.to_bits().to_le_bytes());
            }
            Const::Str(s) => {
                self.out.push(KIND_STR);
                self.text(p, *s);
            }
        }
    }

    fn debug(&mut self, p: &'a Proto) {
        self.debug_text(p, p.source);
        if self.strip {
            // No lines, no local variables.
            self.out.extend_from_slice(&[0, 0]);
            return;
        }
        self.lines(&p.lines);
        self.int(p.locals.len() as u64);
        for var in &p.locals {
            self.text(p, var.name);
            self.int(u64::from(var.start_pc));
            self.int(u64::from(var.end_pc.saturating_sub(var.start_pc)));
            self.out.push(var.reg);
        }
    }

    fn lines(&mut self, lines: &Lines) {
        self.int(lines.steps.len() as u64);
        if lines.is_empty() {
            return;
        }
        self.out.extend_from_slice(&lines.steps);
        self.int(lines.marks.len() as u64);
        let mut last = 0;
        for mark in &lines.marks {
            self.int(u64::from(mark.pc.wrapping_sub(last)));
            self.int(u64::from(mark.line));
            last = mark.pc;
        }
    }
}
