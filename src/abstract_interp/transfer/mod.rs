//! Transfer: what an allowed instruction does to the state.

pub mod alu;
pub mod atomic;
pub mod branch;
pub mod call;
pub mod dynptr;
pub mod gotox;
pub mod imm64;
pub mod irq;
pub mod iter;
pub mod kfunc;
pub mod ld_abs;
pub mod locks;
pub mod mem;
pub mod pointer;
pub mod refs;
pub mod sections;
pub mod speculation;
pub mod stack;
pub mod subprog;

#[cfg(test)]
mod tests;
