-- What configuration items are recognised by when a source tells of them again, and what refers to an item.
CREATE INDEX record_by_serial_number ON record (table_name, fields ->> '$.serial_number', sys_id)
    WHERE fields ->> '$.serial_number' IS NOT NULL;
CREATE INDEX record_by_asset_tag ON record (table_name, fields ->> '$.asset_tag', sys_id)
    WHERE fields ->> '$.asset_tag' IS NOT NULL;
CREATE INDEX record_by_object_id ON record (table_name, fields ->> '$.object_id', sys_id)
    WHERE fields ->> '$.object_id' IS NOT NULL;
CREATE INDEX record_by_mac_address ON record (table_name, fields ->> '$.mac_address', sys_id)
    WHERE fields ->> '$.mac_address' IS NOT NULL;
CREATE INDEX record_by_cmdb_ci ON record (table_name, fields ->> '$.cmdb_ci', sys_id)
    WHERE fields ->> '$.cmdb_ci' IS NOT NULL;
