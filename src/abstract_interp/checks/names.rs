//! How the kernel's log names what a register holds.

use crate::abstract_interp::value::Reg;

/// The name of a register's type, as in `invalid mem access 'map_value_or_null'`.
pub fn type_name(reg: &Reg) -> String {
    reg.type_name()
}

/// A partly known number as the log writes it: `(0x0; 0xff)`, or its value when it
/// is known (in decimal if it is small).
pub fn tnum_name(value: u64, mask: u64) -> String {
    match (mask, value) {
        (0, 0..=0xffff) => format!("{value}"),
        (0, _) => format!("{value:#x}"),
        _ => format!("({value:#x}; {mask:#x})"),
    }
}
