//! Checks: is this instruction allowed here, and what does it do.
//!
//! One file per family. A check reads the machine (`&Vm`) and gives a fact or a
//! refusal; it never changes the state.

pub mod access;
pub mod align;
pub mod arg_pointer;
pub mod args;
pub mod arithmetic;
pub mod atomic;
pub mod btf_ctx;
pub mod btf_ptr;
pub mod btf_walk;
pub mod btf_write;
pub mod buffer;
pub mod callee;
pub mod const_str;
pub mod context;
pub mod dead_code;
pub mod dynptr;
pub mod exception;
pub mod graph;
pub mod helper_allowed;
pub mod helper_args;
pub mod helper_ret;
pub mod irq;
pub mod iter;
pub mod jump_table;
pub mod kfunc_allowed;
pub mod kfunc_ret;
pub mod kptr_field;
pub mod leaks;
pub mod legacy_load;
pub mod locks;
pub mod map_args;
pub mod map_load;
pub mod map_value;
pub mod mem_region;
pub mod new_object;
pub mod operand;
pub mod options;
pub mod packet;
pub mod pointer;
pub mod references;
pub mod reg_kind;
pub mod return_value;
pub mod rights;
pub mod secrecy;
pub mod sections;
pub mod single_helpers;
pub mod socket;
pub mod speculation;
pub mod stack;
pub mod stack_depth;
pub mod struct_match;
pub mod subprog_facts;
pub mod tail_call;
