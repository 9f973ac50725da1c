//! Arguments of kfuncs: rules made of prototypes, and the matcher that holds
//! registers against them.
//!
//! What a parameter takes follows from what is fixed: the prototype, the [`tags`]
//! of its name, the kfunc's flags and role. [`of_kfunc`] makes one [`rule::ArgRule`]
//! of them per parameter, once per kfunc. A register is seen as one of few
//! [`shape`]s. [`matcher`] then holds the registers of a call against the rules, and
//! [`purpose`] gathers what each argument tells of the call, as [`facts::Facts`].
//!
//! Soundness: a register passes only by a rule that names its shape; a parameter
//! for which no rule can be made is `Unfit` (refused) or `Unmodelled` (unknown),
//! never let pass.

pub mod facts;
pub mod kfunc;
pub mod matcher;
pub mod object;
pub mod of_kfunc;
pub mod plain_data;
pub mod purpose;
pub mod rule;
pub mod shape;
pub mod tags;
