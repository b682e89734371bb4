-- Moments are milliseconds since 1970, UTC. Spans are milliseconds. Words (reasons, sides, scopes) are those of the code.

CREATE TABLE calls (
    id TEXT NOT NULL PRIMARY KEY,
    room TEXT NOT NULL,
    caller TEXT NOT NULL,
    caller_name TEXT NOT NULL,
    language TEXT,
    profile TEXT NOT NULL,
    direction TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    answered_at INTEGER,
    ended_at INTEGER,
    end_reason TEXT,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT;

CREATE INDEX calls_by_start ON calls (started_at);

-- Those that are running: few, among very many.
CREATE INDEX calls_not_ended ON calls (id) WHERE ended_at IS NULL;

CREATE TABLE turns (
    call TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    who TEXT NOT NULL,
    text TEXT NOT NULL,
    -- Since the call started.
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER NOT NULL,
    -- How much of an agent's turn was heard.
    heard_ms INTEGER,
    interrupted INTEGER NOT NULL,
    -- Since the caller's last word.
    end_of_turn_ms INTEGER,
    transcript_ms INTEGER,
    first_words_ms INTEGER,
    first_clause_ms INTEGER,
    first_audio_ms INTEGER,
    total_ms INTEGER,
    PRIMARY KEY (call, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- Separated by blanks.
    scopes TEXT NOT NULL,
    -- SHA-256 of the secret, which is not kept.
    digest BLOB NOT NULL UNIQUE,
    -- The secret's beginning, to tell keys apart by.
    prefix TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;
