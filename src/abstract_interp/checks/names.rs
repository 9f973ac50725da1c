//! How the kernel's log names what a register holds.

use crate::abstract_interp::value::Reg;

/// The name of a register's type, as in `invalid mem access 'map_value_or_null'`.
pub fn type_name(reg: &Reg) -> String {
    reg.type_name()
}

/// A partly known number as the log writes it: `(0x0; 0xff)`, or its decimal
/// value when it is known.
pub fn tnum_name(value: u64, mask: u64) -> String {
    if mask == 0 { format!("{}", value as i64) } else { format!("({value:#x}; {mask:#x})") }
}
