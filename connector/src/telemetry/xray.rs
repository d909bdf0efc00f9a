//! [Trace
//! header](https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader)
//! of a Lambda invocation: `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`, with
//! the fields in any order and possibly others.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};

/// Parent of an invocation's spans. Without `Sampled=1` the trace is not sampled; without a header that names
/// a trace and a parent there is no parent.
pub fn parent_context(header: Option<&str>) -> Context {
    match header.and_then(span_context) {
        Some(parent) => Context::new().with_remote_span_context(parent),
        None => Context::new(),
    }
}

fn span_context(header: &str) -> Option<SpanContext> {
    let field = |wanted| {
        let mut fields = header.split(';').filter_map(|field| field.trim().split_once('='));
        fields.find(|(name, _)| *name == wanted).map(|(_, value)| value)
    };
    let flags = match field("Sampled") {
        Some("1") => TraceFlags::SAMPLED,
        _ => TraceFlags::NOT_SAMPLED,
    };
    let trace_id = trace_id(field("Root")?)?;
    let parent = SpanId::from_hex(hexadecimal(field("Parent")?, 16)?).ok()?;
    let context = SpanContext::new(trace_id, parent, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}

/// Trace id of `1-`, the time in 8 digits, `-` and 24 digits: OpenTelemetry uses the same 32 digits.
fn trace_id(root: &str) -> Option<TraceId> {
    let (time, unique) = root.strip_prefix("1-")?.split_once('-')?;
    let digits = format!("{}{}", hexadecimal(time, 8)?, hexadecimal(unique, 24)?);
    TraceId::from_hex(&digits).ok()
}

fn hexadecimal(text: &str, digits: usize) -> Option<&str> {
    let is_right = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_right.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(header: &str) -> SpanContext {
        parent_context(Some(header)).span().span_context().clone()
    }

    #[test]
    fn reads_lambdas_header_whatever_else_is_in_it() {
        for header in [
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "Sampled=1; Root=1-5759e988-bd862e3fe1be46a994272793; Self=1-2-3; Parent=53995c3f42cd8ad8;Lineage=a:0",
        ] {
            let parent = parent(header);
            assert_eq!(
                parent.trace_id().to_string(),
                "5759e988bd862e3fe1be46a994272793",
                "{header}"
            );
            assert_eq!(parent.span_id().to_string(), "53995c3f42cd8ad8");
            assert!(parent.is_remote() && parent.is_sampled());
        }
    }

    #[test]
    fn what_is_not_said_to_be_sampled_is_not() {
        for sampled in ["Sampled=0", "Sampled=?", "Sampled=", "Lineage=a:0"] {
            let header =
                format!("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;{sampled}");
            let parent = parent(&header);
            assert!(parent.is_valid() && !parent.is_sampled(), "{header}");
        }
    }

    #[test]
    fn another_header_names_no_parent() {
        for header in [
            "",
            "Sampled=1",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
            "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=1-5759e988-bd862e3fe1be46a99427279;Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=1-5759e98g-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=1-+759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0000000000000000;Sampled=1",
        ] {
            assert!(!parent(header).is_valid(), "{header}");
        }
        assert!(!parent_context(None).span().span_context().is_valid());
    }
}
