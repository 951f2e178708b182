//! Function -> bytes.

use super::{
    CHECK, FLAG_TABLE, FLAG_VARARG, FORMAT, KIND_FALSE, KIND_FLOAT, KIND_INT, KIND_NIL, KIND_STR, KIND_TRUE,
    SIGNATURE, UP_IN_STACK, UP_READ_ONLY, VERSION, fingerprint, numbers,
};
use crate::lines::Lines;
use crate::proto::{Const, Proto};
use crate::text::TextId;
use std::collections::HashMap;

/// Writes a function; without debug information when `strip` is set.
pub fn write(proto: &Proto, strip: bool) -> Vec<u8> {
    let mut body = Writer {
        out: Vec::new(),
        texts: Vec::new(),
        numbers: HashMap::new(),
        strip,
    };
    body.function(proto);
    let mut out = Vec::with_capacity(body.out.len() + 64);
    out.extend_from_slice(SIGNATURE);
    out.extend_from_slice(&[VERSION, FORMAT]);
    out.extend_from_slice(CHECK);
    out.extend_from_slice(&numbers());
    out.extend_from_slice(&fingerprint().to_le_bytes());
    out.push(proto.upvalues.len() as u8);
    int(&mut out, body.texts.len() as u64);
    for text in &body.texts {
        int(&mut out, text.len() as u64);
    }
    out.extend(body.texts.iter().copied().flatten());
    out.extend_from_slice(&body.out);
    out
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
    /// Texts that have occurred.
    texts: Vec<&'a [u8]>,
    /// Their numbers, which count from 1.
    numbers: HashMap<&'a [u8], u64>,
    strip: bool,
}

impl<'a> Writer<'a> {
    fn int(&mut self, n: u64) {
        int(&mut self.out, n);
    }

    fn zigzag(&mut self, n: i64) {
        self.int(((n << 1) ^ (n >> 63)) as u64);
    }

    fn text(&mut self, text: &'a [u8]) {
        let next = self.texts.len() as u64 + 1;
        let number = *self.numbers.entry(text).or_insert(next);
        if number == next {
            self.texts.push(text);
        }
        self.int(number);
    }

    fn debug_text(&mut self, p: &'a Proto, id: Option<TextId>) {
        match p.optional_text(id) {
            Some(text) if !self.strip => self.text(text),
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
                self.text(p.text(*s));
            }
        }
    }

    fn debug(&mut self, p: &'a Proto) {
        self.debug_text(p, p.source);
        if self.strip {
            // No lines, no marks, no local variables.
            self.out.extend_from_slice(&[0, 0, 0]);
            return;
        }
        self.lines(&p.lines);
        self.int(p.locals.len() as u64);
        for var in &p.locals {
            self.text(p.text(var.name));
            self.int(u64::from(var.start_pc));
            self.int(u64::from(var.end_pc.saturating_sub(var.start_pc)));
            self.out.push(var.reg);
        }
    }

    fn lines(&mut self, lines: &Lines) {
        self.int(lines.steps.len() as u64);
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
