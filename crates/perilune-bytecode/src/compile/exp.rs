//! Expression descriptors: what an expression's value is before it is in a register.

use super::func::{ConstKey, NO_JUMP, NO_REG};
use super::{CResult, Compiler};
use crate::ops::Op;
use crate::proto::Const;
use perilune_syntax::ast::Symbol;

/// Where the value of an expression is, or how it is got. The tag is as wide as what stands beside it, so
/// that copies are made of whole words.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// No expression: an empty list.
    Void,
    Nil,
    True,
    False,
    Int(i64),
    Float(f64),
    Str(Symbol),
    /// A constant of the constant table.
    Const(u32),
    /// In this register, a temporary or a variable.
    Fixed(u8),
    /// The local variable in this register.
    Local(u8),
    /// This upvalue.
    Upvalue(u8),
    /// The vararg parameter, in this register, that has no table.
    VarargParam(u8),
    /// The field `key` of the table in an upvalue.
    UpvalueField {
        table: u8,
        key: u32,
    },
    /// The field `key` of the table in a register.
    Field {
        table: u8,
        key: u32,
    },
    /// The element `key` of the table in a register.
    IntIndex {
        table: u8,
        key: i32,
    },
    /// Element of the table in a register, the key in another.
    Index {
        table: u8,
        key: u8,
    },
    /// Element of the vararg parameter without a table, the key in a register.
    VarargIndex {
        table: u8,
        key: u8,
    },
    /// A comparison: the jump here is taken when it holds.
    Jump(usize),
    /// The instruction here can put its result in any register.
    Pending(usize),
    /// The call here, adjusted to one result so far.
    Call(usize),
    /// The `VARARG` here.
    Varargs(usize),
}

/// An expression: its value, and jumps out of it that leave while it is known to be true or false.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exp {
    pub(super) kind: Kind,
    /// Jumps taken when it is true.
    pub(super) on_true: i32,
    /// Jumps taken when it is false.
    pub(super) on_false: i32,
}

impl From<Kind> for Exp {
    fn from(kind: Kind) -> Exp {
        Exp {
            kind,
            on_true: NO_JUMP,
            on_false: NO_JUMP,
        }
    }
}

impl Exp {
    pub(super) fn has_jumps(&self) -> bool {
        self.on_true != self.on_false
    }

    /// It can give any number of values.
    pub(super) fn is_multi(&self) -> bool {
        matches!(self.kind, Kind::Call(_) | Kind::Varargs(_))
    }

    /// It is a place in a table.
    pub(super) fn is_indexed(&self) -> bool {
        matches!(
            self.kind,
            Kind::UpvalueField { .. }
                | Kind::Field { .. }
                | Kind::IntIndex { .. }
                | Kind::Index { .. }
                | Kind::VarargIndex { .. }
        )
    }

    /// The register of a value that has one.
    pub(super) fn fixed(&self) -> Option<u8> {
        match self.kind {
            Kind::Fixed(reg) => Some(reg),
            _ => None,
        }
    }
}

impl Compiler<'_, '_> {
    /// Frees the register that holds the value, if it is a temporary.
    pub(super) fn release_exp(&mut self, e: &Exp) {
        if let Some(reg) = e.fixed() {
            self.fs.release(reg);
        }
    }

    /// Frees the registers of two values in the right order.
    pub(super) fn release_exps(&mut self, a: &Exp, b: &Exp) {
        match (a.fixed(), b.fixed()) {
            (Some(x), Some(y)) => self.fs.release_both(x, y),
            (Some(x), None) | (None, Some(x)) => self.fs.release(x),
            (None, None) => {}
        }
    }

    /// Makes a call or `...` give `n` results.
    pub(super) fn set_results(&mut self, e: &Exp, n: u32) -> CResult {
        self.check_limit(n + 1, 255, "multiple results")?;
        self.set_count(e, n as u8 + 1)
    }

    /// Makes a call or `...` give all its results.
    pub(super) fn set_open(&mut self, e: &Exp) -> CResult {
        self.set_count(e, 0)
    }

    fn set_count(&mut self, e: &Exp, c: u8) -> CResult {
        match e.kind {
            Kind::Call(pc) => self.fs.set_c(pc, c),
            Kind::Varargs(pc) => {
                self.fs.set_c(pc, c);
                self.fs.set_a(pc, self.fs.free);
                self.reserve(1)?;
            }
            _ => debug_assert!(false, "not a multiple value"),
        }
        Ok(())
    }

    /// Makes a call or `...` give one result.
    pub(super) fn set_one_result(&mut self, e: &mut Exp) {
        match e.kind {
            Kind::Call(pc) => e.kind = Kind::Fixed(self.fs.code[pc].a()),
            Kind::Varargs(pc) => {
                self.fs.set_c(pc, 2);
                e.kind = Kind::Pending(pc);
            }
            _ => {}
        }
    }

    /// Turns a variable or a place in a table into a value.
    pub(super) fn discharge_vars(&mut self, e: &mut Exp) {
        match e.kind {
            Kind::Local(reg) | Kind::VarargParam(reg) => e.kind = Kind::Fixed(reg),
            Kind::Call(_) | Kind::Varargs(_) => self.set_one_result(e),
            Kind::Upvalue(up) => self.pending(e, Op::GETUPVAL, up, 0, 0),
            Kind::UpvalueField { table, key } => self.pending(e, Op::GETTABUP, table, 0, key as i32),
            Kind::Field { table, key } => {
                self.fs.release(table);
                self.pending(e, Op::GETFIELD, table, 0, key as i32);
            }
            Kind::IntIndex { table, key } => {
                self.fs.release(table);
                self.pending(e, Op::GETINT, table, 0, key);
            }
            Kind::Index { table, key } => {
                self.fs.release_both(table, key);
                self.pending(e, Op::GETINDEX, table, key, 0);
            }
            Kind::VarargIndex { table, key } => {
                self.fs.release_both(table, key);
                self.pending(e, Op::GETVARG, 0, key, 0);
            }
            Kind::Void
            | Kind::Nil
            | Kind::True
            | Kind::False
            | Kind::Int(_)
            | Kind::Float(_)
            | Kind::Str(_)
            | Kind::Const(_)
            | Kind::Fixed(_)
            | Kind::Jump(_)
            | Kind::Pending(_) => {}
        }
    }

    fn pending(&mut self, e: &mut Exp, op: Op, b: u8, c: u8, d: i32) {
        e.kind = Kind::Pending(self.emit(op, 0, b, c, d));
    }

    /// Puts the value in `reg`, except for jumps.
    fn discharge_to(&mut self, e: &mut Exp, reg: u8) {
        self.discharge_vars(e);
        match e.kind {
            Kind::Nil => self.load_nil(reg, 1),
            Kind::True => {
                self.emit(Op::LOADTRUE, reg, 0, 0, 0);
            }
            Kind::False => {
                self.emit(Op::LOADFALSE, reg, 0, 0, 0);
            }
            Kind::Int(i) => self.load_int(reg, i),
            Kind::Float(n) => self.load_float(reg, n),
            Kind::Str(s) => {
                let k = self.str_constant(s);
                self.emit(Op::LOADK, reg, 0, 0, k as i32);
            }
            Kind::Const(k) => {
                self.emit(Op::LOADK, reg, 0, 0, k as i32);
            }
            Kind::Pending(pc) => self.fs.set_a(pc, reg),
            Kind::Fixed(from) if from == reg => {}
            Kind::Fixed(from) => {
                self.emit(Op::MOVE, reg, from, 0, 0);
            }
            Kind::Jump(_) => return,
            Kind::Void
            | Kind::Local(_)
            | Kind::Upvalue(_)
            | Kind::VarargParam(_)
            | Kind::UpvalueField { .. }
            | Kind::Field { .. }
            | Kind::IntIndex { .. }
            | Kind::Index { .. }
            | Kind::VarargIndex { .. }
            | Kind::Call(_)
            | Kind::Varargs(_) => debug_assert!(false, "discharged already"),
        }
        e.kind = Kind::Fixed(reg);
    }

    /// Puts the value in some register, except for jumps.
    pub(super) fn discharge_to_any(&mut self, e: &mut Exp) -> CResult<u8> {
        if let Some(reg) = e.fixed() {
            return Ok(reg);
        }
        self.reserve(1)?;
        let reg = self.fs.free - 1;
        self.discharge_to(e, reg);
        Ok(reg)
    }

    /// Puts the final value in `reg`, jumps included.
    pub(super) fn put_in(&mut self, e: &mut Exp, reg: u8) {
        self.discharge_to(e, reg);
        if let Kind::Jump(pc) = e.kind {
            self.fs.push_jump(&mut e.on_true, pc as i32);
        }
        if e.has_jumps() {
            self.land_jumps(e, reg);
        }
        *e = Exp::from(Kind::Fixed(reg));
    }

    /// Sends the jumps of an expression to where its value in `reg` is used, by way of
    /// instructions that load a boolean for those that do not bring a value along.
    fn land_jumps(&mut self, e: &mut Exp, reg: u8) {
        let falls_false = matches!(e.kind, Kind::Jump(_));
        let need_true = self.fs.needs_value(e.on_true);
        let need_false = falls_false || self.fs.needs_value(e.on_false);
        let (mut load_false, mut load_true) = (0, 0);
        if need_true || need_false {
            let mut skip = if falls_false { NO_JUMP } else { self.jump() };
            if need_false {
                load_false = self.fs.label_here();
                self.emit(Op::LOADFALSE, reg, 0, 0, 0);
            }
            if need_true {
                if need_false {
                    let jump = self.jump();
                    self.fs.push_jump(&mut skip, jump);
                }
                load_true = self.fs.label_here();
                self.emit(Op::LOADTRUE, reg, 0, 0, 0);
            }
            self.fs.patch_here(skip);
        }
        let end = self.fs.label_here();
        self.fs.patch(e.on_false, end, reg, load_false);
        self.fs.patch(e.on_true, end, reg, load_true);
    }

    /// Puts the value in the next free register.
    pub(super) fn put_next(&mut self, e: &mut Exp) -> CResult<u8> {
        self.discharge_vars(e);
        self.release_exp(e);
        self.reserve(1)?;
        let reg = self.fs.free - 1;
        self.put_in(e, reg);
        Ok(reg)
    }

    /// Puts the value in some register, the one where it is if it can stay.
    pub(super) fn put_any(&mut self, e: &mut Exp) -> CResult<u8> {
        self.discharge_vars(e);
        if let Some(reg) = e.fixed() {
            if !e.has_jumps() {
                return Ok(reg);
            }
            if reg >= self.fs.var_level() {
                self.put_in(e, reg);
                return Ok(reg);
            }
        }
        self.put_next(e)
    }

    /// Makes the value one that can be indexed: in a register, an upvalue or the vararg parameter.
    pub(super) fn make_indexable(&mut self, e: &mut Exp) -> CResult {
        let stays = matches!(e.kind, Kind::Upvalue(_) | Kind::VarargParam(_)) && !e.has_jumps();
        if !stays {
            self.put_any(e)?;
        }
        Ok(())
    }

    /// Makes the expression a value: in a register, pending or constant.
    pub(super) fn make_value(&mut self, e: &mut Exp) -> CResult {
        if matches!(e.kind, Kind::Jump(_)) || e.has_jumps() {
            self.put_any(e)?;
        } else {
            self.discharge_vars(e);
        }
        Ok(())
    }

    /// The index of the value in the constant table, if it is a constant.
    pub(super) fn const_index(&mut self, e: &Exp) -> Option<u32> {
        if e.has_jumps() {
            return None;
        }
        match e.kind {
            Kind::Nil => Some(self.fs.constant(ConstKey::Nil, || Const::Nil)),
            Kind::True => Some(self.fs.constant(ConstKey::True, || Const::True)),
            Kind::False => Some(self.fs.constant(ConstKey::False, || Const::False)),
            Kind::Int(i) => Some(self.fs.constant(ConstKey::Int(i), || Const::Int(i))),
            Kind::Float(n) => Some(self.float_constant(n)),
            Kind::Str(s) => Some(self.str_constant(s)),
            Kind::Const(k) => Some(k),
            _ => None,
        }
    }

    /// The index of the value in the constant table, if it is a constant with an index that fits
    /// in a byte; the expression is then that constant.
    pub(super) fn byte_const(&mut self, e: &mut Exp) -> Option<u8> {
        let index = self.const_index(e)?;
        let byte = u8::try_from(index).ok()?;
        e.kind = Kind::Const(index);
        Some(byte)
    }

    /// The place `t[key]`; `t` is indexable and `key` a value.
    pub(super) fn index(&mut self, t: &mut Exp, key: &mut Exp) -> CResult {
        let name = match key.kind {
            Kind::Str(s) if !key.has_jumps() => Some(self.str_constant(s)),
            _ => None,
        };
        if let (Kind::Upvalue(table), Some(key)) = (t.kind, name) {
            t.kind = Kind::UpvalueField { table, key };
            return Ok(());
        }
        if let Kind::VarargParam(table) = t.kind {
            let key = self.put_any(key)?;
            t.kind = Kind::VarargIndex { table, key };
            return Ok(());
        }
        let table = self.put_any(t)?;
        t.kind = match (name, key.kind) {
            (Some(key), _) => Kind::Field { table, key },
            (None, Kind::Int(i)) if !key.has_jumps() && i32::try_from(i).is_ok() => {
                Kind::IntIndex { table, key: i as i32 }
            }
            (None, _) => Kind::Index {
                table,
                key: self.put_any(key)?,
            },
        };
        Ok(())
    }

    /// Assigns the value to the variable or place.
    pub(super) fn store(&mut self, var: &Exp, e: &mut Exp) -> CResult {
        match var.kind {
            Kind::Local(reg) => {
                self.discharge_vars(e);
                self.release_exp(e);
                self.put_in(e, reg);
                return Ok(());
            }
            Kind::Upvalue(up) => {
                let reg = self.put_any(e)?;
                self.emit(Op::SETUPVAL, reg, up, 0, 0);
            }
            Kind::UpvalueField { table, key } => {
                let reg = self.put_any(e)?;
                self.emit(Op::SETTABUP, reg, table, 0, key as i32);
            }
            Kind::Field { table, key } => {
                self.store_in(e, [Op::SETFIELD, Op::SETFIELDK], table, 0, key as i32)?;
            }
            Kind::IntIndex { table, key } => {
                self.store_in(e, [Op::SETINT, Op::SETINTK], table, 0, key)?;
            }
            Kind::Index { table, key } | Kind::VarargIndex { table, key } => {
                self.store_in(e, [Op::SETINDEX, Op::SETINDEXK], table, key, 0)?;
            }
            Kind::Void
            | Kind::Nil
            | Kind::True
            | Kind::False
            | Kind::Int(_)
            | Kind::Float(_)
            | Kind::Str(_)
            | Kind::Const(_)
            | Kind::Fixed(_)
            | Kind::VarargParam(_)
            | Kind::Jump(_)
            | Kind::Pending(_)
            | Kind::Call(_)
            | Kind::Varargs(_) => debug_assert!(false, "not assignable"),
        }
        self.release_exp(e);
        Ok(())
    }

    /// Stores a register or a constant in a table.
    fn store_in(&mut self, e: &mut Exp, [op, op_const]: [Op; 2], a: u8, b: u8, d: i32) -> CResult {
        match self.byte_const(e) {
            Some(k) => self.emit(op_const, a, b, k, d),
            None => {
                let reg = self.put_any(e)?;
                self.emit(op, a, b, reg, d)
            }
        };
        Ok(())
    }

    /// `e:name(`: the method in the next register, the object behind it.
    pub(super) fn method(&mut self, e: &mut Exp, name: Symbol) -> CResult<u8> {
        let object = self.put_any(e)?;
        self.release_exp(e);
        let base = self.fs.free;
        self.reserve(2)?;
        let k = self.str_constant(name);
        self.emit(Op::SELF, base, object, 0, k as i32);
        *e = Exp::from(Kind::Fixed(base));
        Ok(base)
    }

    /// Inverts the comparison whose jump is at `pc`.
    pub(super) fn negate(&mut self, pc: usize) {
        let c = self.fs.code[pc].c();
        self.fs.set_c(pc, c ^ 1);
    }

    /// Emits a jump that is taken when the truth of `e` is `cond`.
    fn jump_if(&mut self, e: &mut Exp, cond: bool) -> CResult<i32> {
        if let Kind::Pending(pc) = e.kind {
            let i = self.fs.code[pc];
            if i.op() == Op::NOT {
                self.fs.remove_last();
                return Ok(self.emit(Op::TEST, i.b(), 0, u8::from(!cond), NO_JUMP) as i32);
            }
        }
        let reg = self.discharge_to_any(e)?;
        self.release_exp(e);
        Ok(self.emit(Op::TESTSET, NO_REG, reg, u8::from(cond), NO_JUMP) as i32)
    }

    /// Goes on if `e` is true, else jumps.
    pub(super) fn go_if_true(&mut self, e: &mut Exp) -> CResult {
        self.discharge_vars(e);
        let jump = match e.kind {
            Kind::Jump(pc) => {
                self.negate(pc);
                pc as i32
            }
            Kind::Const(_) | Kind::Float(_) | Kind::Int(_) | Kind::Str(_) | Kind::True => NO_JUMP,
            _ => self.jump_if(e, false)?,
        };
        self.fs.push_jump(&mut e.on_false, jump);
        self.fs.patch_here(e.on_true);
        e.on_true = NO_JUMP;
        Ok(())
    }

    /// Goes on if `e` is false, else jumps.
    pub(super) fn go_if_false(&mut self, e: &mut Exp) -> CResult {
        self.discharge_vars(e);
        let jump = match e.kind {
            Kind::Jump(pc) => pc as i32,
            Kind::Nil | Kind::False => NO_JUMP,
            _ => self.jump_if(e, true)?,
        };
        self.fs.push_jump(&mut e.on_true, jump);
        self.fs.patch_here(e.on_false);
        e.on_false = NO_JUMP;
        Ok(())
    }

    /// Compiles a condition's jump; the result is the list of jumps taken when it is false.
    pub(super) fn condition(&mut self, mut e: Exp) -> CResult<i32> {
        self.discharge_vars(&mut e);
        if matches!(e.kind, Kind::Nil | Kind::False) && !e.has_jumps() {
            return Ok(self.jump());
        }
        if e.kind == Kind::Nil {
            e.kind = Kind::False;
        }
        self.go_if_true(&mut e)?;
        Ok(e.on_false)
    }
}
