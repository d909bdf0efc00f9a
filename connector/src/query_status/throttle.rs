//! Reduced rate of calls while a service throttles: additive increase, multiplicative decrease, as in
//! `com.amazonaws.athena.connector.lambda.ThrottlingInvoker`.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Parameters of the delay before each call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThrottleLimits {
    /// Delay after the first throttled call.
    pub initial_delay: Duration,
    /// Maximum delay.
    pub max_delay: Duration,
    /// Divisor of the delay after a throttled call, in `0.001..=1`.
    pub decrease_factor: f64,
    /// Reduction of the delay after a successful call.
    pub increase: Duration,
}

impl Default for ThrottleLimits {
    fn default() -> Self {
        Self {
            initial_delay: Duration::from_millis(10),
            max_delay: Duration::from_secs(1),
            decrease_factor: 0.5,
            increase: Duration::from_millis(10),
        }
    }
}

/// Delays calls; all calls of a container share one delay.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    limits: ThrottleLimits,
    delay: Mutex<Duration>,
}

impl Throttle {
    pub(super) fn new(limits: ThrottleLimits) -> Self {
        Self {
            limits,
            delay: Mutex::default(),
        }
    }

    /// Makes the call, and repeats it after a longer delay as long as it is throttled. Returns any other
    /// result.
    pub(super) async fn call<T, E, F>(
        &self,
        call: impl Fn() -> F,
        is_refusal: impl Fn(&E) -> bool,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        loop {
            let delay = self.change(|delay| delay);
            tokio::time::sleep(delay).await;
            match call().await {
                Err(error) if is_refusal(&error) => {
                    self.change(|delay| self.limits.longer(delay));
                }
                answer => {
                    self.change(|delay| delay.saturating_sub(self.limits.increase));
                    return answer;
                }
            }
        }
    }

    /// New delay.
    fn change(&self, change: impl FnOnce(Duration) -> Duration) -> Duration {
        let mut delay = self.delay.lock().unwrap_or_else(PoisonError::into_inner);
        *delay = change(*delay);
        *delay
    }
}

impl ThrottleLimits {
    fn longer(&self, delay: Duration) -> Duration {
        let longer = if delay.is_zero() {
            self.initial_delay
        } else {
            // At most a thousand times a delay that is bounded itself.
            delay.div_f64(self.decrease_factor.clamp(0.001, 1.0))
        };
        // Without a minimum, a throttled call would be repeated immediately and without end.
        longer.clamp(Duration::from_millis(1), self.max_delay)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::time::Instant;

    use super::*;

    const LIMITS: ThrottleLimits = ThrottleLimits {
        initial_delay: Duration::from_millis(100),
        max_delay: Duration::from_millis(500),
        decrease_factor: 0.5,
        increase: Duration::from_millis(200),
    };

    /// Delays before each call, in milliseconds, for the given results.
    async fn pauses(
        throttle: &Throttle,
        answers: &[Result<(), &'static str>],
    ) -> (Vec<u128>, Result<(), &'static str>) {
        let (pauses, last) = (RefCell::new(vec![]), RefCell::new(Instant::now()));
        let mut answer = Ok(());
        while pauses.borrow().len() < answers.len() {
            answer = throttle
                .call(
                    || {
                        let mut pauses = pauses.borrow_mut();
                        pauses.push(last.replace(Instant::now()).elapsed().as_millis());
                        std::future::ready(answers[pauses.len() - 1])
                    },
                    |error| *error == "slow down",
                )
                .await;
        }
        (pauses.into_inner(), answer)
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_double_up_to_the_limit_and_shrink_by_steps() {
        let throttle = Throttle::new(LIMITS);
        let refused = Err("slow down");
        let answers = [
            Ok(()),
            refused,
            refused,
            refused,
            refused,
            Ok(()),
            Ok(()),
            Ok(()),
            Ok(()),
        ];
        let (pauses, last) = pauses(&throttle, &answers).await;
        assert_eq!(pauses, [0, 0, 100, 200, 400, 500, 300, 100, 0]);
        assert_eq!(last, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn another_error_is_given_out_at_once() {
        let throttle = Throttle::new(LIMITS);
        let (pauses, last) = pauses(&throttle, &[Err("slow down"), Err("forbidden")]).await;
        assert_eq!(pauses, [0, 100]);
        assert_eq!(last, Err("forbidden"));
    }

    #[test]
    fn a_refusal_is_never_answered_without_a_pause() {
        let none = ThrottleLimits {
            initial_delay: Duration::ZERO,
            ..LIMITS
        };
        assert!(none.longer(Duration::ZERO) > Duration::ZERO);
    }
}
