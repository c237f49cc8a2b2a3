use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::house::House;

/// Far beyond the second an event may take; a test that waits so long fails.
const PATIENCE: Duration = Duration::from_secs(10);
/// Several times the pause between two looks at the feed.
const QUIET: Duration = Duration::from_millis(900);

/// A house whose server listens on a real socket, for a while.
struct Open {
    house: House,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Open {
    async fn new() -> Self {
        let house = House::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let (stop, stopped) = oneshot::channel();
        let stopped = async { drop(stopped.await) };
        let clock = house.clock();
        let serving = tokio::spawn(fieldline_web::serve(listener, house.server.clone(), clock, stopped));
        Self { house, address, stop: Some(stop), serving }
    }

    async fn listen(&self, authorization: &str, last: &str) -> Stream {
        let mut socket = TcpStream::connect(self.address).await.expect("the server listens");
        let request = format!(
            "GET /api/v1/sync/events HTTP/1.1\r\nHost: fieldline\r\nAuthorization: {authorization}\r\n{last}\r\n"
        );
        socket.write_all(request.as_bytes()).await.expect("the server reads");
        let mut stream = Stream { lines: BufReader::new(socket), head: Vec::new() };
        while let Some(line) = stream.line().await {
            stream.head.push(line.to_lowercase());
            if stream.head.last().is_some_and(String::is_empty) {
                break;
            }
        }
        stream
    }

    async fn writes_about(&self, who: &str, assigned_to: Option<&str>) {
        let authorization = self.house.sign_in(who).await;
        let mut task = json!({ "short_description": "Replace the pump" });
        if let Some(user) = assigned_to {
            task["assigned_to"] = user.into();
        }
        let made = self.house.ask("POST", "/api/now/table/wm_task", &authorization, task).await;
        assert_eq!(made.status.as_u16(), 201, "{}", String::from_utf8_lossy(&made.body));
    }
}

struct Stream {
    lines: BufReader<TcpStream>,
    head: Vec<String>,
}

impl Stream {
    /// The next line; `None` at the end.
    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = timeout(PATIENCE, self.lines.read_line(&mut line))
            .await
            .expect("something in time")
            .expect("the line holds");
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// The id of the next event, and whether it wakes; `None` at the end.
    async fn event(&mut self) -> Option<(String, bool)> {
        loop {
            let line = self.line().await?;
            if line == "0" {
                return None;
            }
            if let Some(id) = line.strip_prefix("id:") {
                return Some((id.to_owned(), self.line().await? == "data:"));
            }
        }
    }

    async fn is_quiet(&mut self) -> bool {
        timeout(QUIET, self.event()).await.is_err()
    }
}

#[tokio::test]
async fn a_stream_says_hello_then_only_what_concerns_its_listener() {
    let open = Open::new().await;
    let mia = open.house.sign_in("mia").await;
    let mut stream = open.listen(&mia, "").await;
    assert_eq!(stream.head[0], "http/1.1 200 ok");
    for header in ["content-type: text/event-stream", "cache-control: no-store", "x-accel-buffering: no"] {
        assert!(stream.head.iter().any(|line| line == header), "{header} is not in {:?}", stream.head);
    }
    let (hello, wakes) = stream.event().await.unwrap();
    assert!(!wakes, "hello wakes nobody");
    open.writes_about("dora", None).await;
    assert!(stream.is_quiet().await, "a task nobody gave to mia is not hers to know of");
    open.writes_about("dora", Some(&open.house.mia.to_string())).await;
    let (news, wakes) = stream.event().await.unwrap();
    assert!(wakes && news != hello, "{news} after {hello}");
    assert!(stream.is_quiet().await, "once is enough");
}

#[tokio::test]
async fn whoever_reads_whole_tables_is_woken_by_everything_and_a_device_never_is() {
    let open = Open::new().await;
    let dora = open.house.sign_in("dora").await;
    let phone = json!({ "name": "phone", "public_key": "07".repeat(32) });
    let enrolled = open.house.ask("POST", "/api/v1/devices", &dora, phone).await.json();
    let device = format!("Bearer {}", enrolled["token"].as_str().unwrap());
    let (mut page, mut phone) = (open.listen(&dora, "").await, open.listen(&device, "").await);
    assert_eq!((page.event().await.unwrap().1, phone.event().await.unwrap().1), (false, false));
    open.writes_about("dora", None).await;
    assert!(page.event().await.unwrap().1);
    assert!(phone.is_quiet().await, "a device holds its owner's scope, not their tables");
}

#[tokio::test]
async fn whoever_comes_back_is_told_what_they_missed_and_nothing_else() {
    let open = Open::new().await;
    let mia = open.house.sign_in("mia").await;
    let (known, _) = open.listen(&mia, "").await.event().await.unwrap();
    let last = format!("Last-Event-ID: {known}\r\n");
    let mut stream = open.listen(&mia, &last).await;
    assert_eq!(stream.event().await, Some((known, false)));
    assert!(stream.is_quiet().await);
    open.writes_about("dora", Some(&open.house.mia.to_string())).await;
    let mut stream = open.listen(&mia, &last).await;
    assert!(!stream.event().await.unwrap().1 && stream.event().await.unwrap().1, "hello, then what was missed");
    let mut stream = open.listen(&mia, "Last-Event-ID: 1234-ffff\r\n").await;
    assert!(!stream.event().await.unwrap().1 && stream.event().await.unwrap().1, "another life of the server");
}

#[tokio::test]
async fn nobody_listens_without_a_token_and_a_fifth_stream_ends_the_first() {
    let open = Open::new().await;
    assert_eq!(open.listen("Bearer invented", "").await.head[0], "http/1.1 401 unauthorized");
    let mia = open.house.sign_in("mia").await;
    let mut first = open.listen(&mia, "").await;
    first.event().await.unwrap();
    let mut others = Vec::new();
    for _ in 0..4 {
        others.push(open.listen(&mia, "").await);
    }
    assert_eq!(first.event().await, None);
    for other in &mut others {
        assert!(!other.event().await.unwrap().1 && other.is_quiet().await);
    }
    let metrics = open.house.ask("GET", "/metrics", "", Value::Null).await;
    assert!(String::from_utf8(metrics.body).unwrap().contains("# TYPE fieldline_listeners gauge"));
}

#[tokio::test]
async fn streams_end_at_once_when_the_server_stops() {
    let mut open = Open::new().await;
    let mia = open.house.sign_in("mia").await;
    let mut stream = open.listen(&mia, "").await;
    stream.event().await.unwrap();
    drop(open.stop.take());
    assert_eq!(stream.event().await, None, "the stream ends whole, not torn");
    timeout(PATIENCE, open.serving).await.expect("nobody keeps the server from stopping").unwrap();
}
