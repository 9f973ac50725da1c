//! `cfg`: control flow graphs as dot, mermaid or svg.

use super::args::{CfgArgs, CfgFormat};
use super::console::complain;
use super::{Failure, dump, exit, inputs, output, spend};
use crate::cfg::{self, CfgRules, NoFacts};
use crate::diagnostics::ProgramNames;
use crate::programs::decode_with;

/// Runs the verb.
pub(super) fn run(args: &CfgArgs) -> Result<u8, Failure> {
    let mut out = String::new();
    let mut code = exit::CLEAN;
    let target = inputs::first_target(&args.open)?;
    let rules = CfgRules::of_target(&target);
    let budget = spend::alone(&args.limits);
    let mut account = budget.open_all();
    for program in dump::open(&args.object, &args.open, &budget)? {
        if let Err(ended) = account.hold(out.len() as u64) {
            return dump::cut_short(&out, ended);
        }
        let ops = decode_with(&program.insns, &rules.isa);
        let graph = match cfg::analyze(&program.insns, &ops, &NoFacts, &rules) {
            Ok(graph) => graph,
            Err(fault) => {
                complain!("{}: no control flow graph: {fault}", program.name);
                code = exit::FINDINGS;
                continue;
            }
        };
        let subprogs: Vec<usize> = (0..graph.subprogs().len()).collect();
        let names = ProgramNames(&program);
        out.push_str(&match args.format {
            CfgFormat::Dot => cfg::dot(&graph, &ops, &subprogs, &names),
            CfgFormat::Mermaid => cfg::mermaid(&graph, &ops, &subprogs, &names),
            CfgFormat::Svg => cfg::svg(&graph, &ops, &subprogs, &names),
        });
    }
    output::write(&out, None)?;
    Ok(code)
}
