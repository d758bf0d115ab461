//! What was measured, as rows with a median, a spread and a ratio to the first row.

/// What a figure is held against.
#[derive(Clone, Copy, Debug)]
pub(super) enum Goal {
    None,
    /// The first contender's median is at least so many times this one's.
    TimesAsFast(f64),
    /// This contender's median.
    AtMost(f64),
}

#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<[String; 5]>,
}

impl Table {
    /// One row for each contender; the first is ours.
    pub(super) fn add(&mut self, what: &str, names: &[&str], figures: &[Vec<f64>], goals: &[Goal]) {
        let ours = figures.first().map_or(f64::NAN, |figures| median(figures));
        self.rows.push([what.into(), String::new(), String::new(), String::new(), String::new()]);
        for ((name, figures), goal) in names.iter().zip(figures).zip(goals) {
            let middle = median(figures);
            let (ratio, goal) = match goal {
                Goal::None => (String::new(), String::new()),
                Goal::TimesAsFast(times) => (
                    format!("{:.1}x", ours / middle),
                    verdict(&format!("at least {times}x"), ours / middle >= *times),
                ),
                Goal::AtMost(most) => {
                    (String::new(), verdict(&format!("at most {most}"), middle <= *most))
                }
            };
            let (least, most) = spread(figures);
            let spread = format!("{} to {}", rounded(least), rounded(most));
            self.rows.push([format!("  {name}"), rounded(middle), spread, ratio, goal]);
        }
    }

    pub(super) fn print(&self) {
        let head = ["", "median", "spread", "ours is", "goal"].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(&head).chain(&self.rows).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
        for row in &rows {
            let cells: Vec<_> = row
                .iter()
                .enumerate()
                .map(|(column, cell)| {
                    let width = if column == 0 && row[1].is_empty() {
                        0
                    } else {
                        width(column).unwrap_or(0)
                    };
                    match column {
                        0 | 4 => format!("{cell:width$}"),
                        _ => format!("{cell:>width$}"),
                    }
                })
                .collect();
            println!("{}", cells.join("  ").trim_end());
        }
    }
}

fn verdict(goal: &str, is_met: bool) -> String {
    format!("{goal}: {}", if is_met { "met" } else { "MISSED" })
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn spread(figures: &[f64]) -> (f64, f64) {
    let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
    (least, figures.iter().copied().fold(0.0, f64::max))
}

/// Whole numbers, and a decimal for small ones.
fn rounded(figure: f64) -> String {
    if figure < 100.0 { format!("{figure:.1}") } else { format!("{figure:.0}") }
}
