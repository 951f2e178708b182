//! The visitor of the baseline compiler: one method for each opcode, generic or quick. One that is not
//! overridden leaves the instruction to the runtime.

use perilune_bytecode::for_each_live_op;
use perilune_bytecode::ops::Instr;
use perilune_bytecode::quick::LiveOp;

macro_rules! define_emit {
    (quick { $($(#[doc = $qdoc:literal])* $quick:ident $qmethod:ident $generic:ident [$($learned:ident)*];)* }
     $($(#[doc = $doc:literal])* $name:ident $method:ident
        ($a:ident, $b:ident, $c:ident, $d:ident) [$($eff:ident)*];)*) => {
        /// Templates, by opcode.
        pub(super) trait Emit {
            /// Lets the runtime execute the instruction.
            fn step(&mut self, i: Instr);
            $($(#[doc = $doc])* fn $method(&mut self, i: Instr) {
                self.step(i);
            })*
            $($(#[doc = $qdoc])* fn $qmethod(&mut self, i: Instr) {
                self.step(i);
            })*

            /// Emits the instruction `i`, which is `op`.
            fn emit(&mut self, op: LiveOp, i: Instr) {
                match op {
                    $(LiveOp::$name => self.$method(i),)*
                    $(LiveOp::$quick => self.$qmethod(i),)*
                }
            }
        }
    };
}
for_each_live_op!(define_emit);
