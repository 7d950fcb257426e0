-- The submission log: `seq` is dense and follows the order of commit. `body` is sealed by the filing's own key; nothing else here is
-- personal.
CREATE TABLE submissions (
    seq          INTEGER PRIMARY KEY NOT NULL,
    id           TEXT NOT NULL UNIQUE,
    platform     TEXT NOT NULL,
    source_id    TEXT NOT NULL,
    body_digest  BLOB NOT NULL,
    body         BLOB NOT NULL,
    fingerprint  BLOB NOT NULL,
    channel      TEXT NOT NULL,
    kind         TEXT NOT NULL,
    division     TEXT,
    province     TEXT NOT NULL,
    category     TEXT,
    anonymous    BOOLEAN NOT NULL,
    -- The platform sent a fingerprint and kept the content.
    blind        BOOLEAN NOT NULL,
    people_count INTEGER NOT NULL,
    submitted_at TIMESTAMP NOT NULL,
    received_at  TIMESTAMP NOT NULL,
    UNIQUE (platform, source_id)
);
CREATE INDEX submissions_platform ON submissions (platform, seq);
CREATE INDEX submissions_received ON submissions (received_at, seq);

-- The key that each filing has of its own, sealed by a data key: it seals the filing, its revisions and the messages that carry it.
-- Erasing a filing takes its row out here. A copy of the store without this table opens no filing.
CREATE TABLE submission_keys (
    submission_id TEXT PRIMARY KEY NOT NULL,
    sealed        BLOB NOT NULL
);

-- Filings whose personal data was erased. `sealed` holds why, and what is left of the filing.
CREATE TABLE erasures (
    submission_id TEXT PRIMARY KEY NOT NULL,
    actor         TEXT NOT NULL,
    sealed        BLOB NOT NULL,
    at            TIMESTAMP NOT NULL
);

-- Data keys, each wrapped by the master key of that id. Number 0 is the root secret that others are derived from.
CREATE TABLE data_keys (
    number  INTEGER PRIMARY KEY NOT NULL,
    state   TEXT NOT NULL,
    master  TEXT NOT NULL,
    wrapped BLOB NOT NULL,
    since   TIMESTAMP NOT NULL
);

-- How far the pass has come that seals everything again; one row while keys are rotated.
CREATE TABLE key_rotation (
    id         INTEGER PRIMARY KEY NOT NULL,
    started_at TIMESTAMP NOT NULL,
    place      TEXT NOT NULL,
    position   TEXT NOT NULL,
    resealed   BIGINT NOT NULL
);

CREATE TABLE idempotency_keys (
    platform      TEXT NOT NULL,
    key           TEXT NOT NULL,
    body_digest   BLOB NOT NULL,
    submission_id TEXT NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    PRIMARY KEY (platform, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

-- What follows `updated_at` is summarised from the filings from time to time; `name` is sealed, as it is made of their words.
CREATE TABLE matters (
    id               TEXT PRIMARY KEY NOT NULL,
    founding_seq     BIGINT NOT NULL UNIQUE,
    case_count       INTEGER NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    updated_at       TIMESTAMP NOT NULL,
    name             BLOB,
    submission_count BIGINT,
    platform_count   BIGINT,
    -- Filings a week, oldest first, as JSON; the last week ends at `weeks_until`.
    weeks            TEXT,
    weeks_until      TIMESTAMP,
    trend            TEXT,
    growth           BIGINT NOT NULL DEFAULT 0,
    first_filed_at   TIMESTAMP,
    last_filed_at    TIMESTAMP,
    summarised_at    TIMESTAMP,
    -- When the weeks are to be counted again although nothing was filed.
    stale_at         TIMESTAMP
);
CREATE INDEX matters_size ON matters (case_count, founding_seq);
CREATE INDEX matters_updated ON matters (updated_at, founding_seq);
CREATE INDEX matters_growth ON matters (growth, founding_seq);
-- Those that are to be summarised.
CREATE INDEX matters_new ON matters (founding_seq) WHERE summarised_at IS NULL;
CREATE INDEX matters_behind ON matters (summarised_at, founding_seq) WHERE updated_at >= summarised_at;
CREATE INDEX matters_stale ON matters (stale_at);

CREATE TABLE cases (
    id               TEXT PRIMARY KEY NOT NULL,
    founding_seq     BIGINT NOT NULL UNIQUE,
    kind             TEXT NOT NULL,
    status           TEXT NOT NULL,
    division         TEXT,
    province         TEXT NOT NULL,
    category         TEXT,
    organization     TEXT,
    platform         TEXT,
    receipt          TEXT,
    matter_id        TEXT,
    merged_into      TEXT,
    submission_count INTEGER NOT NULL,
    -- Thousandths of a degree: the corner of a cell of the map's grid, no finer.
    latitude         INTEGER,
    longitude        INTEGER,
    version          BIGINT NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    updated_at       TIMESTAMP NOT NULL
);
CREATE INDEX cases_receipt ON cases (platform, receipt);
CREATE INDEX cases_matter ON cases (matter_id, founding_seq);
CREATE INDEX cases_without_body ON cases (founding_seq) WHERE organization IS NULL;
CREATE INDEX cases_status ON cases (status, founding_seq);
CREATE INDEX cases_province ON cases (province, founding_seq);
-- Everything a map is narrowed by, so that rows are read for what is shown only.
CREATE INDEX cases_place ON cases (latitude, longitude, founding_seq, division, organization, status, kind, category, created_at, merged_into)
    WHERE latitude IS NOT NULL;
CREATE INDEX cases_cells ON cases (province, division, latitude, longitude, merged_into) WHERE latitude IS NOT NULL;
CREATE INDEX cases_platform ON cases (platform, founding_seq);
CREATE INDEX cases_division ON cases (division, founding_seq);
CREATE INDEX cases_category ON cases (category, founding_seq);
CREATE INDEX cases_organization ON cases (organization, founding_seq);

-- Which case a submission belongs to. A row is written once for every submission in the log.
CREATE TABLE links (
    submission_seq INTEGER PRIMARY KEY NOT NULL,
    submission_id  TEXT NOT NULL UNIQUE,
    platform       TEXT NOT NULL,
    case_id        TEXT NOT NULL,
    decision       TEXT NOT NULL,
    -- Where the matcher put it, by founding positions; rulings move the row, never this.
    decided_case   BIGINT NOT NULL,
    decided_matter BIGINT,
    linked_at      TIMESTAMP NOT NULL
);
CREATE INDEX links_case ON links (case_id, submission_seq);
CREATE INDEX links_decision ON links (decision, submission_seq);
CREATE INDEX links_platform_case ON links (platform, case_id);

CREATE TABLE matches (
    submission_seq BIGINT NOT NULL,
    other_seq      BIGINT NOT NULL,
    submission_id  TEXT NOT NULL,
    other_id       TEXT NOT NULL,
    platform       TEXT NOT NULL,
    other_platform TEXT NOT NULL,
    channel        TEXT NOT NULL,
    other_channel  TEXT NOT NULL,
    division       TEXT,
    case_id        TEXT NOT NULL,
    decision       TEXT NOT NULL,
    probability    DOUBLE NOT NULL,
    weight         DOUBLE NOT NULL,
    rule           TEXT NOT NULL,
    -- JSON, packed.
    evidence       BLOB NOT NULL,
    model_name     TEXT NOT NULL,
    model_digest   TEXT NOT NULL,
    decided_by     TEXT NOT NULL,
    decided_at     TIMESTAMP NOT NULL,
    settled_by     TEXT,
    PRIMARY KEY (submission_seq, other_seq)
);
CREATE INDEX matches_open ON matches (decision, settled_by, probability);
CREATE INDEX matches_case ON matches (case_id, submission_seq);
-- Everything the duplicate report narrows by, so that it reads the wide rows of what it shows only.
CREATE INDEX matches_report ON matches (decision, submission_seq, other_seq, platform, other_platform, channel, other_channel, division, case_id,
    rule, model_name, model_digest, settled_by, probability, decided_at);

-- What people decided, in the order the linker folds it in: each after the log position `after_seq`.
CREATE TABLE rulings (
    seq        INTEGER PRIMARY KEY NOT NULL,
    id         TEXT NOT NULL UNIQUE,
    after_seq  BIGINT NOT NULL,
    case_id    TEXT NOT NULL,
    other_case TEXT NOT NULL,
    ruling     TEXT NOT NULL,
    actor      TEXT NOT NULL,
    reason     BLOB NOT NULL,
    decided_at TIMESTAMP NOT NULL
);
CREATE INDEX rulings_case ON rulings (case_id, seq);
CREATE INDEX rulings_other ON rulings (other_case, seq);
CREATE INDEX rulings_actor ON rulings (actor);

CREATE TABLE case_events (
    seq      INTEGER PRIMARY KEY NOT NULL,
    id       TEXT NOT NULL UNIQUE,
    case_id  TEXT NOT NULL,
    kind     TEXT NOT NULL,
    source   TEXT NOT NULL,
    status   TEXT,
    data     TEXT NOT NULL,
    words    BLOB,
    at       TIMESTAMP NOT NULL
);
CREATE INDEX case_events_case ON case_events (case_id, seq);
CREATE INDEX case_events_at ON case_events (at, seq);

-- Makes a handling platform's report idempotent.
CREATE TABLE case_updates (
    platform    TEXT NOT NULL,
    update_id   TEXT NOT NULL,
    body_digest BLOB NOT NULL,
    case_id     TEXT NOT NULL,
    received_at TIMESTAMP NOT NULL,
    PRIMARY KEY (platform, update_id)
);

-- Petitioners' ratings; the words are in the event.
CREATE TABLE ratings (
    platform     TEXT NOT NULL,
    rating_id    TEXT NOT NULL,
    case_id      TEXT NOT NULL,
    body_digest  BLOB NOT NULL,
    satisfaction TEXT NOT NULL,
    rated_at     TIMESTAMP NOT NULL,
    received_at  TIMESTAMP NOT NULL,
    PRIMARY KEY (platform, rating_id)
);
CREATE INDEX ratings_case ON ratings (case_id, rated_at);

-- Requests for a review or a re-review of an answer, and which body decides; what was written is in the event.
CREATE TABLE review_requests (
    seq               INTEGER PRIMARY KEY NOT NULL,
    id                TEXT NOT NULL UNIQUE,
    platform          TEXT NOT NULL,
    request_id        TEXT NOT NULL,
    body_digest       BLOB NOT NULL,
    case_id           TEXT NOT NULL,
    organization      TEXT NOT NULL,
    reviewer_platform TEXT NOT NULL,
    -- The number the reviewing platform answered the forward with.
    receipt           TEXT,
    received_at       TIMESTAMP NOT NULL,
    UNIQUE (platform, request_id)
);
CREATE INDEX review_requests_case ON review_requests (case_id, seq);
CREATE INDEX review_requests_receipt ON review_requests (reviewer_platform, receipt);

-- What each case counts for in the indicators, so that a change takes its old counts back.
CREATE TABLE indicator_cases (
    case_id TEXT PRIMARY KEY NOT NULL,
    counts  TEXT NOT NULL
);

-- Counts by day and by month (under its first day), area and one dimension; a column for each measure.
CREATE TABLE indicator_counts (
    area        TEXT NOT NULL,
    dimension   TEXT NOT NULL,
    unit        TEXT NOT NULL,
    day         DATE NOT NULL,
    value       TEXT NOT NULL,
    submissions BIGINT NOT NULL,
    online      BIGINT NOT NULL,
    duplicates  BIGINT NOT NULL,
    cases       BIGINT NOT NULL,
    accept_due  BIGINT NOT NULL,
    accept_met  BIGINT NOT NULL,
    accept_late BIGINT NOT NULL,
    answer_due  BIGINT NOT NULL,
    answer_met  BIGINT NOT NULL,
    answer_late BIGINT NOT NULL,
    answered    BIGINT NOT NULL,
    rated       BIGINT NOT NULL,
    satisfied   BIGINT NOT NULL,
    reminders           BIGINT NOT NULL,
    return_calls        BIGINT NOT NULL,
    supervisions        BIGINT NOT NULL,
    proposals           BIGINT NOT NULL,
    supervision_answers BIGINT NOT NULL,
    adopted             BIGINT NOT NULL,
    PRIMARY KEY (area, dimension, unit, day, value)
) WITHOUT ROWID;
CREATE INDEX indicator_counts_trend ON indicator_counts (day, area, value, cases) WHERE dimension = 'category' AND unit = 'day';

-- How far those who fold the change feed have come.
CREATE TABLE feed_positions (
    name TEXT PRIMARY KEY NOT NULL,
    seq  BIGINT NOT NULL
);

-- Statutory clocks, set anew with every event of their case.
CREATE TABLE case_deadlines (
    seq          INTEGER PRIMARY KEY NOT NULL,
    case_id      TEXT NOT NULL,
    clock        TEXT NOT NULL,
    started_at   TIMESTAMP NOT NULL,
    due_at       TIMESTAMP NOT NULL,
    ended_at     TIMESTAMP,
    extended     BOOLEAN NOT NULL,
    -- A body must act; otherwise it is a window in which somebody may.
    duty         BOOLEAN NOT NULL,
    kind         TEXT NOT NULL,
    organization TEXT,
    platform     TEXT,
    division     TEXT,
    province     TEXT NOT NULL
);
CREATE INDEX case_deadlines_case ON case_deadlines (case_id);
-- A list of clocks goes by when they are due: of everything, of a platform, of a body, of a province. Those that are owed and those that
-- ended late are few among many, so they have indexes of their own.
CREATE INDEX case_deadlines_due ON case_deadlines (due_at, seq);
CREATE INDEX case_deadlines_owed ON case_deadlines (due_at, seq) WHERE ended_at IS NULL AND duty;
CREATE INDEX case_deadlines_late ON case_deadlines (due_at, seq) WHERE duty AND ended_at >= due_at;
CREATE INDEX case_deadlines_platform ON case_deadlines (platform, due_at, seq);
CREATE INDEX case_deadlines_platform_owed ON case_deadlines (platform, due_at, seq) WHERE ended_at IS NULL AND duty;
CREATE INDEX case_deadlines_platform_late ON case_deadlines (platform, due_at, seq) WHERE duty AND ended_at >= due_at;
CREATE INDEX case_deadlines_organization ON case_deadlines (organization, due_at, seq);
CREATE INDEX case_deadlines_organization_owed ON case_deadlines (organization, due_at, seq) WHERE ended_at IS NULL AND duty;
CREATE INDEX case_deadlines_organization_late ON case_deadlines (organization, due_at, seq) WHERE duty AND ended_at >= due_at;
CREATE INDEX case_deadlines_province ON case_deadlines (province, due_at, seq);
CREATE INDEX case_deadlines_province_owed ON case_deadlines (province, due_at, seq) WHERE ended_at IS NULL AND duty;
CREATE INDEX case_deadlines_province_late ON case_deadlines (province, due_at, seq) WHERE duty AND ended_at >= due_at;
-- For the cases behind a figure.
CREATE INDEX case_deadlines_clock ON case_deadlines (clock, due_at);
CREATE INDEX case_deadlines_answered ON case_deadlines (started_at) WHERE clock = 'review_request';

CREATE TABLE routing_gaps (
    founding_seq INTEGER PRIMARY KEY NOT NULL,
    case_id      TEXT NOT NULL UNIQUE,
    competent   TEXT,
    responsible TEXT,
    reason      TEXT NOT NULL,
    province    TEXT NOT NULL,
    at          TIMESTAMP NOT NULL
);
CREATE INDEX routing_gaps_competent ON routing_gaps (competent, founding_seq);

-- What each body that is not connected cost: cases that went to another because of it.
CREATE TABLE gap_counts (
    organization TEXT PRIMARY KEY NOT NULL,
    division     TEXT NOT NULL,
    cases        BIGINT NOT NULL
);
CREATE INDEX gap_counts_cases ON gap_counts (cases, organization);

-- Referrals of cases beside the gateway, so that each counts once.
CREATE TABLE referrals (
    platform    TEXT NOT NULL,
    referral_id TEXT NOT NULL,
    case_id     TEXT NOT NULL,
    body_digest BLOB NOT NULL,
    outcome     TEXT NOT NULL,
    conflict    TEXT,
    received_at TIMESTAMP NOT NULL,
    PRIMARY KEY (platform, referral_id)
);

-- Cases that two bodies were given: `holder` has it, `other` was given it besides, `superior` decides. `reason` is sealed.
CREATE TABLE referral_conflicts (
    seq               INTEGER PRIMARY KEY NOT NULL,
    id                TEXT NOT NULL UNIQUE,
    case_id           TEXT NOT NULL,
    source            TEXT NOT NULL,
    platform          TEXT NOT NULL,
    reference         TEXT NOT NULL,
    holder            TEXT NOT NULL,
    holder_platform   TEXT,
    other             TEXT NOT NULL,
    other_platform    TEXT,
    superior          TEXT,
    superior_platform TEXT,
    division          TEXT,
    province          TEXT NOT NULL,
    state             TEXT NOT NULL,
    keeper            TEXT,
    actor             TEXT,
    reason            BLOB,
    recorded_at       TIMESTAMP NOT NULL,
    decided_at        TIMESTAMP
);
CREATE INDEX referral_conflicts_case ON referral_conflicts (case_id, seq);
CREATE INDEX referral_conflicts_state ON referral_conflicts (state, seq);

-- What bodies were reminded of or called to account for. `answer` is sealed.
CREATE TABLE supervisions (
    seq          INTEGER PRIMARY KEY NOT NULL,
    id           TEXT NOT NULL UNIQUE,
    case_id      TEXT NOT NULL,
    rule         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    -- What set the rule off: once an occasion.
    occasion     TEXT NOT NULL,
    cause        TEXT NOT NULL,
    organization TEXT,
    platform     TEXT,
    division     TEXT,
    province     TEXT NOT NULL,
    -- The one that went unanswered before.
    follows      TEXT,
    state        TEXT NOT NULL,
    raised_at    TIMESTAMP NOT NULL,
    due_at       TIMESTAMP NOT NULL,
    ended_at     TIMESTAMP,
    answer       BLOB,
    -- What became of a proposal to hold accountable; `adoption_note` is sealed.
    adopted       BOOLEAN,
    adoption_note BLOB,
    adoption_by   TEXT,
    adoption_at   TIMESTAMP,
    UNIQUE (case_id, rule, occasion)
);
CREATE INDEX supervisions_due ON supervisions (due_at, seq) WHERE ended_at IS NULL;
CREATE INDEX supervisions_state ON supervisions (state, seq);
CREATE INDEX supervisions_platform ON supervisions (platform, seq);
CREATE INDEX supervisions_organization ON supervisions (organization, seq);
CREATE INDEX supervisions_province ON supervisions (province, seq);
CREATE INDEX supervisions_rule ON supervisions (rule, seq);
CREATE INDEX supervisions_kind ON supervisions (kind, seq);
CREATE INDEX supervisions_raised ON supervisions (raised_at, kind);

-- Early warnings: a matter, or a category in an area, that rises by a declared rule. `note` is sealed.
CREATE TABLE warnings (
    seq             INTEGER PRIMARY KEY NOT NULL,
    id              TEXT NOT NULL UNIQUE,
    rule            TEXT NOT NULL,
    -- What rises, so that a rule warns of it once at a time.
    subject         TEXT NOT NULL,
    matter          TEXT,
    area            TEXT,
    category        TEXT,
    -- The newest of the cases behind it when it was raised.
    case_id         TEXT NOT NULL,
    cases           BIGINT NOT NULL,
    before          BIGINT NOT NULL,
    places          BIGINT NOT NULL,
    state           TEXT NOT NULL,
    raised_at       TIMESTAMP NOT NULL,
    counted_at      TIMESTAMP NOT NULL,
    closed_at       TIMESTAMP,
    acknowledged_at TIMESTAMP,
    acknowledged_by TEXT,
    note            BLOB
);
CREATE UNIQUE INDEX warnings_standing ON warnings (rule, subject) WHERE state <> 'closed';
CREATE INDEX warnings_state ON warnings (state, seq);

CREATE TABLE deliveries (
    seq             INTEGER PRIMARY KEY NOT NULL,
    id              TEXT NOT NULL UNIQUE,
    idempotency_key TEXT NOT NULL UNIQUE,
    platform        TEXT NOT NULL,
    case_id         TEXT NOT NULL,
    submission_id   TEXT,
    -- The filing whose own key seals `message`; empty: a data key does.
    about           TEXT,
    kind            TEXT NOT NULL,
    message         BLOB NOT NULL,
    state           TEXT NOT NULL,
    attempts        INTEGER NOT NULL,
    next_attempt_at TIMESTAMP NOT NULL,
    lease_owner     TEXT,
    lease_until     TIMESTAMP,
    receipt         TEXT,
    last_error      TEXT,
    created_at      TIMESTAMP NOT NULL,
    finished_at     TIMESTAMP
);
CREATE INDEX deliveries_due ON deliveries (platform, state, next_attempt_at);
CREATE INDEX deliveries_order ON deliveries (platform, case_id, state, seq);
CREATE INDEX deliveries_case ON deliveries (case_id, seq);
CREATE INDEX deliveries_state ON deliveries (state, seq);
CREATE INDEX deliveries_platform ON deliveries (platform, seq);

CREATE TABLE delivery_attempts (
    delivery_id     TEXT NOT NULL,
    number          INTEGER NOT NULL,
    started_at      TIMESTAMP NOT NULL,
    duration_ms     BIGINT NOT NULL,
    outcome         TEXT NOT NULL,
    http_status     INTEGER,
    error           TEXT,
    request_digest  BLOB,
    response_digest BLOB,
    PRIMARY KEY (delivery_id, number)
);

CREATE TABLE platform_states (
    platform             TEXT PRIMARY KEY NOT NULL,
    last_success_at      TIMESTAMP,
    last_failure_at      TIMESTAMP,
    last_error           TEXT,
    consecutive_failures INTEGER NOT NULL,
    circuit_open_until   TIMESTAMP
);

CREATE TABLE pull_cursors (
    platform   TEXT NOT NULL,
    pull       TEXT NOT NULL,
    position   TEXT,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (platform, pull)
);

-- Records that did not map or were refused: kept sealed until the mapping is mended.
CREATE TABLE quarantine (
    platform    TEXT NOT NULL,
    digest      BLOB NOT NULL,
    id          TEXT NOT NULL UNIQUE,
    source_ref  TEXT NOT NULL,
    -- What the raw bytes are, to offer them again: `mapping:NAME`, `submission`, `update`, `withdrawal` or `unrouted`.
    form        TEXT NOT NULL,
    raw         BLOB NOT NULL,
    error       TEXT NOT NULL,
    received_at TIMESTAMP NOT NULL,
    PRIMARY KEY (platform, digest)
);

-- Reports whose receipt is not known yet: the answer to the forward was lost and will come again.
CREATE TABLE parked_updates (
    id          TEXT NOT NULL UNIQUE,
    platform    TEXT NOT NULL,
    update_id   TEXT NOT NULL,
    receipt     TEXT NOT NULL,
    body        BLOB NOT NULL,
    received_at TIMESTAMP NOT NULL,
    PRIMARY KEY (platform, update_id)
);
CREATE INDEX parked_updates_receipt ON parked_updates (platform, receipt);

CREATE TABLE api_keys (
    id         TEXT PRIMARY KEY NOT NULL,
    hash       BLOB NOT NULL UNIQUE,
    platform   TEXT,
    scopes     TEXT NOT NULL,
    -- What it may see lies in it.
    division   TEXT,
    label      TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    -- From then on it opens nothing.
    expires_at TIMESTAMP,
    revoked_at TIMESTAMP
);

-- Append-only; `entry` holds digests and identifiers, never personal data.
CREATE TABLE audit_leaves (
    seq     INTEGER PRIMARY KEY NOT NULL,
    at      TIMESTAMP NOT NULL,
    -- Beside the entry, to look leaves up by.
    subject TEXT NOT NULL,
    entry   TEXT NOT NULL,
    hash    BLOB NOT NULL
);
CREATE INDEX audit_leaves_subject ON audit_leaves (subject, seq);

-- Roots of complete subtrees of 256^level leaves.
CREATE TABLE audit_subtrees (
    level    INTEGER NOT NULL,
    position BIGINT NOT NULL,
    hash     BLOB NOT NULL,
    PRIMARY KEY (level, position)
);

-- Manifests of exports. `statement` is the exact text that the leaf in the audit log is about.
CREATE TABLE exports (
    id        TEXT PRIMARY KEY NOT NULL,
    sha256    TEXT NOT NULL,
    statement TEXT NOT NULL,
    made_at   TIMESTAMP NOT NULL
);
CREATE INDEX exports_sha256 ON exports (sha256);

-- Signed notes over the first `size` leaves.
CREATE TABLE checkpoints (
    size BIGINT PRIMARY KEY NOT NULL,
    text TEXT NOT NULL,
    at   TIMESTAMP NOT NULL
);

CREATE TABLE checkpoint_signatures (
    size BIGINT NOT NULL,
    name TEXT NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (size, name)
);

CREATE TABLE leases (
    name  TEXT PRIMARY KEY NOT NULL,
    owner TEXT NOT NULL,
    fence BIGINT NOT NULL,
    until TIMESTAMP NOT NULL
);

-- What the keys of this store make of a fixed text: another key is found out before it does harm.
CREATE TABLE key_checks (
    name  TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
);

-- What a platform changed or took back after a filing was registered: the filing itself never changes. `body` is sealed.
CREATE TABLE revisions (
    submission_id TEXT NOT NULL,
    number        INTEGER NOT NULL,
    -- `changed` or `withdrawn`.
    kind          TEXT NOT NULL,
    body_digest   BLOB NOT NULL,
    body          BLOB NOT NULL,
    -- Names of the members that differ, as JSON.
    fields        TEXT NOT NULL,
    received_at   TIMESTAMP NOT NULL,
    -- When the case's history said so; empty until the filing is linked.
    told_at       TIMESTAMP,
    PRIMARY KEY (submission_id, number)
);
CREATE INDEX revisions_untold ON revisions (received_at, number) WHERE told_at IS NULL;

-- What went wrong with a platform, by class.
CREATE TABLE platform_errors (
    platform TEXT NOT NULL,
    code     TEXT NOT NULL,
    count    BIGINT NOT NULL,
    message  TEXT NOT NULL,
    last_at  TIMESTAMP NOT NULL,
    PRIMARY KEY (platform, code)
);

-- Files a platform dropped that are done with, by content: renamed or dropped again, they are not read again.
CREATE TABLE dropped_files (
    platform    TEXT NOT NULL,
    digest      BLOB NOT NULL,
    name        TEXT NOT NULL,
    records     BIGINT NOT NULL,
    quarantined BIGINT NOT NULL,
    -- Why it could not be read at all.
    error       TEXT,
    finished_at TIMESTAMP NOT NULL,
    PRIMARY KEY (platform, digest)
);

-- A platform's ledger of a day against ours.
CREATE TABLE reconciliations (
    platform    TEXT NOT NULL,
    day         DATE NOT NULL,
    their_count BIGINT NOT NULL,
    our_count   BIGINT NOT NULL,
    -- Numbers of filings that only one side has, as JSON.
    missing     TEXT NOT NULL,
    surplus     TEXT NOT NULL,
    -- Filings that were missing and have been pulled since.
    recovered   BIGINT NOT NULL,
    checked_at  TIMESTAMP NOT NULL,
    PRIMARY KEY (platform, day)
);

-- Endpoints that follow the change feed, each at its own pace. `settings` is sealed: the address and the signing secrets.
CREATE TABLE webhooks (
    id              TEXT PRIMARY KEY NOT NULL,
    -- The platform whose cases it hears of; empty: all cases.
    owner           TEXT NOT NULL,
    -- The key that set it up or resumed it last; empty: somebody at the pages.
    made_by         TEXT NOT NULL,
    settings        BLOB NOT NULL,
    kinds           TEXT NOT NULL,
    state           TEXT NOT NULL,
    -- How far into the feed it has been told.
    position        BIGINT NOT NULL,
    -- Events given up on are to be sent again.
    replaying       BOOLEAN NOT NULL,
    -- Of the event it is being told now.
    attempts        INTEGER NOT NULL,
    failing_since   TIMESTAMP,
    dead_in_a_row   INTEGER NOT NULL,
    next_attempt_at TIMESTAMP NOT NULL,
    lease_owner     TEXT,
    lease_until     TIMESTAMP,
    last_success_at TIMESTAMP,
    last_error      TEXT,
    created_at      TIMESTAMP NOT NULL,
    updated_at      TIMESTAMP NOT NULL
);
CREATE INDEX webhooks_owner ON webhooks (owner, id);
CREATE INDEX webhooks_due ON webhooks (state, next_attempt_at);

-- What each endpoint was told, and how it went.
CREATE TABLE webhook_events (
    webhook_id   TEXT NOT NULL,
    event_seq    BIGINT NOT NULL,
    event_id     TEXT NOT NULL,
    kind         TEXT NOT NULL,
    state        TEXT NOT NULL,
    attempts     INTEGER NOT NULL,
    http_status  INTEGER,
    error        TEXT,
    attempted_at TIMESTAMP NOT NULL,
    PRIMARY KEY (webhook_id, event_seq)
);
CREATE INDEX webhook_events_state ON webhook_events (webhook_id, state, event_seq);
CREATE INDEX webhook_events_age ON webhook_events (attempted_at);

-- How many there are of what is too much to count: every change of a counted row adds one here, and the rows here are summed up from time
-- to time. Nobody waits for anybody else's count.
CREATE TABLE tallies (
    id       INTEGER PRIMARY KEY NOT NULL,
    subject  TEXT NOT NULL,
    platform TEXT NOT NULL,
    detail   TEXT NOT NULL,
    state    TEXT NOT NULL,
    count    BIGINT NOT NULL
);
CREATE TRIGGER submissions_counted AFTER INSERT ON submissions BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('submission', NEW.platform, NEW.channel, '', 1);
END;
CREATE TRIGGER links_counted AFTER INSERT ON links BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('link', NEW.platform, '', NEW.decision, 1);
END;
CREATE TRIGGER links_counted_before AFTER UPDATE OF decision ON links BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('link', OLD.platform, '', OLD.decision, -1);
END;
CREATE TRIGGER links_counted_after AFTER UPDATE OF decision ON links BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('link', NEW.platform, '', NEW.decision, 1);
END;
CREATE TRIGGER cases_counted AFTER INSERT ON cases WHEN NEW.merged_into IS NULL BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('case', COALESCE(NEW.platform, ''), '', NEW.status, 1);
END;
CREATE TRIGGER cases_counted_before AFTER UPDATE OF platform, status, merged_into ON cases WHEN OLD.merged_into IS NULL BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('case', COALESCE(OLD.platform, ''), '', OLD.status, -1);
END;
CREATE TRIGGER cases_counted_after AFTER UPDATE OF platform, status, merged_into ON cases WHEN NEW.merged_into IS NULL BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('case', COALESCE(NEW.platform, ''), '', NEW.status, 1);
END;
CREATE TRIGGER cases_gone AFTER DELETE ON cases WHEN OLD.merged_into IS NULL BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('case', COALESCE(OLD.platform, ''), '', OLD.status, -1);
END;
CREATE TRIGGER deliveries_counted AFTER INSERT ON deliveries BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('delivery', NEW.platform, NEW.kind, NEW.state, 1);
END;
CREATE TRIGGER deliveries_counted_before AFTER UPDATE OF state ON deliveries BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('delivery', OLD.platform, OLD.kind, OLD.state, -1);
END;
CREATE TRIGGER deliveries_counted_after AFTER UPDATE OF state ON deliveries BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('delivery', NEW.platform, NEW.kind, NEW.state, 1);
END;
CREATE TRIGGER matters_counted AFTER INSERT ON matters BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('matter', '', '', '', 1);
END;
CREATE TRIGGER matters_gone AFTER DELETE ON matters BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('matter', '', '', '', -1);
END;
CREATE TRIGGER routing_gaps_counted AFTER INSERT ON routing_gaps BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('gap', '', '', '', 1);
END;
CREATE TRIGGER routing_gaps_gone AFTER DELETE ON routing_gaps BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('gap', '', '', '', -1);
END;
CREATE TRIGGER matches_counted AFTER INSERT ON matches WHEN NEW.decision = 'possible_duplicate' AND NEW.settled_by IS NULL BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('review', '', '', '', 1);
END;
CREATE TRIGGER matches_counted_before AFTER UPDATE OF settled_by, decision ON matches WHEN OLD.decision = 'possible_duplicate' AND OLD.settled_by IS NULL BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('review', '', '', '', -1);
END;
CREATE TRIGGER matches_counted_after AFTER UPDATE OF settled_by, decision ON matches WHEN NEW.decision = 'possible_duplicate' AND NEW.settled_by IS NULL BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('review', '', '', '', 1);
END;
CREATE TRIGGER matches_paired AFTER INSERT ON matches BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('match', NEW.platform, NEW.other_platform, NEW.decision, 1);
END;
CREATE TRIGGER matches_paired_before AFTER UPDATE OF decision ON matches BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('match', OLD.platform, OLD.other_platform, OLD.decision, -1);
END;
CREATE TRIGGER matches_paired_after AFTER UPDATE OF decision ON matches BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('match', NEW.platform, NEW.other_platform, NEW.decision, 1);
END;
CREATE TRIGGER quarantine_counted AFTER INSERT ON quarantine BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('quarantined', NEW.platform, '', '', 1);
END;
CREATE TRIGGER quarantine_gone AFTER DELETE ON quarantine BEGIN
    INSERT INTO tallies (subject, platform, detail, state, count) VALUES ('quarantined', OLD.platform, '', '', -1);
END;

-- What the duty officer was told of: from when to when a reading was beyond its rule.
CREATE TABLE alerts (
    seq         INTEGER PRIMARY KEY NOT NULL,
    id          TEXT NOT NULL UNIQUE,
    watch       TEXT NOT NULL,
    -- Empty: the gateway itself.
    platform    TEXT NOT NULL,
    severity    TEXT NOT NULL,
    value       BIGINT NOT NULL,
    fired_at    TIMESTAMP NOT NULL,
    resolved_at TIMESTAMP
);
CREATE UNIQUE INDEX alerts_firing ON alerts (watch, platform) WHERE resolved_at IS NULL;

-- Who looked at personal data in clear, and why; `reason` is sealed.
CREATE TABLE looks (
    seq     INTEGER PRIMARY KEY NOT NULL,
    id      TEXT NOT NULL UNIQUE,
    case_id TEXT NOT NULL,
    actor   TEXT NOT NULL,
    reason  BLOB NOT NULL,
    at      TIMESTAMP NOT NULL
);
CREATE INDEX looks_case ON looks (case_id, seq);
