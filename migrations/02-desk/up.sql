-- Moments are milliseconds since 1970, UTC. Days are text (2026-11-21). Amounts are thousandths of the currency's unit.
-- Words (roles, states, kinds) are those of the code. `version` counts the changes of a row, for ETag and If-Match.

-- One row: a digest that only the right key file makes.
CREATE TABLE vault (
    key_check BLOB NOT NULL
) STRICT;

-- People whose data is kept, as far as erasing it goes: a lead and a customer with the same telephone number are one.
CREATE TABLE persons (
    id TEXT NOT NULL PRIMARY KEY,
    -- HMAC-SHA-256 of the telephone number under a key that is not in this file; null when there is no number.
    phone_digest BLOB UNIQUE,
    -- What is said of this person in the audit log can be read with this key only (itself encrypted under the key file's).
    -- Erasing the person erases it.
    sealed_key BLOB,
    erased_at INTEGER
) STRICT;

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    -- As typed, and folded for comparing.
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    -- PHC string (Argon2id); null until the invitation is accepted.
    password TEXT,
    -- Encrypted under the key file's key; null: no second factor.
    sealed_totp BLOB,
    -- The last time step that was used: each code counts once.
    totp_step INTEGER,
    language TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_login_at INTEGER,
    disabled_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;

-- One-time links: the first set-up, invitations, forgotten passwords.
CREATE TABLE user_links (
    digest BLOB NOT NULL PRIMARY KEY,
    -- Null: makes the first admin.
    user TEXT REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    -- SHA-256 of the cookie's secret, which is not kept.
    digest BLOB NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    -- Where it was begun, for its owner to recognise.
    address TEXT NOT NULL,
    agent TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user);

CREATE TABLE audit_log (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    -- user, key, console or system; its id; and its name as it was then (staff, not callers).
    actor_kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    -- The address it came from; empty for the console and the system.
    origin TEXT NOT NULL,
    action TEXT NOT NULL,
    entity TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    -- Before and after as JSON, without secrets. With a person, both are in `sealed`, under that person's key.
    detail TEXT,
    person TEXT REFERENCES persons (id),
    sealed BLOB
) STRICT;

CREATE INDEX audit_by_entity ON audit_log (entity, entity_id, seq);
CREATE INDEX audit_by_actor ON audit_log (actor, seq);
CREATE INDEX audit_by_person ON audit_log (person, entity) WHERE person IS NOT NULL;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    -- JSON.
    value TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys of other services, encrypted under the key file's key.
CREATE TABLE provider_keys (
    provider TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL,
    -- The last characters, to tell keys apart by.
    hint TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_profiles (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    language TEXT,
    voice TEXT,
    speed REAL NOT NULL,
    prompt TEXT NOT NULL,
    -- JSON: code of the language → text.
    greetings TEXT NOT NULL,
    script TEXT REFERENCES scripts (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE room_rules (
    id TEXT NOT NULL PRIMARY KEY,
    -- Rules are asked in this order; the first that fits decides.
    place INTEGER NOT NULL,
    pattern TEXT NOT NULL,
    -- A profile's name; null: nobody joins by itself.
    profile TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE scripts (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    language TEXT,
    description TEXT NOT NULL,
    -- The version that new calls run; null: none is live.
    live_version INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- Calls name it: it is hidden, not deleted.
    deleted_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1,
    search TEXT NOT NULL
) STRICT;

-- Never changed; saving makes another.
CREATE TABLE script_versions (
    script TEXT NOT NULL REFERENCES scripts (id),
    number INTEGER NOT NULL,
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- The name of the member of staff.
    author TEXT NOT NULL,
    PRIMARY KEY (script, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE leads (
    -- Rises with each lead: searching gives the latest first.
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    person TEXT NOT NULL REFERENCES persons (id),
    name TEXT NOT NULL,
    -- The name folded, to sort by.
    name_key TEXT NOT NULL,
    -- E.164, or null.
    phone TEXT,
    email TEXT,
    company TEXT,
    status TEXT NOT NULL,
    source TEXT,
    language TEXT,
    script TEXT REFERENCES scripts (id),
    notes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1,
    -- Name, telephone number, e-mail address, company and notes, folded; and what lists are filtered by (`store::list`).
    -- Empty once it is deleted: it is then not in the index of words.
    search TEXT NOT NULL
) STRICT;

-- Each has what a list asks for beside the order, so that rows which do not fit are passed over without being read.
CREATE INDEX leads_by_update ON leads (updated_at, seq, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX leads_by_name ON leads (name_key, seq, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX leads_by_phone ON leads (phone);
CREATE INDEX leads_by_person ON leads (person);

CREATE TABLE customers (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    person TEXT NOT NULL REFERENCES persons (id),
    -- What the desk's own books call this customer.
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    phone TEXT,
    -- Masked when it arrived: six digits at the beginning and four at the end at most.
    card_masked TEXT,
    bank TEXT,
    amount_due INTEGER,
    -- 2026-11, or as it was given.
    due_month TEXT,
    overdue_days INTEGER,
    language TEXT,
    script TEXT REFERENCES scripts (id),
    notes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1,
    search TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX customers_by_user_id ON customers (user_id) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_creation ON customers (seq, overdue_days, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_update ON customers (updated_at, seq, overdue_days, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_name ON customers (name_key, seq, overdue_days, deleted_at) WHERE deleted_at IS NULL;
-- Who owes nothing that is known stands before all others.
CREATE INDEX customers_by_amount ON customers (coalesce(amount_due, -1), seq, overdue_days, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_phone ON customers (phone);
CREATE INDEX customers_by_person ON customers (person);

-- Words that are searched for, also by their beginnings: with an index for each length, however many words begin so, the
-- first page is there at once. `secure-delete` leaves nothing of a deleted row in the index.
CREATE VIRTUAL TABLE leads_search USING fts5 (search, content = 'leads', content_rowid = 'seq', prefix = '1 2 3 4 5 6 8', tokenize = 'unicode61');
INSERT INTO leads_search (leads_search, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER leads_search_insert AFTER INSERT ON leads BEGIN
    INSERT INTO leads_search (rowid, search) VALUES (new.seq, new.search);
END;
CREATE TRIGGER leads_search_delete AFTER DELETE ON leads BEGIN
    INSERT INTO leads_search (leads_search, rowid, search) VALUES ('delete', old.seq, old.search);
END;
CREATE TRIGGER leads_search_update AFTER UPDATE OF search ON leads WHEN old.search IS NOT new.search BEGIN
    INSERT INTO leads_search (leads_search, rowid, search) VALUES ('delete', old.seq, old.search);
    INSERT INTO leads_search (rowid, search) VALUES (new.seq, new.search);
END;

CREATE VIRTUAL TABLE customers_search USING fts5 (search, content = 'customers', content_rowid = 'seq', prefix = '1 2 3 4 5 6 8', tokenize = 'unicode61');
INSERT INTO customers_search (customers_search, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER customers_search_insert AFTER INSERT ON customers BEGIN
    INSERT INTO customers_search (rowid, search) VALUES (new.seq, new.search);
END;
CREATE TRIGGER customers_search_delete AFTER DELETE ON customers BEGIN
    INSERT INTO customers_search (customers_search, rowid, search) VALUES ('delete', old.seq, old.search);
END;
CREATE TRIGGER customers_search_update AFTER UPDATE OF search ON customers WHEN old.search IS NOT new.search BEGIN
    INSERT INTO customers_search (customers_search, rowid, search) VALUES ('delete', old.seq, old.search);
    INSERT INTO customers_search (rowid, search) VALUES (new.seq, new.search);
END;

-- What an agent needs to know in a room that was made for somebody. The caller's client has no say in it.
CREATE TABLE bookings (
    room TEXT NOT NULL PRIMARY KEY,
    lead TEXT REFERENCES leads (id),
    customer TEXT REFERENCES customers (id),
    script TEXT,
    script_version INTEGER,
    profile TEXT,
    language TEXT,
    -- The caller's display name; may be empty.
    caller_name TEXT NOT NULL,
    -- What whoever asked for the call knows; masked.
    context TEXT NOT NULL,
    direction TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- SHA-256 of what lets the person in, which is not kept; null: no link was made.
    link BLOB UNIQUE,
    FOREIGN KEY (script, script_version) REFERENCES script_versions (script, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX bookings_by_expiry ON bookings (expires_at);

ALTER TABLE calls ADD COLUMN lead TEXT REFERENCES leads (id);
ALTER TABLE calls ADD COLUMN customer TEXT REFERENCES customers (id);
ALTER TABLE calls ADD COLUMN script TEXT REFERENCES scripts (id);
ALTER TABLE calls ADD COLUMN script_version INTEGER;
-- What came of it, in a word of the desk's; null: nothing was noted.
ALTER TABLE calls ADD COLUMN outcome TEXT;
-- voice or text.
ALTER TABLE calls ADD COLUMN medium TEXT NOT NULL DEFAULT 'voice';
-- Since then the transcript is gone.
ALTER TABLE calls ADD COLUMN erased_at INTEGER;
ALTER TABLE calls ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
-- Those whose transcripts will be too old some day.
CREATE INDEX calls_not_erased ON calls (ended_at) WHERE erased_at IS NULL AND ended_at IS NOT NULL;
CREATE INDEX calls_by_lead ON calls (lead) WHERE lead IS NOT NULL;
CREATE INDEX calls_by_customer ON calls (customer) WHERE customer IS NOT NULL;

-- Which engine or service served each stage.
ALTER TABLE turns ADD COLUMN stt_provider TEXT;
ALTER TABLE turns ADD COLUMN llm_provider TEXT;
ALTER TABLE turns ADD COLUMN tts_provider TEXT;

CREATE TABLE communications (
    id TEXT NOT NULL PRIMARY KEY,
    lead TEXT REFERENCES leads (id),
    customer TEXT REFERENCES customers (id),
    -- call, sms or note
    kind TEXT NOT NULL,
    direction TEXT,
    at INTEGER NOT NULL,
    text TEXT NOT NULL,
    outcome TEXT,
    call TEXT REFERENCES calls (id) ON DELETE SET NULL,
    sms TEXT REFERENCES sms_outbox (id) ON DELETE SET NULL,
    -- The member of staff; empty: the agent or the system.
    author TEXT NOT NULL
) STRICT;

CREATE INDEX communications_by_lead ON communications (lead, at, id) WHERE lead IS NOT NULL;
CREATE INDEX communications_by_customer ON communications (customer, at, id) WHERE customer IS NOT NULL;
CREATE INDEX communications_by_call ON communications (call) WHERE call IS NOT NULL;

CREATE TABLE promises (
    id TEXT NOT NULL PRIMARY KEY,
    lead TEXT REFERENCES leads (id),
    customer TEXT REFERENCES customers (id),
    call TEXT REFERENCES calls (id) ON DELETE SET NULL,
    amount INTEGER NOT NULL,
    due_on TEXT NOT NULL,
    -- open, kept or broken
    state TEXT NOT NULL,
    note TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX promises_by_due ON promises (due_on, id);

CREATE TABLE callbacks (
    id TEXT NOT NULL PRIMARY KEY,
    lead TEXT REFERENCES leads (id),
    customer TEXT REFERENCES customers (id),
    call TEXT REFERENCES calls (id) ON DELETE SET NULL,
    due_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    -- open, done or dropped
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX callbacks_by_due ON callbacks (due_at, id);

CREATE TABLE do_not_call (
    id TEXT NOT NULL PRIMARY KEY,
    -- HMAC-SHA-256 of the number: it is respected after the number itself was erased.
    phone_digest BLOB NOT NULL UNIQUE,
    -- E.164; null once the person was erased.
    phone TEXT,
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    author TEXT NOT NULL
) STRICT;

CREATE TABLE sms_outbox (
    id TEXT NOT NULL PRIMARY KEY,
    lead TEXT REFERENCES leads (id),
    customer TEXT REFERENCES customers (id),
    phone TEXT NOT NULL,
    text TEXT NOT NULL,
    -- held (outbox only), queued, sending, sent, delivered, failed, blocked (do not call) or unknown (it may have been sent)
    state TEXT NOT NULL,
    transport TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- When it is tried next; null: never.
    due_at INTEGER,
    -- What the transport calls it.
    reference TEXT,
    -- SHA-256 of the secret in the address where the transport reports on the latest attempt.
    callback BLOB UNIQUE,
    problem TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    author TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX sms_by_due ON sms_outbox (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX sms_by_creation ON sms_outbox (created_at, id);
CREATE INDEX sms_by_state ON sms_outbox (state, created_at, id);
CREATE INDEX sms_by_lead ON sms_outbox (lead) WHERE lead IS NOT NULL;
CREATE INDEX sms_by_customer ON sms_outbox (customer) WHERE customer IS NOT NULL;
CREATE INDEX communications_by_sms ON communications (sms) WHERE sms IS NOT NULL;

-- Answers to requests with an Idempotency-Key, to be given again.
CREATE TABLE idempotency (
    -- Whose key it is: the API key's or user's id.
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    route TEXT NOT NULL,
    -- SHA-256 of the body.
    request BLOB NOT NULL,
    -- Null while the first request is still running.
    status INTEGER,
    -- Encrypted under the key file's key: answers hold tokens.
    sealed_answer BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- Files that wait to be confirmed after their preview.
CREATE TABLE imports (
    id TEXT NOT NULL PRIMARY KEY,
    -- leads or customers
    entity TEXT NOT NULL,
    -- The checked rows as JSON.
    rows TEXT NOT NULL,
    -- The id of the user or key.
    owner TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX imports_by_age ON imports (created_at);
