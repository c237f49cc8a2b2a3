//! What the server counts about itself, in the Prometheus text format. Labels are method, route template and status:
//! never a record, a name or a query.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

/// Upper bounds of the duration buckets, in milliseconds.
const BUCKET_MILLISECONDS: [i64; 8] = [5, 10, 25, 50, 100, 500, 2_000, 10_000];

#[derive(Debug, Default)]
struct Durations {
    buckets: [u64; BUCKET_MILLISECONDS.len()],
    count: u64,
    sum_milliseconds: i64,
}

#[derive(Debug, Default)]
struct Counts {
    requests: BTreeMap<(String, String, u16), Durations>,
    sync_bytes_in: u64,
    sync_bytes_out: u64,
}

/// The counters of one running server.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<Counts>);

impl Metrics {
    /// Counts one answered request.
    pub fn answered(&self, method: &str, route: &str, status: u16, milliseconds: i64) {
        self.change(|counts| {
            let durations = counts.requests.entry((method.to_owned(), route.to_owned(), status)).or_default();
            durations.count += 1;
            durations.sum_milliseconds = durations.sum_milliseconds.saturating_add(milliseconds.max(0));
            for (bucket, bound) in durations.buckets.iter_mut().zip(BUCKET_MILLISECONDS) {
                *bucket += u64::from(milliseconds <= bound);
            }
        });
    }

    /// Counts the frames of one sync exchange.
    pub fn synced(&self, bytes_in: usize, bytes_out: usize) {
        self.change(|counts| {
            counts.sync_bytes_in += bytes_in as u64;
            counts.sync_bytes_out += bytes_out as u64;
        });
    }

    /// The counters as Prometheus reads them, followed by where the feed stands.
    pub fn to_prometheus(&self, feed_position: u64) -> String {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::from("# TYPE fieldline_http_request_duration_seconds histogram\n");
        for ((method, route, status), durations) in &counts.requests {
            write_durations(&mut text, &format!(r#"method="{method}",route="{route}",status="{status}""#), durations);
        }
        text += "# TYPE fieldline_sync_bytes_total counter\n";
        text += &format!("fieldline_sync_bytes_total{{direction=\"in\"}} {}\n", counts.sync_bytes_in);
        text += &format!("fieldline_sync_bytes_total{{direction=\"out\"}} {}\n", counts.sync_bytes_out);
        text += &format!("# TYPE fieldline_feed_position gauge\nfieldline_feed_position {feed_position}\n");
        text += concat!(
            "# TYPE fieldline_build_info gauge\nfieldline_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1\n"
        );
        text
    }

    fn change(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn write_durations(text: &mut String, labels: &str, durations: &Durations) {
    const NAME: &str = "fieldline_http_request_duration_seconds";
    let seconds = |milliseconds: i64| milliseconds as f64 / 1_000.0;
    for (bucket, bound) in durations.buckets.iter().zip(BUCKET_MILLISECONDS) {
        writeln!(text, "{NAME}_bucket{{{labels},le=\"{}\"}} {bucket}", seconds(bound)).expect("text grows");
    }
    writeln!(text, "{NAME}_bucket{{{labels},le=\"+Inf\"}} {}", durations.count).expect("text grows");
    writeln!(text, "{NAME}_sum{{{labels}}} {}", seconds(durations.sum_milliseconds)).expect("text grows");
    writeln!(text, "{NAME}_count{{{labels}}} {}", durations.count).expect("text grows");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_in_every_bucket_that_holds_it() {
        let metrics = Metrics::default();
        metrics.answered("GET", "/healthz", 200, 7);
        metrics.answered("GET", "/healthz", 200, 60_000);
        metrics.synced(100, 200);
        let text = metrics.to_prometheus(42);
        for line in [
            r#"fieldline_http_request_duration_seconds_bucket{method="GET",route="/healthz",status="200",le="0.005"} 0"#,
            r#"fieldline_http_request_duration_seconds_bucket{method="GET",route="/healthz",status="200",le="0.01"} 1"#,
            r#"fieldline_http_request_duration_seconds_bucket{method="GET",route="/healthz",status="200",le="+Inf"} 2"#,
            r#"fieldline_http_request_duration_seconds_sum{method="GET",route="/healthz",status="200"} 60.007"#,
            r#"fieldline_sync_bytes_total{direction="out"} 200"#,
            "fieldline_feed_position 42",
        ] {
            assert!(text.lines().any(|given| given == line), "{line} is not in\n{text}");
        }
    }
}
