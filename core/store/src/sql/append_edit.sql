INSERT INTO edit (counter, epoch, table_name, sys_id, hash, body, made_at, state)
VALUES (:counter, :epoch, :table, :sys_id, :hash, :body, :made_at, 'local')
