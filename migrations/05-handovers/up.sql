-- Who talked with a caller in the agent's place, and for how long.
CREATE TABLE handovers (
    call TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    -- From 1.
    seq INTEGER NOT NULL,
    -- The member of staff or the key, as they were called then.
    by_name TEXT NOT NULL,
    taken_at INTEGER NOT NULL,
    -- Null: the call ended, or goes on.
    returned_at INTEGER,
    -- Null as long as returned_at is: given_back, colleague_gone, passed_on.
    how TEXT,
    PRIMARY KEY (call, seq),
    CHECK ((returned_at IS NULL) = (how IS NULL))
) STRICT, WITHOUT ROWID;
