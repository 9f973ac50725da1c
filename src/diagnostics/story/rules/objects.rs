//! Objects that programs allocate, lists and trees of them, pointers in map values.

use super::{callee, made, subject, subject_is};
use crate::abstract_interp::refusal::Key;
use crate::diagnostics::story::{Cause, Scene, Story, Sure};
use crate::prelude::*;

const KPTR: &str = "The kernel counts what is kept in maps: a pointer that is simply overwritten would be lost, or freed twice.";

pub(super) fn tell(scene: &Scene<'_>, key: Key) -> Option<Story> {
    let callee = callee(scene);
    let text = |name: &str| scene.refusal.text(name).unwrap_or_else(|| "?".into());
    let number = |name: &str| scene.refusal.number(name).unwrap_or(0);
    let story = match key {
        Key::KptrStored | Key::UptrStored | Key::KptrImmediate => {
            let expr = scene.expr(scene.insn).map_or_else(|| "this field".into(), |e| format!("`{e}`"));
            if key == Key::UptrStored {
                Story::rule(scene, format!("{expr} is a pointer to memory of user space, which only user space sets."))
                    .advise("set it with `bpf_map_update_elem` in user space; programs read through it")
            } else {
                Story::rule(scene, format!("{expr} is a kernel pointer in a map's value, and is stored to directly."))
                    .because(KPTR)
                    .advise("exchange it: `old = bpf_kptr_xchg(&value->field, new)`, and release `old` unless it is NULL")
            }
        }
        Key::KptrMode => Story::rule(scene, "a kernel pointer in a map's value is accessed by an instruction that is no plain load or store.")
            .because(KPTR)
            .advise("take it out and put it in with `bpf_kptr_xchg`"),
        Key::KptrAbsent if scene.declares_kptr(None) => Story::rule(scene, format!("{} lies in a value that declares no kernel pointer, and {callee} exchanges one.", subject(scene)))
            .because("The source has the tag `__kptr`, but the object's types have not: the compiler dropped it.")
            .by(Cause::Compiler, Sure::High)
            .advise("build with clang 15 or later, which keep type tags"),
        Key::KptrAbsent => Story::rule(scene, format!("{} lies in a value that declares no kernel pointer, and {callee} exchanges one.", subject(scene)))
            .because("Which members are kernel pointers is told by their tag alone.")
            .advise("declare the member with its tag: `struct task_struct __kptr *task;` (a compiler that knows type tags: clang 15 and later)"),
        Key::KptrElsewhere => Story::rule(scene, format!("{} points to byte {} of the value, where no kernel pointer lies.", subject(scene), number("off")))
            .advise("pass the address of the member with `__kptr` (`&value->field`)"),
        Key::KptrUnreferenced => Story::rule(scene, format!("{} is a kernel pointer that keeps no reference (`__kptr_untrusted`), and {callee} exchanges those that do.", subject(scene)))
            .advise("declare the member with `__kptr`, or store to it directly"),
        Key::KptrStoredType | Key::KptrExchangedType => Story::rule(scene, format!("{}, which is not what the field is declared to hold.", subject_is(scene)))
            .because(KPTR)
            .advise("store an object of the field's own type, that the program holds (what an acquiring function or `bpf_obj_new` gave), or NULL"),
        Key::NewNotStruct | Key::NewUntyped | Key::NewTypeId => Story::rule(scene, format!("{callee} is to allocate what is no structure of this program."))
            .because("Objects are of structures that the program's own types declare.")
            .advise("pass a structure: `bpf_obj_new(typeof(struct node))`"),
        Key::NewPercpuSize => Story::rule(scene, format!("{callee} is to allocate {} bytes for each CPU, and {} is the most.", number("size"), number("limit")))
            .advise("use a per-CPU array map, or several smaller objects"),
        Key::NewPercpuPointers | Key::NewPercpuFields => Story::rule(scene, format!("{callee} is to allocate, for each CPU, a structure with pointers or special fields in it."))
            .because("Nothing would release for each CPU what they hold.")
            .advise("keep plain numbers in it only"),
        Key::ObjectInTracing => Story::rule(scene, format!("{callee} allocates, which {} program may not on this target.", super::a_type(scene)))
            .advise("allocate in a program of another type, and hand the object over in a map's `__kptr` field"),
        Key::DropExpected => Story::rule(scene, format!("{}, allocated once, and {callee} frees what was allocated for each CPU.", subject_is(scene)))
            .advise("free it with `bpf_obj_drop`"),
        Key::DropPercpuExpected => Story::rule(scene, format!("{}, allocated for each CPU, and {callee} frees what was allocated once.", subject_is(scene)))
            .advise("free it with `bpf_percpu_obj_drop`"),
        Key::ObjectUnreferenced => Story::rule(scene, format!("{} is not held by the program: {callee} takes an object that is.", subject(scene)))
            .advise("pass what `bpf_obj_new` gave, or what was popped or removed; a node in a list or tree belongs to that"),
        Key::ObjectUnowned => Story::rule(scene, format!("{} is owned by a list or tree, or by nobody, and {callee} takes one that the program owns.", subject(scene)))
            .advise("remove it first (`bpf_list_pop_front`, `bpf_rbtree_remove`), check the result against NULL, and pass that"),
        Key::ObjectUncounted => Story::rule(scene, format!("the type of {} has no `struct bpf_refcount`, and {callee} counts by it.", subject(scene)))
            .advise("put a member `struct bpf_refcount ref;` into the structure"),
        Key::CollectionUntyped => Story::rule(scene, format!("The list or tree that {callee} is given says nothing of what it holds, or names a type that this program does not allocate."))
            .because("Which type the nodes of a list or tree are of is told by a tag of its declaration alone.")
            .advise("say what it holds: `struct bpf_list_head head __contains(node_type, node_member);`, of the type that is allocated"),
        Key::CollectionExpected => Story::rule(scene, format!("{}, and {callee} takes a list head or the root of a tree, in a map's value or an object.", subject_is(scene)))
            .advise("pass the address of the member itself, and say what it holds: `struct bpf_list_head head __contains(node_type, node_member);`"),
        Key::NodeOfNoObject => Story::rule(scene, format!("{}, and {callee} takes a node in an object that the program allocated.", subject_is(scene)))
            .advise("allocate with `bpf_obj_new`, and pass the address of its node (`&object->node`)"),
        Key::NodeElsewhere => Story::rule(scene, format!("{} lies at byte {} of its object, and the node of `struct {}` that is linked lies at byte {}.", subject(scene), number("off"), text("want"), number("expected")))
            .advise("pass the member that `__contains` names"),
        Key::NodeOfOther => Story::rule(scene, format!("{} is a node of `struct {}`, and this list or tree holds `struct {}`.", subject(scene), text("have"), text("want")))
            .advise("use a head or root whose `__contains` names the object's type"),
        Key::NodeReference => Story::rule(scene, format!("{} is held by the program, and {callee} takes a node that a tree holds.", subject(scene)))
            .because("What is removed is in the tree, and belongs to it until then.")
            .advise("pass a node that `bpf_rbtree_first`, `bpf_rbtree_root` or the like gave, under the tree's lock"),
        Key::NodeInCallback => Story::rule(scene, format!("{callee} is called in the function that compares two nodes: it would change the tree that is walked."))
            .advise("take the call out: what compares must only read the two nodes"),
        _ => return None,
    };
    Some(story.after(made(scene)))
}
