//! A figure, and how much it varied from round to round.

use std::fmt;

use serde_json::{Value, json};

/// The median of the rounds, the lowest and the highest.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// The spread of at least one figure.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let at = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
        let last = figures.len().saturating_sub(1);
        Self {
            median: f64::midpoint(at(last / 2), at(last.div_ceil(2))),
            min: at(0),
            max: at(last),
        }
    }

    pub(crate) fn to_json(self) -> Value {
        json!({ "median": self.median, "min": self.min, "max": self.max })
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        let Self { median, min, max } = self;
        write!(f, "{median:.digits$} ({min:.digits$}–{max:.digits$})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_of_the_sorted_figures() {
        let of = |figures: &[f64]| Spread::of(figures.iter().copied());

        assert_eq!(of(&[3.0, 1.0, 2.0]).to_string(), "2.00 (1.00–3.00)");
        assert_eq!(of(&[4.0, 1.0, 2.0, 3.0]).to_string(), "2.50 (1.00–4.00)");
        assert_eq!(of(&[5.0]).to_string(), "5.00 (5.00–5.00)");
    }
}
