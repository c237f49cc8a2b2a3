INSERT INTO blob (hash, size_bytes, role, chunks_held, held, chunks_sent, on_server)
VALUES (:hash, :size_bytes, :role, :chunks_held, :held, :chunks_sent, :on_server)
ON CONFLICT (hash) DO UPDATE SET
  chunks_held = excluded.chunks_held,
  held = excluded.held,
  chunks_sent = excluded.chunks_sent,
  on_server = excluded.on_server
