//! Texts made from other texts, the same for the same seed.
//!
//! Knows no grammar; pieces of the corpus and of a dictionary are put together at random.

/// Pieces that mean something in workflow files, expressions and patterns.
const PIECES: &[&str] = &[
    "${{ ",
    " }}",
    "'",
    "\"",
    "''",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    ",",
    ":",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "\t",
    "#",
    "&a ",
    "*a",
    "!!str ",
    "!!int ",
    "|\n",
    ">-\n",
    "---\n",
    "<<: ",
    "? ",
    "%",
    "\\",
    "\0",
    "\u{feff}",
    "\r",
    "é",
    "日本",
    "\u{1f600}",
    "~",
    "null",
    "true",
    "0x7fffffff",
    "1e308",
    "-0",
    ".inf",
    ".nan",
    "*",
    "**",
    "!",
    "?",
    "+",
    "[a-z]",
    "==",
    "!=",
    "<=",
    "&&",
    "||",
    ".",
    ".*",
    "[0]",
    "github.event.labels.*.name",
    "needs.a.outputs.x",
    "matrix",
    "fromJSON(",
    "toJSON(",
    "format('{0}', ",
    "contains(",
    "join(",
    "case(",
    "hashFiles(",
    "success()",
    "always()",
    "on: push",
    "jobs:",
    "needs: ",
    "if: ",
    "strategy:",
    "matrix:",
    "include:",
    "exclude:",
    "uses: ",
    "run: ",
    "env:",
    "with:",
    "steps:",
    "concurrency: ",
    "environment: ",
    "permissions: ",
    "runs-on: ",
    "cron: '* * * * *'",
    "name: ",
];

/// A small generator of numbers (xorshift), good enough to choose places.
#[derive(Debug)]
pub struct Numbers(u64);

impl Numbers {
    /// Different for each seed, also for neighbours.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`; 0 when there is none.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from((self.0 >> 11) % limit).unwrap_or(0)
    }
}

/// One of `corpus` with a few changes.
#[must_use]
pub fn mutated(corpus: &[String], numbers: &mut Numbers) -> String {
    let mut text = pick(corpus, numbers).clone();
    for _ in 0..=numbers.below(6) {
        change(&mut text, corpus, numbers);
    }
    text
}

fn pick<'a>(corpus: &'a [String], numbers: &mut Numbers) -> &'a String {
    &corpus[numbers.below(corpus.len())]
}

fn piece(numbers: &mut Numbers) -> &'static str {
    PIECES[numbers.below(PIECES.len())]
}

fn change(text: &mut String, corpus: &[String], numbers: &mut Numbers) {
    let (from, to) = range(text, numbers);
    match numbers.below(5) {
        0 => text.insert_str(from, piece(numbers)),
        1 => text.replace_range(from..to, piece(numbers)),
        2 => text.replace_range(from..to, ""),
        3 => {
            let copy = text[from..to].to_owned();
            text.insert_str(to, &copy);
        }
        _ => {
            let other = pick(corpus, numbers);
            let (start, end) = range(other, numbers);
            text.replace_range(from..to, &other[start..end]);
        }
    }
}

/// Two places between characters, not far from each other.
fn range(text: &str, numbers: &mut Numbers) -> (usize, usize) {
    let from = boundary(text, numbers.below(text.len() + 1));
    // Mostly short, sometimes long.
    let scale = [2, 8, 32, 256][numbers.below(4)];
    let length = numbers.below(scale);
    (from, boundary(text, (from + length).min(text.len())))
}

fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
