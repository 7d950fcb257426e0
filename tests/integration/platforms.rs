//! Adapters against the simulated platforms over real sockets: signatures, paging, tokens, callbacks and answers of both sides,
//! which share no code, must fit.

use std::{collections::BTreeMap, path::Path, time::Duration};

use chrono::{DateTime, Utc};
use onecase::{
    adapter::{AccessToken, Adapter, Asked, Inbound, Outcome, Page, Request, Response, Secrets},
    domain::{
        case::CaseStatus,
        message::{CaseSummary, Message, MessageKind, OrganizationReference, SubmissionReference},
        submission::Submission,
        update::{CaseReference, CaseUpdate, Reply},
    },
    simulate::{
        Behaviour, CallbackMode, Faults, Filing, NoticeKind, PlatformSetting, RunningPlatform, Setting, Simulation, Software,
        scenario::{Plan, Scenario},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

fn adapter(name: &str) -> Adapter {
    Adapter::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters").join(name)).expect("an adapter")
}

fn start(software: &[(&str, Software)]) -> Simulation {
    let platforms = software.iter().map(|(id, software)| PlatformSetting { id: (*id).into(), software: *software, port: 0 }).collect();
    let behaviour = Behaviour { accept_after_ms: 1, work_after_ms: 1, answer_after_ms: 1, ..Behaviour::default() };
    Simulation::start(&Setting { platforms, behaviour, gateway: None, clock: std::sync::Arc::new(Utc::now) }).expect("platforms start")
}

fn secrets(platform: &RunningPlatform) -> Secrets {
    Secrets::new(platform.secrets())
}

fn scenario() -> Scenario {
    Scenario::generate(Plan::new(1, Utc::now()))
}

/// One exchange over a fresh connection; `None` if the answer is not whole.
async fn send(base: &str, request: &Request) -> Option<Response> {
    let host = base.strip_prefix("http://").expect("http");
    let mut stream = TcpStream::connect(host).await.expect("a connection");
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n",
        request.method,
        request.target,
        request.body.len()
    );
    request.headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    stream.write_all(format!("{head}\r\n").as_bytes()).await.expect("written");
    stream.write_all(&request.body).await.expect("written");
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> =
        head.lines().skip(1).filter_map(|l| l.split_once(": ").map(|(k, v)| (k.into(), v.into()))).collect();
    let body = bytes[end + 4..].to_vec();
    let response = Response { status, headers, body };
    let whole = response.header("content-length").and_then(|l| l.parse().ok()).is_none_or(|length: usize| length == response.body.len());
    whole.then_some(response)
}

async fn pull(adapter: &Adapter, platform: &RunningPlatform, name: &str, cursor: Option<&str>) -> Page {
    let pull = adapter.pulls().iter().find(|pull| pull.name == name).expect("the pull");
    let request = adapter.pull_request(pull, cursor, None, &secrets(platform), Utc::now()).expect("a request");
    let base = platform.base_url();
    let response = send(&base, &request).await.expect("an answer");
    adapter.pull_page(pull, &Asked { cursor, response: &response, base: &base, now: Utc::now() }).expect("a page")
}

async fn pull_all(adapter: &Adapter, platform: &RunningPlatform, name: &str) -> Vec<Inbound> {
    let (mut records, mut cursor) = (Vec::new(), None);
    loop {
        let page = pull(adapter, platform, name, cursor.as_deref()).await;
        records.extend(page.records.into_iter().map(|record| record.expect("it maps")));
        cursor = page.cursor;
        if !page.more {
            return records;
        }
    }
}

fn same(filing: &Filing, submission: &Submission) {
    assert_eq!(submission.source_id, filing.source_id);
    assert_eq!(submission.channel, filing.channel);
    assert_eq!(submission.kind, filing.kind);
    assert_eq!(submission.submitted_at, filing.submitted_at);
    assert_eq!(submission.subject, filing.subject);
    assert_eq!(submission.content, filing.content);
    assert_eq!(submission.division.as_deref(), Some(filing.division.as_str()));
    assert_eq!(submission.category.as_deref(), Some(filing.category.as_str()));
    assert_eq!(submission.anonymous, filing.persons.is_empty());
    assert_eq!(submission.respondent.as_ref().and_then(|r| r.organization.clone()), filing.respondent);
    // An anonymous filing may keep the account that answers go to, and nothing else of the person.
    let named = submission.petitioners.iter().filter(|p| p.name.is_some() || p.phone.is_some() || p.id_document.is_some());
    assert_eq!(named.count(), filing.persons.len());
    for (petitioner, person) in submission.petitioners.iter().zip(&filing.persons) {
        assert_eq!(petitioner.name.as_ref(), Some(&person.name));
        assert_eq!(petitioner.phone, person.phone);
        assert_eq!(petitioner.id_document.as_ref().map(|d| &d.number), person.id_number.as_ref());
    }
}

fn message(kind: MessageKind, number: u32, filing: &Filing) -> Message {
    let to_body = kind == MessageKind::CaseForwarded;
    Message {
        id: format!("delivery-{number}"),
        kind,
        created_at: Utc::now(),
        case: CaseSummary {
            id: format!("LJ{number:012}"),
            status: if kind == MessageKind::CaseReply { CaseStatus::Answered } else { CaseStatus::Routed },
            organization: Some(OrganizationReference { id: "changsha".into(), name: "长沙市信访局".into() }),
            query_code: None,
        },
        submission: (!to_body).then(|| SubmissionReference {
            id: "s".into(),
            source_id: filing.source_id.clone(),
            channel: filing.channel,
            account: filing.persons.first().and_then(|person| person.account.clone()),
        }),
        forwarded: to_body.then(|| Box::new(submission(filing))),
        reply: (kind == MessageKind::CaseReply).then(|| Reply {
            content: "已经办结。".into(),
            organization: None,
            replied_at: Utc::now().fixed_offset(),
        }),
        note: None,
    }
}

fn submission(filing: &Filing) -> Submission {
    serde_json::from_value(serde_json::json!({
        "source_id": filing.source_id, "channel": filing.channel, "kind": filing.kind, "submitted_at": filing.submitted_at,
        "petitioners": [{"name": "张三"}], "subject": filing.subject, "content": filing.content, "division": filing.division, "category": filing.category,
    }))
    .expect("a submission")
}

async fn deliver(adapter: &Adapter, platform: &RunningPlatform, token: Option<&AccessToken>, message: &Message) -> Option<Outcome> {
    let request = adapter.delivery(message, token, &secrets(platform), Utc::now()).expect("a request").expect("it is sent");
    let response = send(&platform.base_url(), &request).await?;
    Some(adapter.delivery_outcome(&response, message.kind))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provincial_system_is_read_page_by_page_and_nothing_is_lost() {
    let simulation = start(&[("national", Software::Provincial)]);
    let platform = simulation.platform("national").expect("national");
    let filings: Vec<Filing> = scenario()
        .filings
        .into_iter()
        .enumerate()
        .map(|(at, f)| Filing { source_id: format!("XF{at}"), platform: "national".into(), ..f })
        .collect();
    filings.iter().for_each(|filing| simulation.file(filing.clone()).expect("filed"));
    let records = pull_all(&adapter("provincial-rest"), platform, "petitions").await;
    assert!(filings.len() > 200, "more than two pages");
    assert_eq!(records.len(), filings.len());
    for (filing, record) in filings.iter().zip(&records) {
        let Inbound::Submission(submission) = record else { panic!("an update") };
        same(filing, submission);
    }
    simulation.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forward_is_taken_once_handled_and_answered() {
    let simulation = start(&[("hunan", Software::Provincial)]);
    let platform = simulation.platform("hunan").expect("hunan");
    let adapter = adapter("provincial-rest");
    let filing = scenario().filings.swap_remove(0);
    let forward = message(MessageKind::CaseForwarded, 1, &filing);
    platform.set_faults(Faults { lost_reply_share: 1.0, ..Faults::default() });
    assert_eq!(deliver(&adapter, platform, None, &forward).await, None, "the answer is lost");
    platform.set_faults(Faults::default());
    let Some(Outcome::Delivered { receipt: Some(receipt) }) = deliver(&adapter, platform, None, &forward).await else {
        panic!("not delivered")
    };
    let mut updates: Vec<CaseUpdate> = Vec::new();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        updates = pull_all(&adapter, platform, "progress")
            .await
            .into_iter()
            .filter_map(|r| if let Inbound::Update(u) = r { Some(*u) } else { None })
            .collect();
        if updates.last().is_some_and(|update| update.reply.is_some()) {
            break;
        }
    }
    let statuses: Vec<CaseStatus> = updates.iter().map(|update| update.status).filter(|status| *status != CaseStatus::Extended).collect();
    assert_eq!(statuses, [CaseStatus::Accepted, CaseStatus::InProgress, CaseStatus::Answered]);
    assert!(updates.iter().all(|update| update.reference == CaseReference::Receipt(receipt.clone())));
    let received = platform.received();
    assert_eq!(received.forwards.iter().map(|f| (f.times, f.case.as_str())).collect::<Vec<_>>(), [(2, "LJ000000000001")]);
    simulation.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_what_the_adapter_says_they_are() {
    let simulation = start(&[("hunan", Software::Provincial), ("mobile", Software::Mobile)]);
    let filing = scenario().filings.swap_remove(0);
    for id in ["hunan", "mobile"] {
        let platform = simulation.platform(id).expect("the platform");
        let adapter = adapter(platform.software.adapter());
        simulation.file(Filing { platform: id.into(), ..filing.clone() }).expect("filed");
        let notice = message(MessageKind::CaseStatus, 7, &filing);
        let cases = [
            (Faults { first_errors: 1, ..Faults::default() }, "HTTP 500"),
            (Faults { too_many_share: 1.0, retry_after_seconds: 9, ..Faults::default() }, "HTTP 429"),
            (Faults { down: true, ..Faults::default() }, "HTTP 503"),
        ];
        for (faults, expected) in cases {
            let after = faults.retry_after_seconds;
            platform.set_faults(faults);
            let Some(Outcome::Retry { after: wait, reason }) = deliver(&adapter, platform, None, &notice).await else {
                panic!("{expected}")
            };
            assert_eq!((reason.as_str(), wait.map_or(0, |w| w.as_secs())), (expected, after));
        }
        platform.set_faults(Faults::default());
        for _ in 0..2 {
            assert!(matches!(deliver(&adapter, platform, None, &notice).await, Some(Outcome::Delivered { .. })));
        }
        let wrong = platform.secrets().into_iter().map(|(name, value)| (name, format!("{value}x"))).collect::<BTreeMap<_, _>>();
        let request = adapter.delivery(&notice, None, &Secrets::new(wrong), Utc::now()).expect("a request").expect("it is sent");
        let response = send(&platform.base_url(), &request).await.expect("an answer");
        assert!(matches!(adapter.delivery_outcome(&response, notice.kind), Outcome::Rejected { .. }));
        let received = platform.received();
        assert_eq!(
            received.notices.iter().map(|n| (n.kind, n.times, n.about.as_str())).collect::<Vec<_>>(),
            [(NoticeKind::Status, 2, filing.source_id.as_str())]
        );
        assert_eq!(received.refused, 1);
    }
    simulation.stop().await;
}

/// A gateway that gives every request to a task and answers what it says.
async fn gateway(listener: TcpListener, sink: mpsc::UnboundedSender<(Request, tokio::sync::oneshot::Sender<Response>)>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let sink = sink.clone();
        tokio::spawn(async move {
            let mut bytes = Vec::new();
            let request = loop {
                let mut piece = [0; 4_096];
                let read = stream.read(&mut piece).await.unwrap_or(0);
                bytes.extend_from_slice(&piece[..read]);
                if let Some(request) = parse(&bytes) {
                    break request;
                }
                if read == 0 {
                    return;
                }
            };
            let (answer, response) = tokio::sync::oneshot::channel();
            if sink.send((request, answer)).is_err() {
                return;
            }
            let Ok(response) = response.await else { return };
            let head = format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", response.status, response.body.len());
            let _ = stream.write_all(&[head.as_bytes(), &response.body].concat()).await;
        });
    }
}

fn parse(bytes: &[u8]) -> Option<Request> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ").map(|(k, v)| (k.to_owned(), v.to_owned()))).collect();
    let request = Request { method, target, headers, body: bytes[end + 4..].to_vec() };
    (request.header("content-length")?.parse::<usize>().ok()? == request.body.len()).then_some(request)
}

/// Files everything on a platform that calls, refuses each request once, and gives back what was mapped.
async fn take_callbacks(id: &str, software: Software, filings: &[Filing], faults: Faults) -> (Simulation, Vec<Submission>) {
    let simulation = start(&[(id, software)]);
    let platform = simulation.platform(id).expect("the platform");
    platform.set_faults(faults);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    simulation.set_gateway(format!("http://{}", listener.local_addr().expect("an address")));
    let (sink, mut requests) = mpsc::unbounded_channel();
    tokio::spawn(gateway(listener, sink));
    filings.iter().for_each(|filing| simulation.file(filing.clone()).expect("filed"));
    let (adapter, secrets) = (adapter(software.adapter()), secrets(platform));
    let (mut taken, mut refused) = (Vec::new(), 0);
    let expected = filings.len();
    loop {
        let sent = simulation.platform(id).expect("the platform").received().sent;
        if sent.acknowledged as usize == expected && taken.len() >= expected + sent.doubled as usize {
            break;
        }
        let Ok(Some((request, answer))) = tokio::time::timeout(Duration::from_millis(200), requests.recv()).await else { continue };
        if refused < 5 {
            refused += 1;
            let _ = answer.send(Response { status: 503, headers: Vec::new(), body: Vec::new() });
            continue;
        }
        let callback = adapter.callback(&request, &secrets, Utc::now()).expect("a callback");
        for record in callback.records {
            let Inbound::Submission(submission) = record.expect("it maps") else { panic!("an update") };
            taken.push(*submission);
        }
        let _ = answer.send(callback.response);
    }
    (simulation, taken)
}

fn only(platform: &str) -> Vec<Filing> {
    scenario().filings.into_iter().filter(|filing| filing.platform == platform).take(40).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn mobile_webhooks_are_taken_and_doubled_ones_are_the_same() {
    let filings = only("mobile");
    let (simulation, taken) =
        take_callbacks("mobile", Software::Mobile, &filings, Faults { duplicate_webhook_share: 0.5, ..Faults::default() }).await;
    let by_id: BTreeMap<&str, &Submission> = taken.iter().map(|submission| (submission.source_id.as_str(), submission)).collect();
    assert!(taken.len() > filings.len(), "some were sent twice");
    assert_eq!(by_id.len(), filings.len());
    filings.iter().for_each(|filing| same(filing, by_id[filing.source_id.as_str()]));
    simulation.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wechat_messages_are_taken_in_both_modes_and_answered_with_a_token() {
    for mode in [CallbackMode::Plain, CallbackMode::Safe] {
        let filings = only("wechat");
        let (simulation, taken) = take_callbacks("wechat", Software::Wechat(mode), &filings, Faults::default()).await;
        let by_id: BTreeMap<&str, &Submission> = taken.iter().map(|submission| (submission.source_id.as_str(), submission)).collect();
        filings.iter().for_each(|filing| same(filing, by_id[filing.source_id.as_str()]));
        let platform = simulation.platform("wechat").expect("wechat");
        answer_by_token(platform, filings.iter().find(|filing| !filing.persons.is_empty()).expect("a named filing")).await;
        simulation.stop().await;
    }
}

async fn answer_by_token(platform: &RunningPlatform, filing: &Filing) {
    let adapter = adapter("wechat");
    let token = async || {
        let request = adapter.token_request(&secrets(platform)).expect("a request").expect("it has tokens");
        adapter.token_response(&send(&platform.base_url(), &request).await.expect("an answer")).expect("a token")
    };
    let (first, reply) = (token().await, message(MessageKind::CaseReply, 3, filing));
    assert_eq!(first.lifetime, Duration::from_secs(7_200));
    assert!(matches!(deliver(&adapter, platform, Some(&first), &reply).await, Some(Outcome::Delivered { .. })));
    let second = token().await;
    assert_eq!(deliver(&adapter, platform, Some(&first), &reply).await, Some(Outcome::TokenExpired), "one holder");
    platform.expire_token();
    assert_eq!(deliver(&adapter, platform, Some(&second), &reply).await, Some(Outcome::TokenExpired));
    let stranger = Filing {
        persons: vec![onecase::simulate::Person { account: Some("oNobody".into()), ..filing.persons[0].clone() }],
        ..filing.clone()
    };
    let fresh = token().await;
    let unknown = deliver(&adapter, platform, Some(&fresh), &message(MessageKind::CaseStatus, 4, &stranger)).await;
    assert!(matches!(unknown, Some(Outcome::Rejected { code, .. }) if code == "40003"));
    let received = platform.received();
    assert_eq!(received.notices.iter().map(|n| (n.kind, n.case.as_str())).collect::<Vec<_>>(), [(NoticeKind::Reply, "LJ000000000003")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wechat_asks_the_gateway_to_prove_itself() {
    let simulation = start(&[("wechat", Software::Wechat(CallbackMode::Safe))]);
    let platform = simulation.platform("wechat").expect("wechat");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    simulation.set_gateway(format!("http://{}", listener.local_addr().expect("an address")));
    let (sink, mut requests) = mpsc::unbounded_channel();
    tokio::spawn(gateway(listener, sink));
    let (adapter, secrets) = (adapter("wechat"), secrets(platform));
    tokio::spawn(async move {
        while let Some((request, answer)) = requests.recv().await {
            let moment: DateTime<Utc> = Utc::now();
            let _ = answer.send(adapter.callback(&request, &secrets, moment).expect("a callback").response);
        }
    });
    assert!(platform.verify().await.expect("an answer"));
    simulation.stop().await;
}
