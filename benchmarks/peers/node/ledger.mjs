// What peer (c) keeps, in SQLite through better-sqlite3: each of its two transactions is on disk when it returns.
import Database from 'better-sqlite3';

const TABLES = `
CREATE TABLE IF NOT EXISTS work_order (
  backend TEXT NOT NULL, number TEXT NOT NULL, code TEXT, updates INTEGER NOT NULL, PRIMARY KEY (backend, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS operation (
  id INTEGER PRIMARY KEY, client TEXT NOT NULL, backend TEXT NOT NULL, work_order TEXT NOT NULL, body TEXT NOT NULL,
  state TEXT NOT NULL, accepted_at TEXT NOT NULL, finished_at TEXT, answer_status INTEGER, answer TEXT
);
CREATE TABLE IF NOT EXISTS idempotency_key (
  client TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, operation_id INTEGER NOT NULL,
  PRIMARY KEY (client, key)
) WITHOUT ROWID;
UPDATE operation SET state = 'unknown', answer_status = 502, answer = '{"code":"unknown"}' WHERE state = 'sending';
`;

export function openLedger(path) {
  const db = new Database(path, { timeout: 10_000 });
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec(TABLES);

  const used = db.prepare(`
    SELECT k.fingerprint, o.id, o.answer_status, o.answer FROM idempotency_key k JOIN operation o ON o.id = k.operation_id
    WHERE k.client = ? AND k.key = ?`);
  const addKey = db.prepare('INSERT INTO idempotency_key VALUES (@client, @key, @fingerprint, @id)');
  const addOperation = db.prepare(`
    INSERT INTO operation VALUES (NULL, @client, @backend, @number, @body, 'sending', @receivedAt, NULL, NULL, NULL)`);
  const touchOrder = db.prepare(`
    INSERT INTO work_order VALUES (@backend, @number, NULL, 1) ON CONFLICT DO UPDATE SET updates = updates + 1`);
  const finish = db.prepare(`
    UPDATE operation SET state = @state, finished_at = @finishedAt, answer_status = @status, answer = @answer
    WHERE id = @id`);
  const setCode = db.prepare('UPDATE work_order SET code = @code WHERE backend = @backend AND number = @number');

  const accept = db.transaction((entry) => {
    const before = used.get(entry.client, entry.key);
    if (before !== undefined) return { before };
    touchOrder.run(entry);
    const id = addOperation.run(entry).lastInsertRowid;
    addKey.run({ ...entry, id });
    return { id };
  });
  const settle = db.transaction((id, entry, outcome) => {
    finish.run({ ...outcome, id });
    if (outcome.code !== undefined) setCode.run({ ...entry, code: outcome.code });
  });
  return {
    // Keep a new operation: its `id`, or, where the key was used already, what it brought `before`.
    accept: (entry) => accept.immediate(entry),
    // Keep what became of it.
    settle: (id, entry, outcome) => settle.immediate(id, entry, outcome),
    close: () => db.close(),
  };
}
