//! Collected figures: each printed as a line of a table, and all of them as JSON.

/// Figures measured so far.
#[derive(Default)]
pub(crate) struct Figures(Vec<(String, f64, &'static str)>);

impl Figures {
    /// Prints a figure and keeps it.
    pub(crate) fn add(&mut self, what: impl Into<String>, number: f64, unit: &'static str) {
        let what = what.into();
        println!("{what:<72} {number:>12.2} {unit}");
        self.0.push((what, number, unit));
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        let figure = |(what, number, unit): &(String, f64, &str)| serde_json::json!({ "what": what, "number": number, "unit": unit });
        self.0.iter().map(figure).collect()
    }
}

/// Median of the numbers.
pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
