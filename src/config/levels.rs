//! Which level a rule has for a program.

use super::file::{Config, ProgramTable};
use super::{Budget, Level, Resource, Selector};
use crate::rules::{Rule, RuleKind, Severity};

/// Levels by selector, as one place (a table, the command line) gives them.
#[derive(Clone, Debug, Default)]
pub struct Levels(Vec<(Selector, Level)>);

impl Levels {
    /// Adds a level.
    pub fn push(&mut self, selector: Selector, level: Level) {
        self.0.push((selector, level));
    }

    /// The level of a rule: the selector that says most decides; of equals, the
    /// stricter level.
    pub fn of(&self, rule: &Rule) -> Option<(Selector, Level)> {
        self.0
            .iter()
            .filter(|(s, _)| s.covers(rule))
            .copied()
            .max_by_key(|(s, level)| (s.rank(), *level))
    }
}

/// What the command line says of rules.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `-A`, `-W`, `-D`.
    pub levels: Levels,
    /// `--max-growth`, in percent.
    pub max_growth: Option<f64>,
}

/// A configuration with what the command line adds.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The file's.
    pub config: Config,
    /// The command line's.
    pub flags: Flags,
}

impl Settings {
    /// The `[program."..."]` tables of a program, nearest first.
    pub fn tables(&self, program: Option<&str>) -> Vec<&ProgramTable> {
        let Some(program) = program else {
            return Vec::new();
        };
        let mut tables: Vec<&ProgramTable> = self
            .config
            .programs
            .iter()
            .filter(|t| t.name.matches(program))
            .collect();
        tables.sort_by(|a, b| {
            let by_rank = b.name.rank().cmp(&a.name.rank());
            by_rank.then_with(|| a.name.text().cmp(b.name.text()))
        });
        tables
    }

    /// The severity of a rule for a program; none if it is off. `own` is what
    /// the finding has by itself.
    pub fn severity(&self, rule: &Rule, program: Option<&str>, own: Severity) -> Option<Severity> {
        if let Some((_, level)) = self.flags.levels.of(rule) {
            return level.severity();
        }
        for table in self.tables(program) {
            if let Some((_, level)) = table.levels.of(rule) {
                return level.severity();
            }
        }
        let config = &self.config;
        let set = config.levels.of(rule);
        if rule.kind != RuleKind::Rejection {
            let strongest = |list: &[Selector]| {
                let covering = list.iter().filter(|s| s.covers(rule));
                covering.map(|s| s.rank()).max()
            };
            let by_name = set.map(|(s, _)| s.rank());
            let ignored = strongest(&config.ignore);
            let selected = config.select.as_deref().map(strongest);
            if ignored.is_some() && ignored >= by_name && ignored >= selected.flatten() {
                return None;
            }
            let named = matches!(set, Some((Selector::Rule(_), _)));
            if rule.kind == RuleKind::Lint && selected == Some(None) && !named {
                return None;
            }
        }
        match set {
            Some((_, level)) => level.severity(),
            None => Some(own),
        }
    }

    /// What a check looks at beside what its report is judged by afterwards: the policy, and
    /// what lints count by. A text that is the same for the same.
    pub fn while_checking(&self) -> String {
        let config = &self.config;
        let bounded = config.budget.get(Resource::MapMemory).is_some();
        let tables = config.programs.iter();
        let places: String = [("", &config.policy)]
            .into_iter()
            .chain(tables.map(|t| (t.name.text(), &t.policy)))
            .map(|(name, policy)| format!(" {name:?} {policy}"))
            .collect();
        format!("cpus {} map-memory {bounded}{places}", config.cpus)
    }

    /// Whether any call may be denied.
    pub fn has_policy(&self) -> bool {
        let tables = self.config.programs.iter().map(|t| &t.policy);
        let mut places = tables.chain([&self.config.policy]);
        places.any(|p| !p.deny.is_empty())
    }

    /// The budget of a program.
    pub fn budget(&self, program: &str) -> Budget {
        self.tables(Some(program))
            .into_iter()
            .map(|t| t.budget)
            .chain([self.config.budget])
            .fold(Budget::default(), Budget::or)
    }

    /// Growth that is let pass, in percent.
    pub fn max_growth(&self) -> f64 {
        let config = self.config.growth;
        self.flags
            .max_growth
            .or(config)
            .unwrap_or(super::baseline::GROWTH)
    }
}
