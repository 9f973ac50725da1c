//! 4xx: kernel functions and the objects that come with rules of their own.

use super::pages;
use crate::prelude::*;

pages! {
    KFUNC: |f| format!("{} cannot be called here, or not with these arguments.", f.callee());
    DYNPTR: |f| format!("{} is not a dynptr in the state that {} needs.", f.reg(), f.callee());
    ITERATOR: |f| format!("{} is not an iterator in the state that {} needs.", f.reg(), f.callee());
    KPTR: |_| "A kernel pointer inside a map value is used in a way that its declaration does not allow.".into();
    GRAPH: |_| "A list or tree operation breaks the collection's ownership rules.".into();
    TIMER_WQ: |_| "A timer or work queue is used in a way that its map does not allow.".into();
    ARENA: |_| "Arena memory is used in a way that the target does not allow.".into();
    CALLBACK: |_| "A callback is passed, or behaves, in a way that the caller does not allow.".into();
    EXCEPTION: |_| "An exception is thrown, or caught, where the program cannot be unwound.".into();
    OBJ_NEW: |f| format!("{} does not allocate or free an object of the program's own types.", f.callee());
}
