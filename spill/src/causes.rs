use std::error::Error;

/// Text of the error and of its causes, outermost first. A cause whose text is already contained is skipped.
pub fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    for cause in std::iter::successors(error.source(), |&cause| cause.source()) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.extend([": ", &cause]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Caused {
        text: &'static str,
        source: Option<Box<Caused>>,
    }

    #[test]
    fn each_cause_is_said_once() {
        let chain = ["connect: refused", "refused", "no route", "no route"];
        let error = chain
            .into_iter()
            .rev()
            .fold(None, |source, text| Some(Box::new(Caused { text, source })));
        assert_eq!(causes(&*error.unwrap()), "connect: refused: no route");
    }
}
