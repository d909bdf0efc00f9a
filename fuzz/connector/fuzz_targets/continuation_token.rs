#![no_main]

use connector::splits::plan::Plan;

// A token that is taken is one that this connector writes, for the plan that it was read as.
libfuzzer_sys::fuzz_target!(|token: &str| {
    let Ok(plan) = Plan::from_token(token, "orders") else {
        return;
    };
    if let Some(written) = plan.to_token() {
        assert_eq!(Plan::from_token(&written, "orders").ok(), Some(plan));
    }
});
